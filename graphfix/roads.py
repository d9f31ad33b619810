"""Roads from a source to compilers: where each begins, how far it leads, by what means, and what stands in the way."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.diagnostic import UNDECIDED, Finding, Severity
from graphfix.origin import named

if TYPE_CHECKING:
    from graphfix.transaction import Change


class Way(StrEnum):
    """The means by which a road reaches its target, the gentlest first; the last two reach nothing."""

    AS_IS = "as-is"
    EXACT = "exact"
    APPROXIMATE = "approximate"
    INTERFACE = "interface"
    UNKNOWN = "undecided"
    NONE = "none"

    @property
    def rank(self) -> int:
        """How hard the road is, 0 for one that needs nothing."""
        return list(Way).index(self)

    @property
    def leads(self) -> bool:
        """Whether it reaches the target."""
        return self not in (Way.UNKNOWN, Way.NONE)


class State(StrEnum):
    """What came of an exporter: a model that computes the same, one that does not, or none."""

    GOOD = "good"
    DIFFERS = "differs"
    FAILS = "fails"


ONNX = "as given"
"""The exporter of a source that is ONNX already."""


@dataclass(frozen=True, slots=True)
class Start:
    """The ONNX that an exporter made of the source, or why there is none; `error` is its largest, against the framework.

    `reason`, `place` and `cure` say what failed, at which line, and what helps. `feeds` are the example inputs with the
    framework's outputs, as proof.py reads them.
    """

    exporter: str
    state: State
    model: Path | None = None
    reason: str = ""
    place: str = ""
    cure: str = ""
    nodes: int = 0
    opset: int = 0
    error: float | None = None
    seconds: float = 0.0
    feeds: Path | None = None
    flag: str = ""

    def to_json(self) -> dict[str, Any]:
        """The start for programs."""
        return {
            "exporter": self.exporter,
            "state": self.state.value,
            "reason": self.reason,
            "place": self.place,
            "cure": self.cure,
            "nodes": self.nodes,
            "opset": self.opset,
            "max_rel_error": finite(self.error),
            "seconds": round(self.seconds, 2),
        }


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Findings with one cause that keep a target from taking a model: `places` are the nodes with their lines of Python."""

    finding: Finding
    places: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The obstacle for programs."""
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
class Applied:
    """A rewrite that was applied, and on how many nodes."""

    rewrite: str
    safety: str
    times: int


@dataclass(frozen=True, slots=True)
class Road:
    """One start taken to one target, by the gentlest means that reach it, or as far as the strongest lead.

    `met` stood in the way of the model as it was, `left` still does. `error` is what the rewrites cost, against the
    model they began with; `end_error` is the end's, against the framework: both as shares of an output's scale. `sizes`
    are the dims that were fixed. `note` says what else ended the road; `hint` are the options that may open it, where a
    finding names such. `compiler` is the real compiler's word.
    """

    start: Start
    target: str
    judge: str
    way: Way
    verdict: str | None = None
    met: tuple[Obstacle, ...] = ()
    left: tuple[Obstacle, ...] = ()
    rewrites: tuple[Applied, ...] = ()
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
        """What is better sorts first: gentler means, fewer rewrites, a smaller error, fewer nodes."""
        return (self.way.rank, sum(one.times for one in self.rewrites), self.error or 0.0, self.nodes)

    def to_json(self) -> dict[str, Any]:
        """The road for programs."""
        return {
            "exporter": self.start.exporter,
            "target": self.target,
            "judge": self.judge,
            "way": self.way.value,
            "reached": self.way.leads,
            "verdict": self.verdict,
            "rewrites": [{"name": one.rewrite, "safety": one.safety, "times": one.times} for one in self.rewrites],
            "met": [one.to_json() for one in self.met],
            "left": [one.to_json() for one in self.left],
            "max_rel_error": finite(self.error),
            "end_error": finite(self.end_error),
            "shapes": {name: list(dims) for name, dims in self.sizes.items()},
            "nodes": self.nodes,
            "note": self.note,
            "hint": self.hint,
            "compiler": None if self.compiler is None else dict(self.compiler),
            "seconds": round(self.seconds, 2),
            "command": self.command,
        }


@dataclass(frozen=True, slots=True)
class Map:
    """All roads of one source: `title` says what it is, `by` which framework in which version reads it."""

    source: str
    title: str
    by: str
    targets: tuple[str, ...]
    starts: tuple[Start, ...]
    roads: tuple[Road, ...]

    def road(self, start: Start, target: str) -> Road:
        """The road of one start to one target."""
        return next(road for road in self.roads if road.start is start and road.target == target)

    def best(self, target: str) -> Road:
        """The easiest road to a target, which may lead nowhere."""
        return min((road for road in self.roads if road.target == target), key=lambda road: road.rank)

    @property
    def reached(self) -> list[str]:
        """The targets that some road leads to."""
        return [target for target in self.targets if self.best(target).way.leads]

    def to_json(self) -> dict[str, Any]:
        """The map for programs."""
        from graphfix.version import VERSION

        return {
            "schema": 1,
            "graphfix": VERSION,
            "source": self.source,
            "title": self.title,
            "by": self.by,
            "targets": list(self.targets),
            "exporters": [start.to_json() for start in self.starts],
            "roads": [road.to_json() for road in self.roads],
            "reached": self.reached,
        }


def obstacles(found: Iterable[Finding]) -> tuple[Obstacle, ...]:
    """What keeps a model from being accepted: what rejects it, or else what leaves that open; findings of one cause as one."""
    told = list(found)
    errors = [one for one in told if one.severity is Severity.ERROR]
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for one in errors or [one for one in told if one.kind in UNDECIDED]:
        groups.setdefault((one.code, one.op, one.evidence or one.message), []).append(one)
    return tuple(Obstacle(group[0], tuple(dict.fromkeys(map(spot, group)))) for group in groups.values())


def spot(finding: Finding) -> str:
    """A node by its path, with the module and line it comes from; empty for what is about the whole model."""
    return named(" / ".join([*finding.scope, finding.node]), finding.source) if finding.node else ""


def hint(found: Iterable[Finding]) -> str:
    """The options by which findings say that the most would dissolve: what binds a value before what fixes a size."""
    cures = [one for one in found if one.cure]
    return max(cures, key=lambda one: ("--set " in one.cure, one.severity.weight)).cure if cures else ""


def applied(changes: Iterable[Change]) -> tuple[Applied, ...]:
    """The rewrites that were applied, each with how often."""
    counts = Counter((change.rewrite, change.safety.value) for change in changes if change.applied)
    return tuple(Applied(rewrite, safety, times) for (rewrite, safety), times in counts.items())


def finite(number: float | None) -> float | None:
    """A number that JSON can hold; None for one that it cannot."""
    return number if number is not None and math.isfinite(number) else None
