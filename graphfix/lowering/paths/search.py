"""Search for conversion paths: every start is fixed for every target, by the least invasive means that succeed in time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphfix.errors import GraphfixError
from graphfix.ir.reading import bound, named, read_whole
from graphfix.linter.diagnostics import Result
from graphfix.linter.engine import judge
from graphfix.lowering.paths.commands import direct_command, inspection_command, path_command
from graphfix.lowering.paths.model import (
    AppliedRewrite,
    ConversionPath,
    ExportState,
    Means,
    Start,
    blocking_causes,
    count_applied,
    suggested_options,
)
from graphfix.rewriting.compiler_rejections import Ask
from graphfix.rewriting.fix_options import FixOptions, TimeLimitReached
from graphfix.rewriting.rewrite import Safety
from graphfix.tables.table import table

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.lowering.conversion import Conversion
    from graphfix.rewriting.pipeline import FixResult

ReportProgress = Callable[[str], None]
ConfirmResults = Callable[[Sequence[Result], "ModelProto"], None]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What all searches have in common: the source as given, bindings, data and the limit in seconds for each path.

    `options` are the command-line options that a `graphfix lower` or `fix` command for a path must repeat. `compilers` holds,
    by target, two functions for each compiler that is to be run: one that asks it about a model, and one that writes its
    verdict into Results.
    """

    source: str
    options: Sequence[str] = ()
    shapes: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] | None = None
    limit: float = 60.0
    compilers: Mapping[str, tuple[Ask, ConfirmResults]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FixAttempt:
    """One way to fix a model: the safety classes allowed beyond exact, and the dims to fix."""

    means: Means
    allow: frozenset[str] = frozenset()
    sizes: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """The Result on a model after an attempt, with what was done to get there."""

    result: Result
    means: Means = Means.AS_IS
    model: ModelProto | None = None
    fixed: FixResult | None = None
    sizes: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether the target accepts the model: by the real compiler where it was run, else by the predicted verdict."""
        compiled = self.result.compiler
        return bool(compiled["accepted"]) if compiled is not None else self.result.verdict == "accepted"

    @property
    def error_count(self) -> int:
        """The number of findings that reject the model."""
        return sum(finding.severity.weight == 3 for finding in self.result.findings)


def search_paths(
    starts: Sequence[Start], targets: Sequence[str], options: SearchOptions, progress: ReportProgress
) -> Iterator[ConversionPath]:
    """Yield the conversion path from every start to every target, in this order.

    Raises:
        UsageError: shapes, values or data do not fit the model.
    """
    for start in starts:
        if start.state is not ExportState.GOOD or start.model is None:
            yield from (failed_start_path(start, target, options) for target in targets)
            continue
        model = read_whole(start.model)
        for target in targets:
            yield _search(_PathSearch(start, target, options, model, progress))


def _search(search: _PathSearch) -> ConversionPath:
    """Run one search; a defect of graphfix makes its path undecided, so that the others are still searched."""
    try:
        return search.run()
    except GraphfixError:
        raise
    except Exception as error:
        note = f"graphfix failed on this path ({type(error).__name__}: {str(error)[:200]}); report it"
        start, target, options = search.start, search.target, search.options
        command = path_command(options.source, options.options, start, target, Means.UNKNOWN)
        return ConversionPath(start, target, _target_title(target), Means.UNKNOWN, nodes=start.nodes, note=note, command=command)


def failed_start_path(start: Start, target: str, options: SearchOptions) -> ConversionPath:
    """Return the path of a start that has no verified model."""
    command = inspection_command(options.source, options.options, start)
    return ConversionPath(start, target, _target_title(target), Means.NONE, nodes=start.nodes, note=start.reason, command=command)


def direct_path(start: Start, made: Conversion, options: SearchOptions) -> ConversionPath:
    """Return the path of a conversion by the target's own converter: it reaches the target, or nothing can be rewritten."""
    means = Means.AS_IS if made.good else Means.UNKNOWN if start.state is ExportState.MISSING else Means.NONE
    verdict = {Means.AS_IS: "accepted", Means.NONE: "rejected"}.get(means)
    note = "" if not made.good or made.compared else "the file was not run: its runtime is not on this machine"
    return ConversionPath(
        start, start.only, f"{made.converter.name} {made.version}".rstrip(), means, verdict, end_error=start.error,
        note=start.reason or note, hint=start.cure, seconds=made.seconds,
        command=direct_command(options.source, options.options, start, start.only),
    )  # fmt: skip


def _target_title(target: str) -> str:
    return f"{target.partition('@')[0]} {table(target).version}"


@dataclass(slots=True)
class _PathSearch:
    """The search for the path from one start to one target."""

    start: Start
    target: str
    options: SearchOptions
    model: ModelProto
    progress: ReportProgress
    started: float = field(default_factory=time.monotonic)
    note: str = ""

    def run(self) -> ConversionPath:
        """Return the path by the least invasive means that reach the target, else by those that leave the fewest errors."""
        first = self._unmodified()
        best = first
        if not first.accepted:
            for outcome in self._fixed_outcomes():
                if outcome.accepted:
                    best = outcome
                    break
                best = min((best, outcome), key=lambda attempt: attempt.error_count)
        refused = best.error_count or best.result.compiler is not None
        means = best.means if best.accepted else Means.NONE if refused else Means.UNKNOWN
        return self._finished_path(means, first, best)

    def _unmodified(self) -> Outcome:
        self.progress(f"{self.start.exporter} to {self.target}: the model as it is")
        bound_model = bound(self.model, self.options.shapes, self.options.values)
        outcome = Outcome(self._lint(bound_model)[0], model=bound_model)
        if self.target in self.options.compilers:
            self.options.compilers[self.target][1]([outcome.result], bound_model)
        return outcome

    def _lint(self, model: ModelProto) -> list[Result]:
        return judge(model, [self.target], name=self.options.source)

    def _fixed_outcomes(self) -> Iterator[Outcome]:
        """Yield the outcomes of more and more invasive attempts, while there is time and something that they could change."""
        declined: Set[Safety] = frozenset()
        for attempt in self._attempts():
            if "approximate" in attempt.allow and Safety.APPROXIMATE not in declined:
                continue  # nothing approximate would have fired
            try:
                fixed = self._fix(attempt)
            except TimeLimitReached:
                self.note = f"given up after {self.options.limit:g} s, at {attempt.means.value} means"
                return
            declined = {change.safety for change in fixed.changes if not change.applied}
            outcome = Outcome(fixed.results[0], attempt.means, fixed.model, fixed, attempt.sizes)
            if not fixed.verification.passed:
                self.note = f"what {attempt.means.value} means gave could not be verified: {fixed.verification.reason}"
                continue
            if fixed.changed or attempt.sizes:
                yield outcome

    def _attempts(self) -> Iterator[FixAttempt]:
        """Yield the attempts, the least invasive first."""
        approximate = frozenset({"approximate"})
        yield FixAttempt(Means.EXACT)
        yield FixAttempt(Means.APPROXIMATE, approximate)
        sizes = self._sizes()
        if sizes:
            yield FixAttempt(Means.INTERFACE, frozenset(), sizes)
            yield FixAttempt(Means.INTERFACE, approximate, sizes)

    def _sizes(self) -> dict[str, list[int]]:
        """Return the example's dims of the inputs that have dynamic dims; empty where there is no example."""
        given = {name: list(array.shape) for name, array in (self.options.data or {}).items()}
        if self.start.feeds is not None:
            import numpy as np

            with np.load(self.start.feeds, allow_pickle=False) as arrays:
                given = {key[len("0/in/") :]: list(arrays[key].shape) for key in arrays.files if key.startswith("0/in/")}
        bound_model = bound(self.model, self.options.shapes, self.options.values)
        dynamic = {
            value.name for value in bound_model.graph.input
            if any(not dim.HasField("dim_value") for dim in value.type.tensor_type.shape.dim)
        }  # fmt: skip
        return {name: dims for name, dims in given.items() if name in dynamic}

    def _fix(self, attempt: FixAttempt) -> FixResult:
        from graphfix.rewriting.pipeline import fix_model

        ask_compiler, confirm = self.options.compilers.get(self.target, (None, None))
        stage = f"{self.start.exporter} to {self.target}: {attempt.means.value} rewrites"
        shapes = {**named(self.model, self.options.shapes), **attempt.sizes}
        options = FixOptions(
            targets=[self.target], allow=attempt.allow, shapes=shapes, values=self.options.values,
            data=self.options.data if self.start.feeds is None else None,
            progress=lambda doing: self.progress(f"{stage}, {doing}"),
            deadline=self.started + self.options.limit, ask=ask_compiler,
        )  # fmt: skip
        fixed = fix_model(self.model, self._lint, options)
        if confirm is not None:
            confirm(fixed.results, fixed.model)
        return fixed

    def _finished_path(self, means: Means, first: Outcome, best: Outcome) -> ConversionPath:
        """Build the path; a model that was rewritten is verified against the framework's outputs first."""
        rewrites: tuple[AppliedRewrite, ...] = count_applied(best.fixed.changes) if best.fixed is not None else ()
        error = best.fixed.verification.max_rel_error if best.fixed is not None else None
        end_error = self.start.error
        if best.fixed is not None and self.start.feeds is not None:
            end_error = None
            if means.reaches_target and not self.options.values:
                end_error, problem = self._verify_against_framework(best)
                if problem:
                    means, self.note = Means.NONE, problem
        remaining = () if best.accepted else blocking_causes(best.result.findings)
        hint = "" if means.reaches_target else suggested_options(best.result.findings)
        return ConversionPath(
            self.start, self.target, first.result.judge, means, best.result.verdict,
            initial_causes=blocking_causes(first.result.findings), remaining_causes=remaining,
            rewrites=rewrites, error=error, end_error=end_error, sizes=best.sizes,
            nodes=best.result.nodes, note=self.note, hint=hint, compiler=best.result.compiler,
            seconds=time.monotonic() - self.started, command=self._command(means, best, rewrites),
        )  # fmt: skip

    def _verify_against_framework(self, outcome: Outcome) -> tuple[float, str]:
        """Return the largest error against the framework, and the problem if exact rewrites exceed the tolerance."""
        from graphfix.ir.io import save_model
        from graphfix.lowering.proof import verify_lowered

        assert self.start.feeds is not None
        assert outcome.model is not None
        labels = json.loads(self.start.feeds.with_suffix(".json").read_text())["labels"]
        path = self.start.feeds.with_name("end.onnx")
        save_model(outcome.model, path, force=True)
        verification = verify_lowered(
            path, self.start.feeds, labels[:1] if outcome.sizes else labels
        )  # the first are the example's sizes
        wrong = outcome.means is Means.EXACT and not verification.passed
        return (
            verification.max_rel_error,
            f"the end computes something else than the framework: {verification.reason}" if wrong else "",
        )

    def _command(self, means: Means, outcome: Outcome, rewrites: Sequence[AppliedRewrite]) -> str:
        return path_command(self.options.source, self.options.options, self.start, self.target, means, rewrites, outcome.sizes)
