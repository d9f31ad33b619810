"""Data classes of a lowering: an attempt for each exporter, and the one that was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.errors import ModelError
from graphfix.lowering.source import Source
from graphfix.lowering.stages import STAGE_TEXTS, UNOPENED, location_text

if TYPE_CHECKING:
    from graphfix.linter.diagnostics import Result
    from graphfix.lowering.conversion import Conversion
    from graphfix.verify.compare import Verification


@dataclass(slots=True)
class Attempt:
    """The attempt of one exporter.

    `stage` is `ok`, or the step that failed. `failure` describes the failure: message, file, line, module, op and cure.
    `leftovers` are findings on the program, `results` the lint Results of the model, one for each target.
    """

    exporter: str
    stage: str
    seconds: float
    model: Path | None = None
    failure: Mapping[str, Any] = field(default_factory=dict)
    leftovers: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()
    verification: Verification | None = None
    results: Sequence[Result] = ()
    opset: int = 0
    nodes: int = 0

    @property
    def verified(self) -> bool:
        """Whether there is a model that computes what the framework computes."""
        return self.verification is not None and self.verification.passed

    @property
    def rank(self) -> tuple[int, ...]:
        """A sort key, best first: verified, fewer targets that reject it, fewer errors without a rewrite, fewer errors at all."""
        if self.model is None:
            return (2,)
        verdicts = [result.verdict for result in self.results]
        errors = [finding for result in self.results for finding in result.findings if finding.severity.weight == 3]
        not_fixable = sum(finding.rewrite is None for finding in errors)
        return (int(not self.verified), verdicts.count("rejected"), not_fixable, len(errors), verdicts.count("undecided"))

    def summary(self) -> str:
        """Return the outcome in one line."""
        if self.model is None:
            at = f" ({location})" if (location := location_text(self.failure)) else ""
            return f"{STAGE_TEXTS.get(self.stage, self.stage)}: {self.failure.get('message', '')}{at}"
        text = f"{self.nodes} nodes, opset {self.opset}" if self.opset else f"{self.nodes} ATen operators"
        assert self.verification is not None
        if not self.verification.passed:
            return f"{text}, but {self.verification.reason}"
        verdicts = ", ".join(f"{result.called or result.target} {result.verdict}" for result in self.results)
        return f"{text}, verified on {self.verification.inputs} inputs{f'; {verdicts}' if verdicts else ''}"

    def to_json(self) -> dict[str, Any]:
        """Return the attempt as a JSON object."""
        return {
            "exporter": self.exporter,
            "stage": self.stage,
            "seconds": round(self.seconds, 2),
            "nodes": self.nodes,
            "opset": self.opset,
            "verified": self.verified,
            "max_rel_error": None if self.verification is None else self.verification.max_rel_error,
            "verdicts": {result.called or result.target: result.verdict for result in self.results},
            "summary": self.summary(),
        }


@dataclass(slots=True)
class Lowered:
    """A lowered source with all attempts; `chosen` is the best of them and may have no model. `reason` says why it was chosen.

    `conversions` are what targets' own converters made of it, where these were tried.
    """

    source: Source
    attempts: list[Attempt]
    chosen: Attempt
    versions: Mapping[str, str]
    reason: str = ""
    conversions: Sequence[Conversion] = ()

    @property
    def leftovers(self) -> list[Mapping[str, Any]]:
        """The findings on the program; they are the same in every attempt."""
        return list(self.chosen.leftovers)

    @property
    def problem(self) -> ModelError | None:
        """The error to raise where no exporter could start: the source cannot be opened or run; else None."""
        if self.chosen.stage not in UNOPENED:
            return None
        return ModelError(self.chosen.summary(), path=self.source.text, hint=str(self.chosen.failure.get("cure") or "") or None)

    @property
    def exporter(self) -> str:
        """The chosen exporter with the framework's version: `dynamo of torch 2.13.0`."""
        name, version = next(iter(self.versions.items()), ("", ""))
        by = self.chosen.exporter
        return by if not name else f"{by} {version}" if name == by else f"{by} of {name} {version}"

    def to_json(self) -> dict[str, Any]:
        """Return the lowering as a JSON object."""
        return {
            "source": self.source.text,
            "kind": self.source.kind.value,
            "exporter": self.chosen.exporter,
            "versions": dict(self.versions),
            "reason": self.reason,
            "attempts": [attempt.to_json() for attempt in self.attempts],
            "notes": list(self.chosen.notes),
        }
