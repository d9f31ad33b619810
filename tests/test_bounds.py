"""Intervals of integers follow from constants, dtypes, fixed dims and operators; what is not known is all of a dtype."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.integer_ranges import IntegerRanges, Interval
from graphfix.rewriting.registry import registry

TOP, LEAST = 2**31 - 1, -(2**31)
MOST = 2**63 - 1
INT64 = (-(2**63), MOST)
INT32 = (LEAST, TOP)


def model(inputs: str, nodes: str, output: str = "int64[] y", weights: str = "", opset: int = 17) -> onnx.ModelProto:
    text = f'<ir_version: 10, opset_import: ["" : {opset}]> g ({inputs}) => ({output}) <{weights}> {{ {nodes} }}'
    return onnx.parser.parse_model(text)


def bound(
    inputs: str, nodes: str, weights: str = "", opset: int = 17, name: str = "y", output: str = "int64 y"
) -> Interval | None:
    surgery = GraphEditor(model(inputs, nodes, output, weights, opset), "test")
    return IntegerRanges(surgery).of(surgery.top.tensors()[name])


def between(name: str, low: int, high: int) -> tuple[str, str, str]:
    """An input, nodes and constants that give a scalar of any number between two."""
    given = f"int64 {name}_x"
    nodes = f"{name}_m = Max({name}_x, {name}_l) {name} = Min({name}_m, {name}_h) "
    return given, nodes, f"int64 {name}_l = {{{low}}}, int64 {name}_h = {{{high}}}"


def pair(op: str, one: Interval, other: Interval, attributes: str = "") -> Interval | None:
    a, b = between("a", *one), between("b", *other)
    return bound(f"{a[0]}, {b[0]}", f"{a[1]}{b[1]}y = {op}{attributes}(a, b)", f"{a[2]}, {b[2]}")


def alone(op: str, one: Interval, output: str = "int64 y") -> Interval | None:
    given, nodes, weights = between("a", *one)
    return bound(given, f"{nodes}y = {op}(a)", weights, output=output)


def test_an_input_holds_what_its_dtype_holds() -> None:
    for dtype, whole in (("int64", INT64), ("uint32", (0, 2**32 - 1)), ("int8", (-128, 127)), ("bool", (0, 1))):
        assert bound(f"{dtype}[3] x", "y = Identity(x)", output=f"{dtype}[3] y") == whole
    assert bound("float[3] x", "y = Identity(x)", output="float[3] y") is None


def test_an_input_read_as_indices_lies_within_the_axis() -> None:
    given, tokens = "int64[N, 3] x, float[30, 2] e, float[K, 2] f", "float[M, N, 3, 2] g"
    for nodes, wanted in (
        ("g = Gather(e, x) y = ReduceMax<keepdims = 0>(x)", (-30, 29)),
        ("r = Unsqueeze(x, zero) g = Gather(e, r) y = ReduceMax<keepdims = 0>(x)", (-30, 29)),
        ("g = Gather<axis = 1>(e, x) h = Gather(e, x) y = ReduceMax<keepdims = 0>(x)", (-2, 1)),
        ("n = Neg(x) g = Gather(e, n) y = ReduceMax<keepdims = 0>(x)", INT64),
        ("g = Gather(f, x) y = ReduceMax<keepdims = 0>(x)", INT64),
        ("n = Neg(x) g = Gather(e, n) unread = Gather(e, x) y = ReduceMax<keepdims = 0>(x)", INT64),
    ):
        assert bound(given, nodes, "int64[1] zero = {0}", name="x", output=f"int64 y, {tokens}") == wanted


def test_an_input_that_only_a_branch_reads_as_indices_holds_anything() -> None:
    nodes = """g = If(c) <then_branch = a () => (float[3, 2] u) { u = Gather(e, x) }, else_branch = b () => (float[3, 2] v) {
               v = Identity(d) }> y = ReduceMax<keepdims = 0>(x)"""
    given = "bool c, int64[3] x, float[30, 2] e, float[3, 2] d"
    assert bound(given, nodes, name="x", output="int64 y, float[3, 2] g") == INT64


@pytest.mark.parametrize(
    ("op", "one", "other", "wanted"),
    [
        ("Add", (TOP, TOP), (0, 0), (TOP, TOP)),
        ("Add", (0, TOP), (0, 1), (0, 2**31)),
        ("Add", (0, MOST), (0, 1), INT64),
        ("Add", (-5, 2), (-7, 3), (-12, 5)),
        ("Sub", (0, 5), (0, 7), (-7, 5)),
        ("Sub", (LEAST, 0), (0, 1), (LEAST - 1, 0)),
        ("Sub", (INT64[0], 0), (0, 1), INT64),
        ("Mul", (0, 2**16), (0, 2**15), (0, 2**31)),
        ("Mul", (-3, 2), (-5, 7), (-21, 15)),
        ("Mul", (0, 2**32), (0, 2**32), INT64),
        ("Div", (LEAST, 5), (-1, 1), (LEAST, 2**31)),
        ("Div", (10, 20), (3, 5), (2, 6)),
        ("Div", (INT64[0], 5), (-1, -1), INT64),
        ("Div", (-9, 9), (-100, 100), (-9, 9)),
        ("Mod", (0, 5), (1, 100), (0, 5)),
        ("Mod", (-5, 5), (1, 7), (0, 6)),
        ("Mod", (-5, 5), (-7, -1), (-6, 0)),
        ("Mod", INT64, (1, 2**31), (0, TOP)),
        ("Mod", INT64, (1, 2**31 + 1), (0, 2**31)),
        ("Max", (0, 5), (3, 9), (3, 9)),
        ("Min", (0, 5), (3, 9), (0, 5)),
    ],
)
def test_arithmetic_at_the_edges(op: str, one: Interval, other: Interval, wanted: Interval) -> None:
    assert pair(op, one, other) == wanted


@pytest.mark.parametrize(
    ("op", "one", "wanted"),
    [
        ("Neg", (LEAST, 3), (-3, 2**31)),
        ("Neg", (-3, 8), (-8, 3)),
        ("Neg", INT64, INT64),
        ("Abs", (LEAST, 3), (0, 2**31)),
        ("Abs", (-7, -2), (2, 7)),
        ("Abs", (INT64[0], 0), INT64),
    ],
)
def test_operators_of_one_operand_at_the_edges(op: str, one: Interval, wanted: Interval) -> None:
    assert alone(op, one) == wanted


@pytest.mark.parametrize(("op", "fmod"), [("Add", ""), ("Sub", ""), ("Mul", ""), ("Div", ""), ("Mod", ""), ("Mod", "<fmod = 1>")])
def test_no_result_lies_outside(op: str, fmod: str) -> None:
    ends = [-3, -1, 0, 2, 3]
    for one, other in itertools.product(itertools.combinations_with_replacement(ends, 2), repeat=2):
        divisors = [b for b in range(other[0], other[1] + 1) if b or op not in ("Div", "Mod")]
        if not divisors:
            continue
        found = pair(op, one, other, fmod)
        a, b = np.meshgrid(np.arange(one[0], one[1] + 1), np.asarray(divisors))
        feeds = {"a": a.reshape(-1).astype(np.int64), "b": b.reshape(-1).astype(np.int64)}
        asked = ReferenceEvaluator(model("int64[n] a, int64[n] b", f"y = {op}{fmod}(a, b)", "int64[n] y"))
        made = np.asarray(asked.run(None, feeds))
        assert found is not None
        assert found[0] <= int(np.min(made)), (op, one, other)
        assert int(np.max(made)) <= found[1], (op, one, other)


def test_what_wraps_around_is_not_trusted_afterwards() -> None:
    given, nodes, weights = between("a", 0, MOST)
    found = bound(given, f"{nodes} b = Add(a, a_h) y = Div(b, two)", f"{weights}, int64 two = {{2}}")
    assert found == (-(2**62), 2**62 - 1)


@pytest.mark.parametrize(
    ("to", "back", "wanted"),
    [("int32", (0, TOP), (0, TOP)), ("int32", (0, 2**31), INT32), ("int8", (-128, 127), (-128, 127)),
     ("int8", (-128, 128), (-128, 127)), ("uint8", (-1, 3), (0, 255)), ("bool", (0, 5), (0, 1)), ("bool", (5, 5), (0, 1)),
     ("uint64", (-1, 5), (0, 2**63 - 1))],
)  # fmt: skip
def test_a_cast_forth_and_back_holds_what_the_dtype_between_holds(to: str, back: Interval, wanted: Interval) -> None:
    codes = {"int32": 6, "int8": 3, "uint8": 2, "bool": 9, "uint64": 13}
    given, nodes, weights = between("a", *back)
    found = bound(given, f"{nodes} n = Cast<to = {codes[to]}>(a) y = Cast<to = 7>(n)", weights)
    assert found == (INT64 if to == "uint64" else wanted)


def test_a_cast_from_floats_tells_nothing() -> None:
    given, nodes, weights = between("a", 0, 5)
    assert bound(given, f"{nodes} f = Cast<to = 1>(a) y = Cast<to = 7>(f)", weights) == INT64


@pytest.mark.parametrize(
    ("dims", "nodes", "wanted"),
    [
        ("2,9", "y = ArgMax<axis = 1>(x)", (0, 8)),
        ("N,9", "y = ArgMax<axis = 1>(x)", (0, 8)),
        ("N,9", "y = ArgMin<axis = -1>(x)", (0, 8)),
        ("N,9", "y = ArgMax<axis = 0>(x)", (0, MOST - 1)),
        ("N,9", "y = ArgMax(x)", (0, MOST - 1)),
        ("N,9", "v, y = TopK(x, k)", (0, 8)),
        ("9,N", "v, y = TopK(x, k)", (0, MOST - 1)),
        ("N,9", "y = NonZero(x)", (0, MOST - 1)),
        ("4,9", "y = NonZero(x)", (0, 8)),
        ("N,9", "y = Shape(x)", (0, MOST)),
        ("N,9", "y = Size(x)", (0, MOST)),
        ("2147483647,N", "y = ArgMax(x)", (0, TOP - 1)),
        ("2147483649,N", "y = ArgMax(x)", (0, 2**31)),
    ],
)
def test_places_and_sizes_lie_within_fixed_dims_and_a_dynamic_dim_has_no_end(dims: str, nodes: str, wanted: Interval) -> None:
    assert bound(f"float[{dims}] x", nodes, "int64[1] k = {3}", output="int64[?] y") == wanted


def test_sums_are_bounded_by_how_many_there_are() -> None:
    def summed(dims: str, op: str, attributes: str = "", axis: str = "") -> Interval | None:
        return bound(
            f"bool[{dims}] x", f"c = Cast<to = 7>(x) y = {op}{attributes}(c{axis})", "int64 z = {0}", output="int64[?] y"
        )

    assert summed("3,4", "ReduceSum") == (0, 12)
    assert summed("N,4", "ReduceSum") == INT64
    assert summed("3,4", "CumSum", axis=", z") == (0, 12)
    given = "c = Add(x, five) y = CumSum<exclusive = 1>(c, z)"
    found = bound("bool[2] b", f"x = Cast<to = 7>(b) {given}", "int64 z = {0}, int64 five = {5}", output="int64[2] y")
    assert found == (0, 12)


def test_the_greatest_of_none_is_the_least_of_the_dtype() -> None:
    for dims, wanted in (("3", (0, 1)), ("N", INT64), ("0", INT64)):
        found = bound(f"bool[{dims}] x", "c = Cast<to = 7>(x) y = ReduceMax(c)", output="int64[?] y")
        assert found == wanted


def test_what_is_padded_with_counts() -> None:
    def padded(rest: str, attributes: str = "") -> Interval | None:
        text = f"c = Cast<to = 7>(x) d = Add(c, one) y = Pad{attributes}(d, p{rest})"
        return bound(
            "bool[3] x, int64 q", text, "int64[2] p = {1, 1}, int64 far = {3000000000}, int64 one = {1}", output="int64[5] y"
        )

    assert padded("") == (0, 2)
    assert padded(", far") == (1, 3000000000)
    assert padded(", q") == INT64
    assert padded("", '<mode = "edge">') == (1, 2)


def test_clipping_bounds_what_is_not_known() -> None:
    weights = "int64 lo = {-3}, int64 hi = {9}"
    assert bound("int64 x", "y = Clip(x, lo, hi)", weights) == (-3, 9)
    assert bound("int64 x", "y = Clip(x, , hi)", weights) == (INT64[0], 9)
    assert bound("int64 x", "y = Clip(x, lo)", weights) == (-3, MOST)
    assert bound("int64 x, int64 q", "y = Clip(x, lo, q)", weights) == INT64


def test_choices_and_joins_hold_all_parts() -> None:
    weights = "int64[1] a = {-4}, int64[1] b = {7}"
    assert bound("bool[1] c", "y = Where(c, a, b)", weights, output="int64[1] y") == (-4, 7)
    assert bound("bool[1] c", "d = Cast<to = 7>(c) y = Concat<axis = 0>(a, d, b)", weights, output="int64[3] y") == (-4, 7)
    assert bound("int64[1] c", "y = Concat<axis = 0>(a, c)", weights, output="int64[2] y") == INT64


def test_a_chain_longer_than_python_recurses() -> None:
    nodes = "".join(f"a{at + 1} = Add(a{at}, one) " for at in range(3000))
    given, first, weights = between("a", 0, 1)
    found = bound(given, f"{first} a0 = Identity(a) {nodes} y = Identity(a3000)", f"{weights}, int64 one = {{1}}")
    assert found == (3000, 3001)


def narrowed(one: Interval, node: str, other: Interval = (0, 0)) -> tuple[str, ...]:
    a, b = between("a", *one), between("b", *other)
    made = model(f"{a[0]}, {b[0]}", f"{a[1]}{b[1]}y = {node}", "int64 y", f"{a[2]}, {b[2]}")
    name = node.partition("(")[0]
    outcome = registry()["narrow-int64"].apply(made, frozenset({((), "y")}))
    nodes: list[Any] = [] if outcome.model is None else list(outcome.model.graph.node)
    assert not nodes or any(n.op_type == name for n in nodes)
    return tuple(outcome.changed)


@pytest.mark.parametrize(
    ("one", "node", "other", "fires"),
    [
        ((0, TOP - 1), "Add(a, b)", (0, 1), True),
        ((0, TOP), "Add(a, b)", (0, 1), False),
        ((LEAST + 1, 0), "Sub(a, b)", (0, 1), True),
        ((LEAST, 0), "Sub(a, b)", (0, 1), False),
        ((LEAST + 1, 0), "Neg(a)", (0, 0), True),
        ((LEAST, 0), "Neg(a)", (0, 0), False),
        ((LEAST + 1, 0), "Abs(a)", (0, 0), True),
        ((LEAST, 0), "Abs(a)", (0, 0), False),
        ((LEAST, 5), "Div(a, b)", (1, 3), True),
        ((LEAST, 5), "Div(a, b)", (-1, -1), False),
        ((LEAST, 5), "Mod(a, b)", (2, 3), True),
        ((LEAST, 5), "Mod(a, b)", (-1, -1), False),
        ((LEAST + 1, 5), "Mod(a, b)", (-1, -1), True),
        ((0, 2**31), "Identity(a)", (0, 0), False),
        ((0, TOP), "Identity(a)", (0, 0), True),
    ],
)
def test_integers_are_narrowed_up_to_the_edge_and_no_further(one: Interval, node: str, other: Interval, fires: bool) -> None:
    assert bool(narrowed(one, node, other)) is fires
