"""The solver: rows of sizes that only folding follows come out known, whatever their length, each node inferred but once."""

from __future__ import annotations

import pytest

from graphfix.analysis.facts import Facts
from graphfix.analysis.node_inference import NodeInference
from graphfix.linter.example import Example

LEVEL = (
    "s{0} = Shape({1})\nf{0} = Cast<to = 1>(s{0})\nm{0} = Mul(f{0}, one)\nn{0} = Cast<to = 7>(m{0})\ny{0} = Reshape({1}, n{0})"
)
"""A view of data whose target onnx's data propagation gives up on, at the cast to floats, and folding follows."""

BRANCH = (
    "y{0} = If(c) <then_branch = a{0} () => (p) {{ s = Shape({1}) f = Cast<to = 1>(s) m = Mul(f, one) n = Cast<to = 7>(m) "
    "p = Reshape({1}, n) }}, else_branch = b{0} () => (q) {{ q = Neg({1}) }}>"
)
"""The same view in one branch of a condition that is not known."""


def chain(levels: int, level: str = LEVEL, inputs: str = "float[2,3] x") -> Facts:
    """Levels each of which makes `y` of its number from that of the last."""
    rows = [level.format(at, f"y{at - 1}" if at else "x") for at in range(levels)]
    last = f"float y{levels - 1}"
    return Facts.of(Example("\n".join(rows), inputs=inputs, outputs=last, weights="float one = {1}").model)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operators of the nodes that are inferred alone from here on."""
    found: list[str] = []
    infer = NodeInference.infer

    def counted(self: NodeInference, node: object, *more: object) -> object:
        found.append(node.op_type)  # type: ignore[attr-defined]
        return infer(self, node, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(NodeInference, "infer", counted)
    return found


@pytest.mark.parametrize("levels", [1, 40, 400])
def test_sizes_that_only_folding_follows_are_known_at_every_level(levels: int) -> None:
    found = chain(levels)
    assert {found.value(f"y{at}").shape for at in range(levels)} == {(2, 3)}  # type: ignore[union-attr]


@pytest.mark.parametrize("levels", [40, 300])
def test_dynamic_dims_keep_their_names_through_views(levels: int) -> None:
    level = (
        "s{0} = Shape<start = 1>({1})\nf{0} = Cast<to = 1>(s{0})\nm{0} = Mul(f{0}, one)\nn{0} = Cast<to = 7>(m{0})\n"
        "b{0} = Shape<start = 0, end = 1>({1})\nt{0} = Concat<axis = 0>(b{0}, n{0})\ny{0} = Reshape({1}, t{0})"
    )
    found = chain(levels, level, "float[N,3] x")
    assert {found.value(f"y{at}").shape for at in range(levels)} == {("N", 3)}  # type: ignore[union-attr]


@pytest.mark.parametrize("levels", [40, 120])
def test_rows_that_lead_through_branches_are_known_at_every_level(levels: int) -> None:
    found = chain(levels, BRANCH, "float[2,3] x, bool c")
    assert {found.value(f"y{at}").shape for at in range(levels)} == {(2, 3)}  # type: ignore[union-attr]


def test_the_nodes_inferred_alone_grow_with_the_levels(runs: list[str]) -> None:
    counts = []
    for levels in (50, 100, 200):
        runs.clear()
        chain(levels)
        counts.append(len(runs))
    assert 50 <= counts[0] <= 50 * 5
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])


def test_the_nodes_inferred_alone_grow_with_the_branches(runs: list[str]) -> None:
    counts = []
    for levels in (20, 40, 80):
        runs.clear()
        chain(levels, BRANCH, "float[2,3] x, bool c")
        counts.append(len(runs))
    assert 20 <= counts[0] <= 20 * 8
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])


def test_what_onnx_follows_by_itself_is_not_inferred_again(runs: list[str]) -> None:
    chain(20, "s{0} = Shape({1})\ny{0} = Reshape({1}, s{0})")
    assert not runs


def test_what_follows_from_an_operand_that_turns_out_to_contradict_its_node_is_unknown() -> None:
    nodes = f"{LEVEL.format(0, 'x')}\nw = Squeeze(y0, z)\nv = Relu(w)"
    model = Example(nodes, inputs="float[2,3] x", outputs="float v", weights="float one = {1}, int64[1] z = {0}").model
    assert Facts.of(model).value("v").shape is None  # type: ignore[union-attr]


def test_what_is_put_into_a_sequence_of_unknown_kind_is_no_trouble() -> None:
    nodes = f"{LEVEL.format(0, 'x')}\nq = SequenceConstruct(y0, y0)\nr = SequenceInsert(q, y0)\nv = SequenceAt(r, k)"
    model = Example(nodes, inputs="float[2,3] x, int64 k", outputs="float v", weights="float one = {1}").model
    assert Facts.of(model).value("v").shape == (2, 3)  # type: ignore[union-attr]
