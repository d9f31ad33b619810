"""Shapes that onnx does not infer: parts of dynamic tensors, and positions behind a cache."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facts import Facts

HEAD = '<ir_version: 8, opset_import: ["": 17]> g (%s) => (float[] Y) <int64[1] i0 = {0}, int64[1] i1 = {1}> { %s }'


def shape(inputs: str, body: str, name: str = "Y") -> tuple[int | str | None, ...] | None:
    found = Facts.of(parser.parse_model(HEAD % (inputs, body))).value(name)
    return None if found is None else found.shape


@pytest.mark.parametrize(
    ("count", "axis", "found"), [("{8}", -1, ("b", 4, 8)), ("{3}", 1, ("b", 3, "n")), ("{2}", 0, (2, 4, "n"))]
)
def test_topk_keeps_the_other_dims_and_takes_as_many_as_it_says(count: str, axis: int, found: tuple[int | str, ...]) -> None:
    body = f"k = Constant<value = int64[1] {count}>() Y, p = TopK<axis = {axis}>(X, k)"
    assert shape("float[b,4,n] X", body) == shape("float[b,4,n] X", body, "p") == found


def test_a_slice_to_the_dims_of_another_tensor_has_the_fixed_ones_of_them() -> None:
    body = "s = Shape(I) z = Constant<value = int64[2] {0, 0}>() Y = Slice(X, z, s)"
    assert shape("float[e,8] X, int64[e,6] I", body) == ("e", 6)


def test_a_slice_of_one_axis_keeps_the_dynamic_dims_of_the_others() -> None:
    body = "s = Shape(P) n = Gather(s, i0) Y = Slice(X, i0, n, i1)"
    assert shape("float[e,64] X, float[p,4] P", body) == ("e", "p")


def test_a_reshape_divides_multiples_of_dynamic_dims() -> None:
    body = (
        "m = Constant<value = int64[4] {-1, 1, 3, 3}>() A = Reshape(X, m) s = Shape(X) b = Gather(s, i0) "
        "r = Constant<value = int64[2] {8, -1}>() t = Concat<axis = 0>(b, r) Y = Reshape(A, t)"
    )
    assert shape("float[b,64,9] X", body) == ("b", 8, 72)


CACHE = "s = Shape(I) n = Gather(s, i1) q = Shape(P) p = Gather(q, i0) l = Add(p, n) "
INPUTS = "int64[b,n] I, float[p,4] P"


def test_the_positions_behind_a_cache_are_as_many_as_the_new_tokens() -> None:
    scalars = "a = Squeeze(p, i0) e = Squeeze(l, i0) one = Constant<value = int64 {1}>() R = Range(a, e, one) Y = Cast<to = 1>(R)"
    assert shape(INPUTS, CACHE + scalars) == ("n",)


def test_a_table_is_sliced_to_them() -> None:
    table = "z = Constant<value = int64[2] {64, 8}>() T = ConstantOfShape(z) "
    assert shape(INPUTS, CACHE + table + "Y = Slice(T, p, l, i0, i1)") == ("n", 8)


def test_a_difference_that_may_be_negative_is_no_dim() -> None:
    lower = (
        "m = Sub(p, n) a = Squeeze(p, i0) e = Squeeze(m, i0) one = Constant<value = int64 {1}>() "
        "R = Range(a, e, one) Y = Cast<to = 1>(R)"
    )
    found = shape(INPUTS, CACHE + lower)
    assert found is not None
    assert found[0] not in ("n", "-1*n")


def test_dims_of_different_names_broadcast_to_one_dim_wherever_they_meet() -> None:
    body = "A = Add(X, U) B = Sub(U, X) C = Relu(B) Y = Mul(A, C)"
    one, other = (shape("float[2,n] X, float[1,m] U", body, name) for name in "AC")
    assert one is not None
    assert one == other
    assert one[1] not in ("n", "m", None)


def test_a_group_norm_with_dynamic_dims_has_the_dims_of_its_data() -> None:
    text = (
        '<ir_version: 10, opset_import: ["": 21]> g (float[k,4,h,w] X) => (float[] Y) <float[4] s = {1, 1, 1, 1}, '
        "float[4] b = {0, 0, 0, 0}> { g = GroupNormalization<num_groups = 2>(X, s, b) Y = Relu(g) }"
    )
    found = Facts.of(parser.parse_model(text)).value("Y")
    assert found is not None
    assert found.shape == ("k", 4, "h", "w")


@pytest.mark.parametrize(
    ("reduction", "found"),
    [
        ("Y = ReduceSum(X, r)", ("b", 1, 1)),
        ("Y = ReduceSum<keepdims = 0>(X, r)", ("b",)),
        ("Y = ReduceSum(X, e)", (1, 1, 1)),
        ("Y = ReduceSum<noop_with_empty_axes = 1>(X, e)", ("b", 4, "n")),
    ],
    ids=["kept", "gone", "all", "none"],
)
def test_a_reduction_over_the_axes_behind_the_first_leaves_it(reduction: str, found: tuple[int | str, ...]) -> None:
    axes = "s = Shape(X) c = Size(s) one = Constant<value = int64 {1}>() r = Range(one, c, one) e = Range(c, c, one) "
    assert shape("float[b,4,n] X", axes + reduction) == found
