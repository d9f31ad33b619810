"""The converters from frameworks to targets that need no ONNX, and what came of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphfix.lowering.source import Kind, Source
from graphfix.lowering.stages import STAGE_TEXTS, location_text
from graphfix.verify.compare import Verification

MISSING = "missing"
"""The stage of a conversion whose converter is not installed."""


@dataclass(frozen=True, slots=True)
class Converter:
    """A converter from a framework to a target's files.

    `name` is what conversion paths call it, `distributions` of which one must be installed. `artifact` is the suffix of what it
    writes. `backend` is the one whose environment in the cache has the converter, where the framework's interpreter has it not.
    """

    name: str
    framework: str
    target: str
    distributions: tuple[str, ...]
    install: str
    artifact: str
    backend: str = ""

    @property
    def file(self) -> str:
        """The name of the file that it writes."""
        return f"model{self.artifact}"


LITERT = "litert-torch"
TENSORFLOW = ("tensorflow", "tensorflow-cpu", "tensorflow-macos")
CONVERTERS = (
    Converter("coremltools", "torch", "coreml", ("coremltools",), "pip install coremltools", ".mlpackage"),
    Converter("openvino", "torch", "openvino", ("openvino",), "pip install openvino", ".xml"),
    Converter(LITERT, "torch", "tflite", (LITERT,), f"graphfix backends install {LITERT}", ".tflite", LITERT),
    *(
        Converter(name, "torch", name, ("executorch",), "graphfix backends install executorch", ".pte", "executorch")
        for name in ("executorch", "executorch-xnnpack")
    ),
    Converter("tf.lite", "tensorflow", "tflite", TENSORFLOW, "pip install tensorflow-cpu", ".tflite"),
)


@dataclass(frozen=True, slots=True)
class Conversion:
    """What came of one converter.

    `stage` is `ok`, `missing`, or the step that failed. `verification` compares the converted model with the framework; it has
    no inputs where the model does not run on this machine. `delegated` tells how many operators a delegate runs, and which it
    leaves, where the converter says so.
    """

    converter: Converter
    stage: str
    seconds: float = 0.0
    version: str = ""
    artifact: Path | None = None
    failure: Mapping[str, Any] = field(default_factory=dict)
    verification: Verification | None = None
    delegated: Mapping[str, Any] | None = None

    @property
    def good(self) -> bool:
        """Whether there is a file that computes what the framework computes, or that cannot be run here."""
        return self.verification is not None and self.verification.passed

    @property
    def compared(self) -> bool:
        """Whether the converted model was run."""
        return self.verification is not None and self.verification.inputs > 0

    @property
    def reason(self) -> str:
        """Why it is not good; empty where it is."""
        if self.stage == MISSING:
            return f"{self.converter.distributions[0]} is not installed"
        if self.verification is not None:
            return "" if self.verification.passed else f"it computes something else: {self.verification.reason}"
        text = "the converter fails" if self.stage == "export" else STAGE_TEXTS.get(self.stage, self.stage)
        return f"{text}: {self.failure.get('message') or 'nothing was said'}"

    @property
    def location(self) -> str:
        """The module and line of the program where it failed; empty where that is not known, or is in an installed package."""
        return "" if "site-packages" in str(self.failure.get("file")) else location_text(self.failure)

    @property
    def cure(self) -> str:
        """What helps; empty where nothing is known."""
        if self.stage == MISSING:
            return f"install it with `{self.converter.install}`"
        return str(self.failure.get("cure") or "")


def converters_for(source: Source, framework: str, targets: Sequence[str]) -> list[Converter]:
    """Return the converters of a source of this framework to these targets; a target with a version has none."""
    if source.kind is Kind.TFLITE:
        return []
    return [one for one in CONVERTERS if one.framework == framework and one.target in targets]
