"""What lowering comes to: the attempts, one an exporter, what was found on the way, and the one that was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.errors import ModelError
from graphfix.lowering.source import Source

if TYPE_CHECKING:
    from graphfix.comparing import Verification
    from graphfix.diagnostic import Result


@dataclass(slots=True)
class Attempt:
    """One exporter's try: `stage` is ok, or where it failed; `failure` says why, with the line it is about.

    `results` is what lint says of the model, one a target, where targets were given.
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
        """Whether there is a model that computes what the framework does."""
        return self.verification is not None and self.verification.passed

    @property
    def rank(self) -> tuple[int, ...]:
        """What is better sorts first: verified, taken by the targets, fewer findings that reject, fewer unknowns."""
        if self.model is None:
            return (2,)
        verdicts = [result.verdict for result in self.results]
        errors = [finding for result in self.results for finding in result.findings if finding.severity.weight == 3]
        incurable = sum(finding.rewrite is None for finding in errors)
        return (int(not self.verified), verdicts.count("rejected"), incurable, len(errors), verdicts.count("undecided"))

    def summary(self) -> str:
        """What came of it, in one line."""
        if self.model is None:
            at = f" ({place})" if (place := placed(self.failure)) else ""
            return f"{WORDS.get(self.stage, self.stage)}: {self.failure.get('message', '')}{at}"
        told = f"{self.nodes} nodes, opset {self.opset}"
        assert self.verification is not None
        if not self.verification.passed:
            return f"{told}, but {self.verification.reason}"
        verdicts = ", ".join(f"{result.called or result.target} {result.verdict}" for result in self.results)
        return f"{told}, verified on {self.verification.inputs} inputs{f'; {verdicts}' if verdicts else ''}"

    def to_json(self) -> dict[str, Any]:
        """The attempt for programs."""
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


WORDS = {
    "load": "it cannot be opened",
    "run": "the model does not run on the inputs",
    "export": "the exporter fails",
    "timeout": "it cannot be opened",
    "crash": "it cannot be opened",
}
UNOPENED = frozenset({"load", "run", "timeout", "crash"})
"""Stages before an exporter is asked, where a failure is the same for all of them."""


@dataclass(slots=True)
class Lowered:
    """A source with all attempts at it; `chosen` is the best, which may be one that has no model."""

    source: Source
    attempts: list[Attempt]
    chosen: Attempt
    versions: Mapping[str, str]
    reason: str = ""

    @property
    def leftovers(self) -> list[Mapping[str, Any]]:
        """What training left in the program; every attempt sees the same."""
        return list(self.chosen.leftovers)

    @property
    def problem(self) -> ModelError | None:
        """Why no exporter was even asked: it cannot be opened, or does not run on its inputs."""
        if self.chosen.stage not in UNOPENED:
            return None
        return ModelError(self.chosen.summary(), path=self.source.text, cure=str(self.chosen.failure.get("cure") or "") or None)

    @property
    def exporter(self) -> str:
        """The chosen exporter with the framework's version: `dynamo of torch 2.13.0`."""
        name, version = next(iter(self.versions.items()), ("", ""))
        by = self.chosen.exporter
        return by if not name else f"{by} {version}" if name == by else f"{by} of {name} {version}"

    def to_json(self) -> dict[str, Any]:
        """The lowering for programs, beside a result's findings."""
        return {
            "source": self.source.text,
            "kind": self.source.kind.value,
            "exporter": self.chosen.exporter,
            "versions": dict(self.versions),
            "reason": self.reason,
            "attempts": [attempt.to_json() for attempt in self.attempts],
            "notes": list(self.chosen.notes),
        }


def placed(told: Mapping[str, Any]) -> str:
    """Where something is: `encoder.layers.3 (model.py:88)`, as far as it is known; the file below the working directory."""
    file = str(told.get("file") or "")
    if file:
        path = Path(file)
        file = str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else file
        if told.get("line"):
            file += f":{told['line']}"
    module = str(told.get("module") or "")
    return f"{module} ({file})" if module and file else module or file
