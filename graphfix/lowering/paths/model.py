"""Data classes of conversion paths: from a source, by an exporter and rewrites, to a compiler."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.ir.records import dataclass
from graphfix.ir.source_location import named
from graphfix.linter.diagnostics import RESIZED, UNDECIDED, Finding, Severity
from graphfix.lowering.options import DIRECT

if TYPE_CHECKING:
    from graphfix.rewriting.transaction import Change


class Means(StrEnum):
    """The means by which a path reaches its target, from the least to the most invasive; UNKNOWN and NONE do not reach it."""

    AS_IS = "as-is"
    EXACT = "exact"
    APPROXIMATE = "approximate"
    INTERFACE = "interface"
    UNKNOWN = "undecided"
    NONE = "none"

    @property
    def rank(self) -> int:
        """The position in this order; 0 for a path on which nothing has to be changed."""
        return list(Means).index(self)

    @property
    def reaches_target(self) -> bool:
        """Whether a path with these means reaches its target."""
        return self not in (Means.UNKNOWN, Means.NONE)


class ExportState(StrEnum):
    """The outcome of an export: a verified model, one that computes something else, or none, perhaps for lack of the exporter."""

    GOOD = "good"
    DIFFERS = "differs"
    FAILS = "fails"
    MISSING = "missing"


ONNX = "as given"
"""The name in place of an exporter's where the source is an ONNX model already."""


@dataclass(frozen=True, slots=True)
class Start:
    """What an exporter made of the source, or the reason why there is nothing: an ONNX model, or a target's own file.

    `reason`, `location` (module and line) and `cure` (the next step) describe a failure. `error` is the largest error against
    the framework's outputs. `feeds` is the .npz file of example inputs and framework outputs that proof.py reads. `flag` is
    the `--exporter` option that selects this exporter. `only` is the target that a converter without ONNX makes a file for;
    such a start has no model.
    """

    exporter: str
    state: ExportState
    model: Path | None = None
    reason: str = ""
    location: str = ""
    cure: str = ""
    nodes: int = 0
    opset: int = 0
    error: float | None = None
    seconds: float = 0.0
    feeds: Path | None = None
    flag: str = ""
    only: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the start as a JSON object."""
        return {
            "exporter": self.exporter,
            "state": self.state.value,
            "reason": self.reason,
            "place": self.location,
            "cure": self.cure,
            "nodes": self.nodes,
            "opset": self.opset,
            "max_rel_error": finite_or_none(self.error),
            "seconds": round(self.seconds, 2),
            "only": self.only,
        }


@dataclass(frozen=True, slots=True)
class BlockingCause:
    """Findings with one cause that keep a target from accepting a model.

    `places` are the nodes by name, with their lines of Python; empty texts stand for findings about the whole model.
    """

    finding: Finding
    places: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the cause as a JSON object."""
        about = self.finding
        return {
            "code": about.code,
            "name": about.name,
            "severity": about.severity.value,
            "op": about.op,
            "message": about.message,
            "measured": about.measured,
            "cure": about.cure,
            "rewrite": None if about.rewrite is None else {"name": about.rewrite.name, "safety": about.rewrite.safety},
            "source": None if about.source is None else about.source.to_json(),
            "places": list(self.places),
        }


@dataclass(frozen=True, slots=True)
class AppliedRewrite:
    """A rewrite that was applied, with the number of nodes it was applied to."""

    rewrite: str
    safety: str
    times: int


@dataclass(frozen=True, slots=True)
class ConversionPath:
    """The conversion of one start to one target, by the least invasive means that reach it, or as far as any means got.

    `initial_causes` kept the target from accepting the model as exported, `remaining_causes` still do. `error` compares the
    rewritten model with the exported one, `end_error` compares it with the framework; both are shares of an output's scale.
    `sizes` are the dims that were fixed, by input. `note` says what else ended the search. `hint` are options that may help,
    where a finding names some. `compiler` is the result of the real compiler, where it was run. `judge` is the target's title
    with the version of its table.
    """

    start: Start
    target: str
    judge: str
    means: Means
    verdict: str | None = None
    initial_causes: tuple[BlockingCause, ...] = ()
    remaining_causes: tuple[BlockingCause, ...] = ()
    rewrites: tuple[AppliedRewrite, ...] = ()
    error: float | None = None
    end_error: float | None = None
    sizes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    nodes: int = 0
    note: str = ""
    hint: str = ""
    compiler: Mapping[str, Any] | None = None
    seconds: float = 0.0
    command: str = ""

    @property
    def rank(self) -> tuple[float, ...]:
        """A sort key, best first: less invasive means, fewer rewrites, a smaller error, more certainty, fewer nodes."""
        return (self.means.rank, sum(one.times for one in self.rewrites), self.error or 0.0, self.certainty, self.nodes)

    @property
    def certainty(self) -> int:
        """0 where the target's own file was made and run, 1 for a prediction about ONNX, 2 for a file that could not be run."""
        if self.start.only:
            return 2 if self.end_error is None else 0
        return 1 if self.compiler is None else 0

    def to_json(self) -> dict[str, Any]:
        """Return the path as a JSON object."""
        return {
            "exporter": self.start.exporter,
            "target": self.target,
            "judge": self.judge,
            "way": self.means.value,
            "reached": self.means.reaches_target,
            "verdict": self.verdict,
            "rewrites": [{"name": one.rewrite, "safety": one.safety, "times": one.times} for one in self.rewrites],
            "met": [one.to_json() for one in self.initial_causes],
            "left": [one.to_json() for one in self.remaining_causes],
            "max_rel_error": finite_or_none(self.error),
            "end_error": finite_or_none(self.end_error),
            "shapes": {name: list(dims) for name, dims in self.sizes.items()},
            "nodes": self.nodes,
            "note": self.note,
            "hint": self.hint,
            "compiler": None if self.compiler is None else dict(self.compiler),
            "seconds": round(self.seconds, 2),
            "command": self.command,
        }


@dataclass(frozen=True, slots=True)
class ConversionPaths:
    """All conversion paths of one source.

    `title` names the kind of source, `by` the framework and its version that read it.
    """

    source: str
    title: str
    by: str
    targets: tuple[str, ...]
    starts: tuple[Start, ...]
    paths: tuple[ConversionPath, ...]

    def rows(self) -> list[tuple[str, list[ConversionPath | None]]]:
        """Return a row for each exporter, and one for all direct conversions: its name, and a path or None for each target."""
        exporters = [(start.exporter, [start]) for start in self.starts if not start.only]
        direct = [start for start in self.starts if start.only]
        return [
            (name, [self._path(starts, target) for target in self.targets])
            for name, starts in (*exporters, *([(DIRECT, direct)] if direct else ()))
        ]

    def _path(self, starts: Sequence[Start], target: str) -> ConversionPath | None:
        return next((path for path in self.paths if path.start in starts and path.target == target), None)

    def best(self, target: str) -> ConversionPath:
        """Return the path to a target that ranks first; it may not reach the target."""
        return min((path for path in self.paths if path.target == target), key=lambda path: path.rank)

    @property
    def reached(self) -> list[str]:
        """The targets that at least one path reaches."""
        return [target for target in self.targets if self.best(target).means.reaches_target]

    def to_json(self) -> dict[str, Any]:
        """Return all paths as a JSON object."""
        from graphfix.version import VERSION

        return {
            "schema": 1,
            "graphfix": VERSION,
            "source": self.source,
            "title": self.title,
            "by": self.by,
            "targets": list(self.targets),
            "exporters": [start.to_json() for start in self.starts],
            "roads": [path.to_json() for path in self.paths],
            "reached": self.reached,
        }


def blocking_causes(found: Iterable[Finding]) -> tuple[BlockingCause, ...]:
    """Group the findings that keep a model from being accepted by their cause.

    These are the errors, or where there are none the findings that leave the verdict undecided.
    """
    findings = list(found)
    errors = [one for one in findings if one.severity is Severity.ERROR and one.kind != RESIZED]
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for one in errors or [one for one in findings if one.kind in UNDECIDED]:
        groups.setdefault((one.code, one.op, one.evidence or one.message), []).append(one)
    return tuple(BlockingCause(group[0], tuple(dict.fromkeys(map(node_location, group)))) for group in groups.values())


def node_location(finding: Finding) -> str:
    """Return a node's path with its module and line of Python; empty for a finding about the whole model."""
    return named(" / ".join([*finding.scope, finding.node]), finding.source) if finding.node else ""


def suggested_options(findings: Iterable[Finding]) -> str:
    """Return the options of the finding that probably resolves most: those that bind a value come before those that fix dims."""
    suggestions = [one for one in findings if one.cure]
    return max(suggestions, key=lambda one: ("--set " in one.cure, one.severity.weight)).cure if suggestions else ""


def count_applied(changes: Iterable[Change]) -> tuple[AppliedRewrite, ...]:
    """Count the applied changes by rewrite."""
    counts = Counter((change.rewrite, change.safety.value) for change in changes if change.applied)
    return tuple(AppliedRewrite(rewrite, safety, times) for (rewrite, safety), times in counts.items())


def finite_or_none(number: float | None) -> float | None:
    """Return the number, or None where JSON cannot hold it (infinite or NaN)."""
    return number if number is not None and math.isfinite(number) else None
