"""The pipeline of `fix`: from findings to rewrites, each a transaction, until no rewrite fires.

bind values and dims -> apply rewrites requested by name -> evaluate -> apply rewrites that fix a finding
-> keep or withdraw -> evaluate again ...
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from onnx import GraphProto, ModelProto

from graphfix.analysis.cache import infrequent_gc, shared_facts
from graphfix.analysis.model_size import ModelSize
from graphfix.analysis.output_shapes import with_output_shapes
from graphfix.errors import UsageError
from graphfix.ir.bind_inputs import bind
from graphfix.ir.traversal import graphs
from graphfix.ir.weight_offload import weights_offloaded, with_weights
from graphfix.linter.diagnostics import Result
from graphfix.rewriting import registry as rewriting
from graphfix.rewriting.compiler_rejections import Ask, CompilerFindings
from graphfix.rewriting.confirmation import Ban, Confirmation
from graphfix.rewriting.explain import Explanation, explain
from graphfix.rewriting.fix_options import DEFAULTS, FixOptions
from graphfix.rewriting.fixpoint import Fixpoint
from graphfix.rewriting.interface_rewrite import InterfaceRewrite
from graphfix.rewriting.measurement import Confirmed
from graphfix.rewriting.requested import apply_named
from graphfix.rewriting.rewrite import Outcome, Safety, apply_with_locations
from graphfix.rewriting.single_rows import single_rows
from graphfix.rewriting.transaction import Change, Judge, WorkingModel
from graphfix.verify.half_reference import HalfReference
from graphfix.verify.reference import Tolerance, Verification

MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class FixResult:
    """The best verified model, the changes applied and declined, and the last verification and verdicts.

    `before` are the verdicts on the model as it was given, with the values and dims that were asked for. `confirmed` is
    what the compilers made of both, by target, as far as they were asked. `unmet` says of each rewrite requested by name that
    applied nowhere why. `trial` are the dims of the inputs in the first verification, by name; empty where the model was not
    run. `sizes` are those of the model as it was given, None where it was bound before anything was inferred, and of the result.
    """

    model: ModelProto
    changes: tuple[Change, ...]
    verification: Verification
    results: tuple[Result, ...]
    why: tuple[Explanation, ...] = ()
    before: tuple[str | None, ...] = ()
    confirmed: Mapping[str, Confirmed] = field(default_factory=dict)
    unmet: tuple[str, ...] = ()
    trial: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    sizes: tuple[ModelSize | None, ModelSize | None] = (None, None)

    @property
    def changed(self) -> bool:
        """Whether anything was applied."""
        return any(change.applied for change in self.changes)


@shared_facts()
@infrequent_gc()
def fix_model(model: ModelProto, judge: Judge, options: FixOptions = DEFAULTS) -> FixResult:
    """Bind values and dims as the options say, then rewrite by the targets' findings; the argument is never changed.

    `judge` returns the verdicts on a model. Raises UsageError for shapes, values, data or interface changes that do not
    fit the model, and TimeLimitReached once the deadline has passed.
    """
    with weights_offloaded(model) as slim:
        consulted = CompilerFindings()
        bench = _bench(slim, judge, options, consulted)
        asked = Safety.INTERFACE in options.allowed and not options.interface
        rows = single_rows(bench.model, bench.results, options.shapes) if asked else {}
        if rows:
            options = dataclasses.replace(options, shapes={**options.shapes, **rows})
            bench = _bench(slim, judge, options, consulted)
        verdicts = tuple(result.verdict for result in bench.results)
        size = ModelSize.of(slim) if bench.model is slim else None  # while its facts are at hand
        _check_interface(bench, options)
        unmet = apply_named(bench, options.rewrites, options.begin)

        def converge(banned: set[Ban], satisfied: Set[str]) -> None:
            left_out: set[Ban] = {(name, None) for name in options.without}
            rounds = Fixpoint(bench, options.allowed, options.begin, banned=banned | left_out, satisfied=satisfied)
            _converge(bench, rounds, consulted, options.ask)

        if options.measure is None:
            converge(set(), frozenset())
            return _result(model, bench, options, verdicts, unmet, size)
        given = bench.saved()
        confirmation = Confirmation(bench, given, options.measure, lambda it: _finished(it, bench), consulted)
        confirmation.run(converge)
        return _result(model, bench, options, verdicts, unmet, size, confirmation)


def _bench(slim: ModelProto, judge: Judge, options: FixOptions, consulted: CompilerFindings) -> WorkingModel:
    """Return a workbench with the model bound and its interface changed; raises UsageError where that is not possible."""
    shapes, values = dict(options.shapes), dict(options.values)

    def verdicts(candidate: ModelProto) -> list[Result]:
        return consulted.merged(_of(judge(candidate), options.targets), candidate)

    redefining = [reform for reform in options.interface if reform.redefines]
    redefined = list(_reformed(slim, redefining))
    if redefined:
        slim = redefined[-1].model or slim
    bound = bind(slim, shapes, values)
    others = [reform for reform in options.interface if not reform.redefines]
    outcomes = list(_reformed(bound, others))
    adapts = tuple(outcome.adapt for outcome in outcomes if outcome.adapt is not None)
    bench = WorkingModel(
        bound,
        HalfReference(_copy(slim) if redefined else slim, shapes, values, options.data, adapts),
        verdicts,
        options.tolerance,
    )
    bench.changes += [Change("freeze-dims", Safety.INTERFACE, name, True) for name in shapes]
    bench.changes += [Change("bind-input", Safety.INTERFACE, name, True) for name in values]
    for reform, outcome in zip((*redefining, *others), (*redefined, *outcomes), strict=True):
        bench.changes += [bench.located(Change(reform.name, reform.safety, label, True)) for label in outcome.changed]
    bench.model = outcomes[-1].model or bench.model if outcomes else bench.model
    return bench


def _copy(model: ModelProto) -> ModelProto:
    """Return a copy, so that the model itself counts as changed beside it."""
    made = ModelProto()
    made.CopyFrom(model)
    return made


def _check_interface(bench: WorkingModel, options: FixOptions) -> None:
    """Verify the changed interface, and fold what it and the bound values make constant.

    Raises UsageError where the outputs differ from the original's.
    """
    if not options.binds and not options.interface:
        return
    bench.verification = bench.reference.check(bench.model, options.tolerance or Tolerance())
    if options.interface and not bench.verification.passed:
        raise UsageError(f"the model with the requested interface computes something else: {bench.verification.reason}")
    _settle(bench, options.begin, ("fold-normalization",) if options.interface else ())


def _finished(model: ModelProto, bench: WorkingModel) -> ModelProto:
    """Return a version of the model as it is written: with its output shapes, unless nothing was changed."""
    return model if model is bench.reference.original else with_output_shapes(model)


def _result(
    model: ModelProto, bench: WorkingModel, options: FixOptions, verdicts: Sequence[str | None], unmet: tuple[str, ...],
    size: ModelSize | None, confirmation: Confirmation | None = None,
) -> FixResult:  # fmt: skip
    """Return the result of the run; its model is the object that was passed in where nothing changed."""
    touched = bench.model is not bench.reference.original
    if touched and bench.verification is None:
        bench.verification = bench.reference.check(bench.model, options.tolerance or Tolerance())
    verification = bench.measured() or Verification(0, 0.0, 0.0, 1.0, True, "nothing was changed")
    changes = (*_lasting(bench), *(confirmation.withdrawn if confirmation is not None else ()))
    confirmed = confirmation.confirmed if confirmation is not None else {}
    explained = tuple(explain(bench, changes, options.allowed, confirmed)) if options.explain else ()
    final = with_weights(_finished(bench.model, bench)) if touched else model
    sizes = size, ModelSize.of(bench.model) if touched else size
    return FixResult(
        final, changes, verification, tuple(bench.results), explained, tuple(verdicts), confirmed, unmet,
        bench.reference.trial_sizes, sizes,
    )  # fmt: skip


def _reformed(model: ModelProto, reforms: Sequence[InterfaceRewrite]) -> Iterator[Outcome]:
    """Yield the outcomes of the requested interface changes, applied in turn; raises UsageError where one is not possible."""
    for reform in reforms:
        outcome = apply_with_locations(reform, model)
        if outcome.model is None:
            reason = next((declined.reason for declined in outcome.declined), "there is nothing to do")
            raise UsageError(f"{reform.name}: {reason}")
        model = outcome.model
        yield outcome


def _converge(bench: WorkingModel, rounds: Fixpoint, consulted: CompilerFindings, ask: Ask | None) -> None:
    """Rewrite by the tables; then, if compilers are run, by their findings, until they have none or no rewrite fires."""
    if ask is None:
        rounds.run()
        return
    for _ in range(MOST_ROUNDS):
        blamed = ask(bench.model)
        if not blamed:
            return
        if consulted.add(blamed, bench.model):
            bench.forget()
        if not rounds.run():
            return


def _lasting(bench: WorkingModel) -> Iterator[Change]:
    """Yield the applied changes, and the declined ones except those on nodes that were removed or rewritten later."""
    if all(change.applied for change in bench.changes):
        yield from bench.changes
        return
    done = {(change.rewrite, change.node) for change in bench.changes if change.applied}
    left = _labels(bench.model.graph)
    were = _labels(bench.reference.original.graph)
    for change in bench.changes:
        rewrite = rewriting.registry().get(change.rewrite)
        gone = change.node not in left and (change.node in were or (rewrite is not None and rewrite.tidies))
        if change.applied or ((change.rewrite, change.node) not in done and not gone):
            yield change


def _labels(graph: GraphProto) -> set[str]:
    """Return the labels of the nodes of a graph, at every depth."""
    return {node.name or next(filter(None, node.output), node.op_type) for inner in graphs(graph) for node in inner.node}


def _of(results: Sequence[Result], targets: Sequence[str]) -> list[Result]:
    names = {target.partition("@")[0] for target in targets}
    return [r for r in results if not names or r.target in names]


def _settle(bench: WorkingModel, say: Callable[[str], None], more: Sequence[str] = ()) -> None:
    """Dissolve branches and fold constants that follow from the bound values and frozen dims."""
    for _ in range(MOST_ROUNDS):
        fired = False
        for name in ("dissolve-if", "fold-constants", *more):  # branches first: one that is removed need not be folded
            say(name)
            fired |= bench.attempt(rewriting.registry()[name], None)
        if not fired:
            return
