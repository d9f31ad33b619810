"""Which errors mean that a probe is no valid model, and which mean that the code that builds probes is wrong.

A deviation tries combinations that ONNX may not allow, so its checker, its shape inference and its text parser may
refuse them. Whatever else is raised, and whatever they say of the nodes that only supply operands, is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import onnx
from onnx import shape_inference

from graphfix.errors import GraphfixError

BESIDE = "beside_"
"""How the names of nodes start that a probe is not about."""
REFUSALS: tuple[type[Exception], ...] = (onnx.checker.ValidationError, shape_inference.InferenceError, onnx.parser.ParseError)
BLAMED = re.compile(rf"(?:Name|node name): {BESIDE}")
"""How the checker and shape inference name the node that they refuse, where it is one that supplies operands."""


class Inexpressible(Exception):
    """What a deviation asks for cannot be written in its schema version or dtype: there is no probe of it."""


class FaultError(GraphfixError):
    """Probes that could not be built because of errors in graphfix itself; all others were."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        listed = list(faults)
        found = f"{len(listed)} probes could not be built: {'; '.join(map(str, listed))}"
        super().__init__(found, cure="the other probes are not affected; this is an error in graphfix, please report it")


@dataclass(frozen=True, slots=True)
class Fault:
    """A probe that could not be built, and the unexpected error."""

    op: str
    label: str
    error: Exception

    def __str__(self) -> str:
        return f"{self.op} ({self.label}): {type(self.error).__name__}: {' '.join(str(self.error).split())}"

    def __reduce__(self) -> tuple[type[Fault], tuple[str, str, Exception]]:
        # onnx's own errors do not always survive the way from another process
        return Fault, (self.op, self.label, RuntimeError(f"{type(self.error).__name__}: {self.error}"))


def refuses(error: Exception) -> bool:
    """Whether an error is ONNX's refusal of what a probe is about, or says that it cannot be written."""
    if isinstance(error, Inexpressible):
        return True
    return isinstance(error, REFUSALS) and BLAMED.search(str(error)) is None
