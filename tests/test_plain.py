"""What plain inference, which follows no arithmetic on sizes, does not tell of operands."""

from __future__ import annotations

import pytest
from onnx import ModelProto

from graphfix.analysis.facts import Facts, NodeFacts
from graphfix.linter.example import Example

WEIGHTS = "int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[1] rest = {-1}, int64[2] fixed = {4, 8}"
WEIGHTS += ", int64[3] written = {-1, 4, 8}, float[8] scale = {1, 1, 1, 1, 1, 1, 1, 1}, int64[1] four = {4}"
BATCH = "s = Shape(x)\nb = Gather<axis = 0>(s, zero)\n"
VIEW = BATCH + "t = Concat<axis = 0>(b, four, rest)\nv = Reshape(x, t)\n"
CASES = {
    VIEW + "y = LayerNormalization(v, scale)": "last",
    VIEW + "w = Relu(v)\ny = Softmax(w)": "last",
    VIEW + "w = Add(v, scale)\ny = Relu(w)": "inner",
    VIEW + "w = Add(v, scale)\nz = Transpose(w)\ny = Relu(z)": "inner",
    VIEW + "k = Gather<axis = 1>(v, zero)\ny = Neg(scale)": "none",
    BATCH + "t = Concat<axis = 0>(b, fixed)\nv = Reshape(x, t)\ny = Softmax(v)": "none",
    "v = Reshape(x, written)\ny = Softmax(v)": "none",
    "y = Softmax(x)": "none",
    "n = NonZero(x)\ny = Cast<to = 1>(n)": "none",
    VIEW + "m = NonZero(v)\ny = Neg(scale)": "none",
}


def followed(node: NodeFacts) -> object:
    return dict(node.structure).get("followed", "none")


def last(nodes: str, inputs: str = "float[n,32] x", opset: int = 17) -> object:
    model: ModelProto = Example(nodes, inputs=inputs, weights=WEIGHTS).model
    model.opset_import[0].version = opset
    return followed(Facts.of(model).nodes[-1])


@pytest.mark.parametrize(("nodes", "wanted"), CASES.items(), ids=CASES)
def test_sizes_that_only_arithmetic_tells_are_noticed(nodes: str, wanted: str) -> None:
    assert last(nodes) == wanted


def test_where_not_even_the_rank_is_told_nothing_follows() -> None:
    assert last(VIEW + "y = Softmax(v)", opset=12) == "none"


def test_fixed_inputs_leave_nothing_to_follow() -> None:
    assert last(VIEW + "y = Softmax(v)", inputs="float[2,32] x") == "none"


def test_a_batch_stated_as_a_negative_size_is_not_written_down() -> None:
    model = Example(
        BATCH + "t = Concat<axis = 0>(b, fixed)\nv = Reshape(x, t)\ny = Softmax(v)", inputs="float[n,32] x", weights=WEIGHTS
    ).model
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = -1
    assert followed(Facts.of(model).nodes[-1]) == "last"


def test_producers_and_nodes_agree_on_what_was_noticed() -> None:
    facts = Facts.of(Example(VIEW + "w = Relu(v)\ny = Softmax(w)", inputs="float[n,32] x", weights=WEIGHTS).model)
    assert facts.producer("w") is facts.nodes[-2]
    assert followed(facts.nodes[-2]) == "last"


def test_a_batch_that_only_a_state_tells_is_told_apart() -> None:
    nodes = "a = GRU<hidden_size = 4>(x, w, r, , , h)\nb = Squeeze(a, one)\ny = Relu(b)"
    weights = f"{WEIGHTS}, float[1,12,4] w = {{{','.join(['0'] * 48)}}}, float[1,12,4] r = {{{','.join(['0'] * 48)}}}"
    model = Example(nodes, inputs="float[3,n,4] x, float[1,1,4] h", weights=weights).model
    assert followed(Facts.of(model).nodes[-1]) == "state"
