"""The planner: from findings to rewrites, each a transaction, until nothing new fires.

bind what the user named -> judge -> rewrites that cure a finding -> keep or withdraw -> judge again ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from onnx import GraphProto, ModelProto

from graphfix import rewrite_registry as rewriting
from graphfix.bind import Dims, bind
from graphfix.consult import Ask, Witnessed
from graphfix.diagnostic import Result
from graphfix.errors import UsageError
from graphfix.infer import graphs
from graphfix.interface_rewrite import InterfaceRewrite
from graphfix.output_shapes import with_output_shapes
from graphfix.rewrite import Outcome, Safety, rewritten
from graphfix.rounds import Rounds
from graphfix.sharing import patiently, sharing
from graphfix.shelf import shelved, whole
from graphfix.transaction import Change, Judge, Workbench
from graphfix.verify import Reference, Tolerance, Verification
from graphfix.why import Explanation, explain

MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class FixResult:
    """The best verified model, what was changed and declined on the way, and the last verification and verdicts."""

    model: ModelProto
    changes: tuple[Change, ...]
    verification: Verification
    results: tuple[Result, ...]
    why: tuple[Explanation, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything was applied."""
        return any(change.applied for change in self.changes)


@sharing()
@patiently()
def fix_model(
    model: ModelProto,
    *,
    judge: Judge,
    targets: Sequence[str] = (),
    allow: Set[str] = frozenset(),
    shapes: Mapping[str, Dims] | None = None,
    values: Mapping[str, object] | None = None,
    data: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    progress: Callable[[str], None] | None = None,
    reforms: Sequence[InterfaceRewrite] = (),
    ask: Ask | None = None,
    why: bool = False,
) -> FixResult:
    """Bind what was asked, then rewrite what the targets' findings call for; the argument is never changed.

    `judge` gives the verdicts on a model; findings for other targets than `targets` are ignored (none named: all
    count). `allow` holds safety classes beyond exact. `data` holds one array an input. `reforms` change the interface
    before anything else. `ask` gives what the compilers themselves blame: with it the rewriting goes on until they are
    content, or nothing fires. `why` asks for an explanation of what remains. Raises UsageError for shapes, values,
    data or reforms that do not fit the model.
    """
    say = progress or (lambda _: None)
    shapes, values = dict(shapes or {}), dict(values or {})
    own = None if rtol is None and atol is None else Tolerance(rtol or 0.0, atol or 0.0)
    with shelved(model) as slim:
        bound = bind(slim, shapes, values)
        outcomes = list(_reformed(bound, reforms))
        adapts = tuple(outcome.adapt for outcome in outcomes if outcome.adapt is not None)
        reference = Reference(slim, shapes, values, data, adapts)
        witnessed = Witnessed()
        bench = Workbench(bound, reference, lambda m: witnessed.joined(_of(judge(m), targets), m), own)
        if shapes or values:
            bench.changes += [Change("freeze-dims", Safety.INTERFACE, name, True) for name in shapes]
            bench.changes += [Change("bind-input", Safety.INTERFACE, name, True) for name in values]
        for reform, outcome in zip(reforms, outcomes, strict=True):
            bench.changes += [bench.located(Change(reform.name, reform.safety, label, True)) for label in outcome.changed]
            bench.model = outcome.model or bench.model
        if shapes or values or reforms:
            bench.verification = reference.check(bench.model, own or Tolerance())
            if reforms and not bench.verification.passed:
                raise UsageError(f"the model with the interface asked for computes something else: {bench.verification.reason}")
            _settle(bench, say, ("fold-normalization",) if reforms else ())
        allowed = frozenset({"exact", *allow})
        _converge(bench, Rounds(bench, allowed, say), witnessed, ask)
        touched = bool(bench.version or shapes or values or reforms)
        verification = bench.measured() or Verification(0, 0.0, 0.0, 1.0, True, "nothing was changed")
        changes = tuple(_lasting(bench))
        explained = tuple(explain(bench, changes, allowed)) if why else ()
        final = whole(with_output_shapes(bench.model)) if touched else model
        return FixResult(final, changes, verification, tuple(bench.results), explained)


def _reformed(model: ModelProto, reforms: Sequence[InterfaceRewrite]) -> Iterator[Outcome]:
    """The changes of the interface that the user asked for, one upon the other; UsageError where one is not possible."""
    for reform in reforms:
        outcome = rewritten(reform, model)
        if outcome.model is None:
            reason = next((declined.reason for declined in outcome.declined), "there is nothing to do")
            raise UsageError(f"{reform.name}: {reason}")
        model = outcome.model
        yield outcome


def _converge(bench: Workbench, rounds: Rounds, witnessed: Witnessed, ask: Ask | None) -> None:
    """Rewrite by the tables; then, with compilers to ask, by what they blame, until they are content or nothing fires."""
    if ask is None:
        rounds.run()
        return
    for _ in range(MOST_ROUNDS):
        blamed = ask(bench.model)
        if not blamed:
            return
        if witnessed.add(blamed, bench.model):
            bench.forget()
        if not rounds.run():
            return


def _lasting(bench: Workbench) -> Iterator[Change]:
    """What was applied, and the refusals that still stand: not of a node that went, or that was rewritten later."""
    done = {(change.rewrite, change.node) for change in bench.changes if change.applied}
    left = _labels(bench.model.graph)
    were = _labels(bench.reference.original.graph)
    for change in bench.changes:
        rewrite = rewriting.registry().get(change.rewrite)
        gone = change.node not in left and (change.node in were or (rewrite is not None and rewrite.tidies))
        if change.applied or ((change.rewrite, change.node) not in done and not gone):
            yield change


def _labels(graph: GraphProto) -> set[str]:
    """What the nodes of a graph are called, at every depth."""
    return {node.name or next(filter(None, node.output), node.op_type) for inner in graphs(graph) for node in inner.node}


def _of(results: Sequence[Result], targets: Sequence[str]) -> list[Result]:
    names = {target.partition("@")[0] for target in targets}
    return [r for r in results if not names or r.target in names]


def _settle(bench: Workbench, say: Callable[[str], None], more: Sequence[str] = ()) -> None:
    """Fold and dissolve what the bound values and frozen dims have decided."""
    for _ in range(MOST_ROUNDS):
        fired = False
        for name in ("dissolve-if", "fold-constants", *more):  # never fold in a branch that goes
            say(name)
            fired |= bench.attempt(rewriting.registry()[name], None)
        if not fired:
            return
