"""Roads tried: every start taken to every target by the gentlest means that succeed, each within its time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphfix.diagnostic import Result
from graphfix.directions import directions, why_none
from graphfix.engine import judge
from graphfix.errors import GraphfixError
from graphfix.fix_options import FixOptions, OutOfTime
from graphfix.reading import bound, named, read_whole
from graphfix.rewrite import Safety
from graphfix.roads import Applied, Road, Start, State, Way, applied, hint, obstacles
from graphfix.table import table
from graphfix.witnessed import Ask

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.planner import FixResult

Say = Callable[[str], None]
Tell = Callable[[Sequence[Result], "ModelProto"], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every road: the source as given with the options that lower it, bindings, data and seconds for each.

    `options` are those of the command line that a command of `graphfix lower` or `fix` must repeat; `asking` has, by
    target, what asks its compiler and puts its word into Results, for those that are installed and wanted.
    """

    source: str
    options: Sequence[str] = ()
    shapes: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] | None = None
    limit: float = 60.0
    asking: Mapping[str, tuple[Ask, Tell]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Try:
    """One way to fix a model: the safety classes allowed beyond exact, and dims to fix."""

    way: Way
    allow: frozenset[str] = frozenset()
    sizes: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(slots=True)
class End:
    """Where a road stands: the Result on its model, and what was done to get there."""

    result: Result
    way: Way = Way.AS_IS
    model: ModelProto | None = None
    fixed: FixResult | None = None
    sizes: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def taken(self) -> bool:
        """Whether the compiler takes the model: by its own word where it was asked, else by our verdict."""
        told = self.result.compiler
        return bool(told["accepted"]) if told is not None else self.result.verdict == "accepted"

    @property
    def rejects(self) -> int:
        """How many findings reject it."""
        return sum(found.severity.weight == 3 for found in self.result.findings)


def roads(starts: Sequence[Start], targets: Sequence[str], terms: Terms, say: Say) -> Iterator[Road]:
    """Every start's road to every target, in order.

    Raises:
        UsageError: shapes, values or data do not fit the model.
    """
    for start in starts:
        if start.state is not State.GOOD or start.model is None:
            yield from (dead_end(start, target, terms) for target in targets)
            continue
        model = read_whole(start.model)
        for target in targets:
            yield _travelled(_Travel(start, target, terms, model, say))


def _travelled(travel: _Travel) -> Road:
    """A road, though graphfix itself should stumble on it: the others are still to be told."""
    try:
        return travel.road()
    except GraphfixError:
        raise
    except Exception as error:
        said = f"graphfix failed on this road ({type(error).__name__}: {str(error)[:200]}); report it"
        start, target, terms = travel.start, travel.target, travel.terms
        command = directions(terms.source, terms.options, start, target, Way.UNKNOWN)
        return Road(start, target, _title(target), Way.UNKNOWN, nodes=start.nodes, note=said, command=command)


def dead_end(start: Start, target: str, terms: Terms) -> Road:
    """The road of a start that has no model that could be taken anywhere."""
    command = why_none(terms.source, terms.options, start)
    return Road(start, target, _title(target), Way.NONE, nodes=start.nodes, note=start.reason, command=command)


def _title(target: str) -> str:
    return f"{target.partition('@')[0]} {table(target).version}"


@dataclass(slots=True)
class _Travel:
    """One start on its way to one target."""

    start: Start
    target: str
    terms: Terms
    model: ModelProto
    say: Say
    began: float = field(default_factory=time.monotonic)
    note: str = ""

    def road(self) -> Road:
        """The gentlest means that reach the target, or how far the strongest lead."""
        first = self._first()
        best = first
        if not first.taken:
            for end in self._ends():
                if end.taken:
                    best = end
                    break
                best = min((best, end), key=lambda one: one.rejects)
        refused = best.rejects or best.result.compiler is not None
        way = best.way if best.taken else Way.NONE if refused else Way.UNKNOWN
        return self._told(way, first, best)

    def _first(self) -> End:
        self.say(f"{self.start.exporter} to {self.target}: as it is")
        asked = bound(self.model, self.terms.shapes, self.terms.values)
        end = End(self._judged(asked)[0], model=asked)
        if self.target in self.terms.asking:
            self.terms.asking[self.target][1]([end.result], asked)
        return end

    def _judged(self, model: ModelProto) -> list[Result]:
        return judge(model, [self.target], name=self.terms.source)

    def _ends(self) -> Iterator[End]:
        """The ends of stronger and stronger means, as far as there is anything that they could do, and time."""
        offered: Set[Safety] = frozenset()
        for one in self._tries():
            if "approximate" in one.allow and Safety.APPROXIMATE not in offered:
                continue  # nothing approximate would have fired
            try:
                fixed = self._fixed(one)
            except OutOfTime:
                self.note = f"given up after {self.terms.limit:g} s, at {one.way.value} means"
                return
            offered = {change.safety for change in fixed.changes if not change.applied}
            end = End(fixed.results[0], one.way, fixed.model, fixed, one.sizes)
            if not fixed.verification.passed:
                self.note = f"what {one.way.value} means gave could not be verified: {fixed.verification.reason}"
                continue
            if fixed.changed or one.sizes:
                yield end

    def _tries(self) -> Iterator[Try]:
        approximate = frozenset({"approximate"})
        yield Try(Way.EXACT)
        yield Try(Way.APPROXIMATE, approximate)
        sizes = self._sizes()
        if sizes:
            yield Try(Way.INTERFACE, frozenset(), sizes)
            yield Try(Way.INTERFACE, approximate, sizes)

    def _sizes(self) -> dict[str, list[int]]:
        """The dims of the example inputs, for inputs some of whose dims are free; nothing where no example is known."""
        given = {name: list(array.shape) for name, array in (self.terms.data or {}).items()}
        if self.start.feeds is not None:
            import numpy as np

            with np.load(self.start.feeds, allow_pickle=False) as arrays:
                given = {key[len("0/in/") :]: list(arrays[key].shape) for key in arrays.files if key.startswith("0/in/")}
        asked = bound(self.model, self.terms.shapes, self.terms.values)
        free = {
            value.name for value in asked.graph.input
            if any(not dim.HasField("dim_value") for dim in value.type.tensor_type.shape.dim)
        }  # fmt: skip
        return {name: dims for name, dims in given.items() if name in free}

    def _fixed(self, one: Try) -> FixResult:
        from graphfix.planner import fix_model

        ask, tell = self.terms.asking.get(self.target, (None, None))
        shapes = {**named(self.model, self.terms.shapes), **one.sizes}
        options = FixOptions(
            targets=[self.target], allow=one.allow, shapes=shapes, values=self.terms.values,
            data=self.terms.data if self.start.feeds is None else None,
            progress=lambda doing: self.say(f"{self.start.exporter} to {self.target}: {one.way.value} means, {doing}"),
            deadline=self.began + self.terms.limit, ask=ask,
        )  # fmt: skip
        fixed = fix_model(self.model, self._judged, options)
        if tell is not None:
            tell(fixed.results, fixed.model)
        return fixed

    def _told(self, way: Way, first: End, best: End) -> Road:
        """The road as it is told; its end is held to the framework's outputs once more where it was rewritten."""
        made: tuple[Applied, ...] = applied(best.fixed.changes) if best.fixed is not None else ()
        error = best.fixed.verification.max_rel_error if best.fixed is not None else None
        end_error = self.start.error
        if best.fixed is not None and self.start.feeds is not None:
            end_error = None
            if way.leads and not self.terms.values:
                end_error, said = self._against_framework(best)
                if said:
                    way, self.note = Way.NONE, said
        left = () if best.taken else obstacles(best.result.findings)
        perhaps = "" if way.leads else hint(best.result.findings)
        return Road(
            self.start, self.target, first.result.judge, way, best.result.verdict,
            met=obstacles(first.result.findings), left=left,
            rewrites=made, error=error, end_error=end_error, sizes=best.sizes,
            nodes=best.result.nodes, note=self.note, hint=perhaps, compiler=best.result.compiler,
            seconds=time.monotonic() - self.began, command=self._command(way, best, made),
        )  # fmt: skip

    def _against_framework(self, end: End) -> tuple[float, str]:
        """The largest error of a rewritten model against the framework, and what is wrong where it should be exact."""
        from graphfix.lowering.proof import proven
        from graphfix.model import save_model

        assert self.start.feeds is not None
        assert end.model is not None
        labels = json.loads(self.start.feeds.with_suffix(".json").read_text())["labels"]
        path = self.start.feeds.with_name("end.onnx")
        save_model(end.model, path, force=True)
        proof = proven(path, self.start.feeds, labels[:1] if end.sizes else labels)  # the first are the example's sizes
        wrong = end.way is Way.EXACT and not proof.passed
        return proof.max_rel_error, f"the end computes something else than the framework: {proof.reason}" if wrong else ""

    def _command(self, way: Way, end: End, made: Sequence[Applied]) -> str:
        return directions(self.terms.source, self.terms.options, self.start, self.target, way, made, end.sizes)
