"""Folding agrees with onnxruntime on the operators it knows, and gives up rather than guess."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from onnx import NodeProto, ValueInfoProto, helper

from graphfix.analysis.constant_folding import LIMIT, fold
from graphfix.analysis.facts import Facts
from graphfix.linter.example import Example

WEIGHTS = (
    "int64[4] v = {7, -3, 0, 2}, int64[2,2] m = {1, -2, 3, 4}, float[3] f = {1.5, -2.5, 2.5}, int64 one = {1}, int64 two = {2}, "
    "int64[1] z = {0}, int64[1] last = {-1}, int64[1] high = {9223372036854775807}, int64[1] back = {-1}, int64[2] s = {2, 2}, "
    "bool[2] b = {1, 0}, int64[2] p = {5, 6}, int64[2] q = {7, 5}, int64 four = {4}, "
    "int64[2,2] m0 = {1, 0, 0, 4}, int64[2,2] at = {0, 1, 1, 0}, int64[1,1] row = {-1}, int64[1,2] m1 = {8, 9}"
)
CASES = {
    "Add": "r = Add(v, one)", "Sub": "r = Sub(v, two)", "Mul": "r = Mul(m, two)", "Div truncates": "r = Div(v, two)",
    "Mod": "r = Mod(v, two)", "Neg": "r = Neg(v)", "Abs": "r = Abs(v)", "Floor": "r = Floor(f)", "Ceil": "r = Ceil(f)",
    "Round half to even": "r = Round(f)", "Cast": "r = Cast<to = 7>(f)", "Gather": "r = Gather(v, two)",
    "Gather negative": "r = Gather<axis = 1>(m, last)", "Slice": "r = Slice(v, z, last)",
    "Slice to the end": "r = Slice(v, z, high)", "Slice backwards": "r = Slice(v, last, lo, z, back)",
    "Concat": "r = Concat<axis = 0>(v, z)", "Squeeze": "r = Squeeze(z)", "Unsqueeze": "r = Unsqueeze(v, z)",
    "Reshape": "r = Reshape(v, s)", "Transpose": "r = Transpose(m)", "Range": "r = Range(one, four, one)",
    "Expand": "r = Expand(z, s)", "Tile": "r = Tile(z, two1)", "Min": "r = Min(v, one)", "Max": "r = Max(v, one, two)",
    "Equal": "r = Equal(v, two)", "Greater": "r = Greater(v, one)", "Less": "r = Less(v, one)", "Not": "r = Not(b)",
    "Where": "r = Where(b, p, q)", "ReduceProd": "r = ReduceProd<keepdims = 0>(m)", "ReduceSum": "r = ReduceSum(m, z)",
    "ConstantOfShape": "r = ConstantOfShape(s)", "Identity": "r = Identity(v)", "Pow": "r = Pow(v, two)",
    "NonZero": "r = NonZero(m0)", "NonZero of one row": "r = NonZero(v)", "Trilu": "r = Trilu(m, one)",
    "Trilu lower": "r = Trilu<upper = 0>(m)", "ScatterND of elements": "r = ScatterND(m, at, q)",
    "ScatterND of rows": "r = ScatterND(m, row, m1)",
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_folding_agrees_with_onnxruntime(name: str) -> None:
    weights = WEIGHTS + ", int64[1] two1 = {2}, int64[1] lo = {-9223372036854775807}"
    floats = any(word in CASES[name] for word in ("Floor", "Ceil", "Round", "ConstantOfShape"))
    kind = "bool" if any(word in CASES[name] for word in ("Equal", "Greater", "Less", "Not")) else "float" if floats else "int64"
    model = Example(CASES[name], inputs="float x", outputs=f"{kind} r", weights=weights).model
    (expected,) = ort.InferenceSession(model.SerializeToString()).run(None, {"x": np.zeros((), np.float32)})
    found = Facts.of(model).value("r")
    assert found is not None
    assert found.constant is not None, "not folded"
    np.testing.assert_array_equal(found.constant, expected)
    assert found.constant.dtype == expected.dtype


@pytest.mark.parametrize(
    ("nodes", "weights"),
    [
        ("r = ConstantOfShape(s)", f"int64[1] s = {{{LIMIT + 1}}}"),
        ("r = Reshape(v, s)", "int64[3] v = {1, 2, 3}, int64[1] s = {2}"),
        ("r = Cos(v)", "float[1] v = {1.0}"),
        ('r = ScatterND<reduction = "add">(v, s, v)', "float[1] v = {1.0}, int64[1,1] s = {0}"),
    ],
    ids=["too large", "impossible", "not shape arithmetic", "combined"],
)
def test_what_cannot_be_folded_is_left_alone(nodes: str, weights: str) -> None:
    found = Facts.of(Example(nodes, inputs="float x", outputs="float r", weights=weights).model).value("r")
    assert found is not None
    assert found.constant is None


def test_an_operator_of_another_domain_is_never_folded() -> None:
    node = Example("r = example.Add(x, x)").model.graph.node[0]
    assert fold(node, [np.ones(1), np.ones(1)]) is None


INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
BINARY = (
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Mod",
    "Mod fmod",
    "Pow",
    "Min",
    "Max",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
)
REDUCED = ("ReduceSum", "ReduceProd", "ReduceMean", "ReduceMax", "ReduceMin")
TAKEN = {"Add": INTEGERS, "Sub": INTEGERS, "Mul": INTEGERS, "Div": INTEGERS, "Mod": INTEGERS, "Mod fmod": INTEGERS}
"""The types that onnxruntime computes these operators in, which it must not stop to do unnoticed."""


def edges(dtype: str) -> list[int]:
    kind = np.iinfo(dtype)
    near = {kind.min, kind.min + 1, -7, -3, -2, -1, 0, 1, 2, 3, 5, 7, 2**53 + 1, kind.max // 2, kind.max - 1, kind.max}
    return sorted(number for number in near if kind.min <= number <= kind.max)


def computed(op: str, arrays: list[np.ndarray], **attributes: int) -> tuple[NodeProto, np.ndarray | None]:
    """The node, and what onnxruntime computes; None where it has no kernel for the type."""
    node = helper.make_node(op, [f"x{at}" for at in range(len(arrays))], ["r"], **attributes)
    given = [
        helper.make_tensor_value_info(f"x{at}", helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for at, a in enumerate(arrays)
    ]
    graph = helper.make_graph([node], "g", given, [ValueInfoProto(name="r")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(made.SerializeToString(), options)
    except Exception:  # onnxruntime has kinds of its own for a missing kernel; TAKEN says where there must be one
        return node, None
    return node, session.run(None, {f"x{at}": array for at, array in enumerate(arrays)})[0]


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", BINARY)
def test_integers_are_computed_as_onnxruntime_does(name: str, dtype: str) -> None:
    op, _, fmod = name.partition(" ")
    low = np.iinfo(dtype).min
    pairs = [(a, b) for a in edges(dtype) for b in edges(dtype) if op not in ("Div", "Mod") or (b != 0 and (a, b) != (low, -1))]
    attributes = {"fmod": 1 if fmod else 0} if op == "Mod" else {}
    node, expected = computed(op, [np.array(column, dtype) for column in zip(*pairs, strict=True)], **attributes)
    if expected is None:
        assert dtype not in TAKEN.get(name, ("int32", "int64"))
        pytest.skip("onnxruntime does not compute it")
    for (a, b), wanted in zip(pairs, expected, strict=True):
        made = fold(node, [np.array(a, dtype), np.array(b, dtype)])
        if made is None:
            assert op == "Pow", f"{a}, {b} is not folded"
            assert b < 0 or abs(a) ** min(b, 64) > min(2**53 - 1, np.iinfo(dtype).max)
            continue
        assert made.dtype == wanted.dtype
        assert made == wanted, f"{a}, {b}"


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("op", ["Neg", "Abs"])
def test_signs_are_computed_as_onnxruntime_does(op: str, dtype: str) -> None:
    node, expected = computed(op, [np.array(edges(dtype), dtype)])
    if expected is None:
        assert dtype not in ("int32", "int64")
        pytest.skip("onnxruntime does not compute it")
    made = fold(node, [np.array(edges(dtype), dtype)])
    assert made is not None
    assert made.dtype == expected.dtype
    np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("op", REDUCED)
def test_reductions_are_computed_as_onnxruntime_does_or_not_at_all(op: str, dtype: str) -> None:
    folded = 0
    for first in edges(dtype):
        for second in edges(dtype)[::3]:
            node, expected = computed(op, [np.array([first, second, 1], dtype)], keepdims=0)
            if expected is None:
                assert dtype not in ("int32", "int64")
                pytest.skip("onnxruntime does not compute it")
            made = fold(node, [np.array([first, second, 1], dtype)])
            folded += made is not None
            assert made is None or (made == expected and made.dtype == expected.dtype), f"{first}, {second}"
    assert folded > 20


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize(("op", "attributes"), [("Div", {}), ("Mod", {}), ("Mod", {"fmod": 1})])
def test_what_is_divided_by_zero_is_not_folded(op: str, attributes: dict[str, int], dtype: str) -> None:
    node = helper.make_node(op, ["a", "b"], ["r"], **attributes)
    assert fold(node, [np.array([5, 6], dtype), np.array([1, 0], dtype)]) is None


@pytest.mark.parametrize("dtype", INTEGERS[:4])
def test_the_quotient_that_no_integer_holds_wraps_around(dtype: str) -> None:
    low = np.array(np.iinfo(dtype).min, dtype)
    made = fold(helper.make_node("Div", ["a", "b"], ["r"]), [low, np.array(-1, dtype)])
    assert made == low
    assert made is not None
    assert made.dtype == low.dtype


@pytest.mark.parametrize("dtype", [1, 11])
@pytest.mark.parametrize("periodic", [0, 1])
@pytest.mark.parametrize("size", [1, 2, 9, 16])
@pytest.mark.parametrize("op", ["HannWindow", "HammingWindow", "BlackmanWindow"])
def test_windows_agree_with_onnxruntime(op: str, size: int, periodic: int, dtype: int) -> None:
    node, kind = f"r = {op}<periodic = {periodic}, output_datatype = {dtype}>(n)", "float" if dtype == 1 else "double"
    model = Example(node, inputs="float x", outputs=f"{kind} r", weights=f"int64 n = {{{size}}}").model
    (expected,) = ort.InferenceSession(model.SerializeToString()).run(None, {"x": np.zeros((), np.float32)})
    found = Facts.of(model).value("r")
    assert found is not None
    assert found.constant is not None, "not folded"
    assert found.constant.dtype == expected.dtype
    if size > 1 or periodic:  # one value that is not periodic is 0 / 0
        np.testing.assert_allclose(found.constant, expected, atol=2e-6)
