"""The workbench of fix: what is noted of changes, and which outcomes and states are kept."""

from __future__ import annotations

import pytest
from onnx import ModelProto, parser

from graphfix.rewrite import Safety
from graphfix.transaction import Change, Snapshot, Workbench
from graphfix.verify import Reference, Tolerance


def model(body: str) -> ModelProto:
    return parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> g (float[4] x) => (float[4] y) {{ {body} }}')


def bench(body: str = "y = Relu(x)") -> Workbench:
    """A workbench on which no target finds anything."""
    given = model(body)
    return Workbench(given, Reference(given), lambda _: [])


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
    withdrawn = Change("two", Safety.EXACT, "y", False, "withdrawn: it leads to nothing that cures")
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
