"""The planner: from findings to rewrites, each a transaction, until nothing new fires.

bind what the user named -> judge -> rewrites that cure a finding -> keep or withdraw -> judge again ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, TensorShapeProto

from graphfix.bind import Dims, bind
from graphfix.diagnostic import Result, Severity
from graphfix.facts import Facts
from graphfix.rewrite import Key, Rewrite, Safety, registry, remedies
from graphfix.transaction import Change, Judge, Workbench
from graphfix.verify import Reference, Tolerance, Verification

MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class FixResult:
    """The best verified model, what was changed and declined on the way, and the last verification and verdicts."""

    model: ModelProto
    changes: tuple[Change, ...]
    verification: Verification
    results: tuple[Result, ...]

    @property
    def changed(self) -> bool:
        """Whether anything was applied."""
        return any(change.applied for change in self.changes)


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
) -> FixResult:
    """Bind what was asked, then rewrite what the targets' findings call for; the argument is never changed.

    `judge` gives the verdicts on a model; findings for other targets than `targets` are ignored (none named: all
    count). `allow` holds safety classes beyond exact. `data` holds one array an input. Raises UsageError for
    shapes, values or data that do not fit the model.
    """
    say = progress or (lambda _: None)
    shapes, values = dict(shapes or {}), dict(values or {})
    own = None if rtol is None and atol is None else Tolerance(rtol or 0.0, atol or 0.0)
    reference = Reference(model, shapes, values, data)
    bench = Workbench(bind(model, shapes, values), reference, lambda m: _of(judge(m), targets), own)
    if shapes or values:
        bench.changes += [Change("freeze-dims", Safety.INTERFACE, name, True) for name in shapes]
        bench.changes += [Change("bind-input", Safety.INTERFACE, name, True) for name in values]
        bench.verification = reference.check(bench.model, own or Tolerance())
        _settle(bench, say)
    _rounds(bench, {"exact", *allow}, say)
    final = with_output_shapes(bench.model) if bench.version or shapes or values else bench.model
    verification = bench.verification or Verification(0, 0.0, 0.0, 1.0, True, "nothing was changed")
    return FixResult(final, tuple(_lasting(bench)), verification, tuple(bench.results))


def _lasting(bench: Workbench) -> Iterator[Change]:
    """What was applied, and the refusals that still stand: not of a node that went, or that was rewritten later."""
    done = {(change.rewrite, change.node) for change in bench.changes if change.applied}
    labels = {node.label for node in Facts.of(bench.model).nodes}
    for change in bench.changes:
        gone = registry()[change.rewrite].tidies and change.node not in labels
        if change.applied or ((change.rewrite, change.node) not in done and not gone):
            yield change


def _of(results: Sequence[Result], targets: Sequence[str]) -> list[Result]:
    names = {target.partition("@")[0] for target in targets}
    return [r for r in results if not names or r.target in names]


def _settle(bench: Workbench, say: Callable[[str], None]) -> None:
    """Fold and dissolve what the bound values and frozen dims have decided."""
    for _ in range(MOST_ROUNDS):
        fired = False
        for name in ("dissolve-if", "fold-constants"):  # never fold in a branch that goes
            say(name)
            fired |= bench.attempt(registry()[name], None)
        if not fired:
            return


def _rounds(bench: Workbench, allowed: Set[str], say: Callable[[str], None]) -> None:
    """Call rewrites for what is found, until nothing new fires or the limit is reached."""
    tried: dict[tuple[str, frozenset[Key] | None], int] = {}
    fired: list[str] = []
    for _ in range(MOST_ROUNDS):
        fired = []
        for stage in _stages(bench, allowed):
            for rewrite in stage:
                wanted = calls(bench.results).get(rewrite.name)
                if wanted is None:
                    continue
                keys = None if rewrite.everywhere else frozenset(wanted)
                if tried.get((rewrite.name, keys)) == bench.version:
                    continue
                tried[rewrite.name, keys] = bench.version
                say(rewrite.name)
                if bench.attempt(rewrite, keys):
                    fired.append(rewrite.name)
            if fired:
                break
        if not fired:
            return
    names = " and ".join(dict.fromkeys(fired))
    for name in dict.fromkeys(fired):
        reason = f"still firing after {MOST_ROUNDS} rounds: {names}"
        bench.note(Change(name, registry()[name].safety, "", False, reason))


def _stages(bench: Workbench, allowed: Set[str]) -> Iterator[list[Rewrite]]:
    """The rewrites called for, safest first; those not allowed are tried on a copy only to say that they exist."""
    called = [registry()[name] for name in calls(bench.results)]
    for last_resort in (False, True):
        for safety in Safety:
            stage = [r for r in called if r.safety is safety and r.last_resort is last_resort]
            if safety in allowed or safety is Safety.INTERFACE:
                yield sorted(stage, key=lambda r: (not r.tidies, r.everywhere, r.name))
                continue
            for rewrite in stage:
                keys = None if rewrite.everywhere else frozenset(calls(bench.results)[rewrite.name])
                for label in bench.trial(rewrite, keys).changed:
                    reason = f"{safety.value}; allow with --allow {safety.value}"
                    bench.note(Change(rewrite.name, safety, label, False, reason))


def calls(results: Sequence[Result]) -> dict[str, set[Key]]:
    """Which rewrites the findings call for, and on which nodes."""
    wanted: dict[str, set[Key]] = {}
    for result in results:
        if any(finding.severity is Severity.ERROR for finding in result.findings):
            for name in (name for name, rewrite in registry().items() if rewrite.tidies):
                wanted.setdefault(name, set())
        for finding in result.findings:
            if finding.severity is Severity.NOTE:
                continue
            for rewrite in remedies(finding.op, finding.kind, finding.code):
                if rewrite.last_resort and finding.severity is not Severity.ERROR:
                    continue
                wanted.setdefault(rewrite.name, set()).add((tuple(finding.scope), finding.output))
    return wanted


def with_output_shapes(model: ModelProto) -> ModelProto:
    """A copy whose outputs state the shapes that follow from its inputs, where they follow."""
    facts = Facts.of(model)
    made = ModelProto()
    made.CopyFrom(model)
    for output in made.graph.output:
        value = facts.value(output.name)
        if value is None or value.shape is None or not output.type.HasField("tensor_type"):
            continue
        shape = TensorShapeProto()
        for position, size in enumerate(value.shape):
            dim = shape.dim.add()
            old = output.type.tensor_type.shape.dim
            if isinstance(size, int):
                dim.dim_value = size
            elif isinstance(size, str):
                dim.dim_param = size
            elif position < len(old) and old[position].dim_param:
                dim.dim_param = old[position].dim_param
        output.type.tensor_type.shape.CopyFrom(shape)
    return made
