"""Which dynamic dims of the inputs have one size only because of an operator that reads what is computed from them."""

from __future__ import annotations

import onnx
import pytest

from graphfix.rewriting.registry import registry

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g'


def sizes(signature: str, body: str) -> dict[str, list[object]]:
    """The dims of the inputs after the rewrite; none where it declines."""
    made = registry()["dims-by-operators"].apply(onnx.parser.parse_model(f"{HEAD} {signature} {{ {body} }}")).model
    inputs = made.graph.input if made is not None else []
    return {info.name: [dim.dim_param or dim.dim_value for dim in info.type.tensor_type.shape.dim] for info in inputs}


def test_a_quotient_of_one_entry_has_operands_of_one_entry() -> None:
    signature = "(float[N, 3, 4] x, float[M, 1, 4] s) => (float[3, 4] y) <int64[1] first = {0}>"
    assert sizes(signature, "d = Div(x, s) y = Squeeze(d, first)") == {"x": [1, 3, 4], "s": [1, 1, 4]}


def test_the_axis_is_followed_through_a_transpose() -> None:
    signature = "(float[N, M, 4] x, float[K, 1, 4] s) => (float[A, 4] y) <int64[1] first = {0}>"
    body = "d = Mul(x, s) t = Transpose<perm = [1, 0, 2]>(d) a = Abs(t) y = Squeeze(a, first)"
    assert sizes(signature, body) == {"x": ["N", 1, 4], "s": ["K", 1, 4]}


def test_boxes_and_scores_have_one_batch() -> None:
    signature = "(float[N, 6, 4] b, float[1, 2, 6] s) => (int64[K, 3] y)"
    assert sizes(signature, "y = NonMaxSuppression(b, s)")["b"] == [1, 6, 4]


@pytest.mark.parametrize(
    "target",
    ["{2, -1}", "{0, 6}", "{5, 2}"],
)
def test_a_target_that_leaves_a_size_open_fixes_none(target: str) -> None:
    assert sizes(f"(float[N, 3] x) => (float[A, B] y) <int64[2] target = {target}>", "y = Reshape(x, target)") == {}
