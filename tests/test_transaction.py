"""The workbench of fix: what is noted of changes, and which outcomes and states are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest
from onnx import ModelProto, parser

from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.linter.fix_rules import FALLBACK, FixRule
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import Outcome, Safety
from graphfix.rewriting.states import Snapshot, Step
from graphfix.rewriting.transaction import Change, WorkingModel
from graphfix.rewriting.verdict_comparison import regressions, severity_score
from graphfix.verify.reference import Reference, Tolerance


def model(body: str) -> ModelProto:
    return parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> g (float[4] x) => (float[4] y) {{ {body} }}')


def bench(body: str = "y = Relu(x)") -> WorkingModel:
    """A workbench on which no target finds anything."""
    given = model(body)
    return WorkingModel(given, Reference(given), lambda _: [])


def finding(op: str, severity: Severity = Severity.ERROR, kind: str = "operator") -> Finding:
    return Finding("GF101", "unsupported-operator", severity, "demo", "", (), "node", op, "", "y", kind)


def counts(errors: int, warnings: int = 0, target: str = "demo") -> list[Result]:
    """What one target says: so many errors and warnings."""
    said = [finding(f"Op{letter}") for letter in "abcdef"[:errors]]
    return [Result("", target, "1", 1, [*said, *[finding("Op", Severity.WARNING)] * warnings])]


class Last(NodeRewrite):
    """A last resort."""

    name = "last"
    safety = Safety.EXACT
    fixes: ClassVar = (FixRule("Neg"),)
    before = after = "y = Neg(x)"
    last_resort = True


def kept(before: Sequence[Result], after: Sequence[Result], rewrite: NodeRewrite | None = None) -> str | None:
    """Why a rewrite that leads from the one verdict to the other is not kept; None where it is."""
    given = model("y = Relu(x)")
    made = WorkingModel(given, Reference(given), lambda _: before)
    reason = made.keep(rewrite or Last(), Outcome(model("z = Relu(x) y = Relu(z)"), ("y",), (((), "y"),)), results=after)
    assert (made.model is given) == (reason is not None)
    return reason


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (counts(2), counts(1), None),
        (counts(2), counts(2), "does not resolve any finding"),
        (counts(2, 3), counts(2, 0), "does not resolve any finding"),
        (counts(2, 0), counts(1, 3), None),
        (counts(0, 3), counts(0, 1), "does not resolve any finding"),
    ],
)
def test_a_last_resort_has_to_take_an_error_away(before: Sequence[Result], after: Sequence[Result], reason: str | None) -> None:
    assert kept(before, after) == reason


def test_other_rewrites_may_leave_as_many_errors() -> None:
    class First(Last):
        """No last resort."""

        last_resort = False

    assert kept(counts(2), counts(2), First()) is None


def test_more_of_the_same_errors_are_a_regression_for_who_did_not_ask() -> None:
    old = Result("", "two", "1", 1, [finding("Mul")])
    new = Result("", "two", "1", 2, [finding("Mul"), finding("Mul")])
    assert [(was, found.op) for was, found in regressions([old], [new], {"one"})] == [(old, "Mul")]
    assert not list(regressions([old], [new], {"two"}))
    assert not list(regressions([old], [new]))


def test_as_many_errors_as_before_are_no_regression_but_any_are_where_none_were() -> None:
    one, other = counts(1, target="two"), [Result("", "two", "1", 1, [finding("Mul")])]
    assert not list(regressions(one, other, {"one"}))
    assert [found.op for _, found in regressions(counts(0, target="two"), other)] == ["Mul"]
    assert not list(regressions(counts(0), counts(0, 2), {"one"}))


def test_of_new_errors_only_those_are_told_that_were_not_there() -> None:
    old, new = counts(1, target="two"), counts(3, 1, target="two")
    assert [found.op for _, found in regressions(old, new, {"one"})] == ["Opb", "Opc"]


def test_what_is_slow_weighs_nothing_and_errors_weigh_more_than_warnings() -> None:
    slow = Result("", "demo", "1", 1, [finding("Op", Severity.WARNING, FALLBACK), finding("Op", Severity.NOTE)])
    assert severity_score([slow]) == (0, 0)
    assert severity_score([*counts(1, 2), slow, *counts(2, 1)]) == (3, 3)
    assert severity_score(counts(1, 0)) > severity_score(counts(0, 6))


@pytest.mark.parametrize(
    ("after", "kept"), [(counts(1, 1), "first"), (counts(1, 0), "second"), (counts(0, 6), "second"), (counts(2, 0), "first")]
)
def test_the_best_state_is_the_earliest_of_several_alike(after: list[Result], kept: str) -> None:
    first, second = model("y = Relu(x)"), model("y = Abs(x)")
    made = WorkingModel(first, Reference(first), lambda m: counts(1, 1) if m is first else after)
    made.mark()
    made.trail.append(Step(Last(), ((None, ""),), first, []))
    made.model, made._results = second, None
    made.mark()
    assert made.best is not None
    assert made.best.model is {"first": first, "second": second}[kept]
    assert [step.rewrite.name for step in made.recall()] == (["last"] if kept == "first" else [])
    assert made.model is made.best.model


def refusals(count: int, reason: str = "it is Sunday") -> list[Change]:
    return [Change("one", Safety.EXACT, f"node {at}", False, reason) for at in range(count)]


def comparisons(count: int) -> int:
    """How often changes are compared while so many refusals are noted, each twice, and the last state is gone back from."""
    made = bench()
    made.mark()
    made.changes += [Change("one", Safety.EXACT, f"node {at}", True) for at in range(count)]
    compared = 0
    plain = Change.__eq__

    def counting(one: Change, other: object) -> bool:
        nonlocal compared
        compared += 1
        return plain(one, other)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Change, "__eq__", counting)
        for change in [*refusals(count), *refusals(count)]:
            made.note(change)
        made.model = model("y = Abs(x)")
        made.recall()
    assert len(made.changes) == 2 * count
    return compared


def test_noting_and_withdrawing_changes_compares_each_a_few_times() -> None:
    few, many = comparisons(100), comparisons(400)
    assert many <= 6 * max(few, 100)


def test_a_refusal_is_noted_once_whoever_recorded_it_before() -> None:
    made = bench()
    one, other = refusals(2)
    made.changes.append(one)
    for change in (one, other, other, *refusals(1, "it rains"), one):
        made.note(change)
    assert [(change.node, change.declined) for change in made.changes] == [
        ("node 0", "it is Sunday"), ("node 1", "it is Sunday"), ("node 0", "it rains"),
    ]  # fmt: skip


def test_what_was_withdrawn_is_not_noted_again() -> None:
    made = bench()
    start = made.model
    made.mark()
    made.note(refusals(1)[0])
    made.changes += [Change("two", Safety.EXACT, "y", True)] * 2
    made.model = model("y = Abs(x)")
    made.recall()
    assert made.model is start
    withdrawn = Change("two", Safety.EXACT, "y", False, "skipped: it leads to no rewrite that resolves a finding")
    assert made.changes == [*refusals(1), withdrawn]
    made.note(withdrawn)
    made.note(refusals(1)[0])
    made.note(refusals(2)[1])
    assert made.changes == [refusals(1)[0], withdrawn, refusals(2)[1]]


def test_changes_from_before_the_best_state_stay_applied() -> None:
    made = bench()
    made.changes.append(Change("early", Safety.EXACT, "y", True))
    made.best = Snapshot((0, 0), made.model, [], None, Tolerance(), 1)
    made.changes.append(Change("late", Safety.EXACT, "y", True))
    made.model = model("y = Abs(x)")
    made.recall()
    assert [(change.rewrite, change.applied) for change in made.changes] == [("early", True), ("late", False)]
