"""Verification at edge values: what random inputs hardly ever hold, and what is reported without deciding."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import ModelProto

from graphfix.verify.edge_samples import scaled, without_roundings
from graphfix.verify.edge_values import EDGES, WIDE, edge_feed
from graphfix.verify.reference import Reference, Tolerance


def model(body: str, inputs: str = "float[N, 8] x", outputs: str = "float[N, 8] y", opset: int = 17) -> ModelProto:
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]> g ({inputs}) => ({outputs}) {{ {body} }}')


ONE = "one = Constant<value = float {1.0}>()"


@pytest.mark.parametrize(
    ("before", "after", "column"),
    [
        ("y = Softplus(x)", f"{ONE} e = Exp(x) s = Add(e, one) y = Log(s)", "large"),
        ("y = Identity(x)", "k = Constant<value = float {400.0}>() y = Min(x, k)", "large"),
        ("y = LpNormalization(x)", "s = ReduceSumSquare<axes = [-1]>(x) e = Constant<value = float {1e-9}>() "
         "t = Add(s, e) r = Sqrt(t) y = Div(x, r)", "tiny"),
    ],
)  # fmt: skip
def test_a_difference_at_an_edge_fails_and_is_told(before: str, after: str, column: str) -> None:
    found = Reference(model(before)).check(model(after))
    assert not found.passed
    assert (found.reason or "").startswith(f"at {column}: ")


def test_a_stated_exception_is_not_compared_and_the_others_are() -> None:
    reference = Reference(model("y = Softplus(x)"))
    wrong = model(f"{ONE} e = Exp(x) s = Add(e, one) y = Log(s)")
    found = reference.check(wrong, Tolerance(except_at=frozenset({"large"})))
    assert found.passed
    assert found.edges == tuple(column for column in EDGES if column != "large")
    assert found.inputs == 4
    assert not reference.check(wrong, Tolerance(except_at=frozenset({"ties"}))).passed


def test_an_edge_at_which_the_original_is_not_finite_is_left_out() -> None:
    inverse = model("y = Reciprocal(x)")
    found = Reference(inverse).check(inverse)
    assert found.passed
    assert not {"zeros", "ties"} & set(found.edges)
    assert {"ones", "large"} <= set(found.edges)


def test_nan_and_infinity_are_reported_and_decide_nothing() -> None:
    reference = Reference(model("y = Relu(x)"))
    other = model("z = Sub(x, x) p = Greater(x, z) y = Where(p, x, z)")
    assert reference.check(other).passed
    assert reference.nonfinite(other) == {"nan": "same", "inf": "differs"}
    assert reference.nonfinite(reference.original) == {"nan": "same", "inf": "same"}


def test_given_data_are_all_that_is_compared() -> None:
    reference = Reference(model("y = Relu(x)"), data={"x": np.ones((1, 8), np.float32)})
    assert reference.check(reference.original).edges == ()
    assert reference.nonfinite(reference.original) == {}


def test_columns_hold_what_they_say_in_every_float_and_leave_bound_inputs() -> None:
    for dtype in ("float16", "float32", "float64"):
        feed = {"x": np.zeros((40,), dtype), "k": np.ones((40,), dtype), "b": np.ones((3,), bool), "i": np.arange(3)}
        made = {column: edge_feed(feed, column, ["k"], ["i"]) or {} for column in WIDE}
        assert all(fed["x"].dtype == dtype and np.array_equal(fed["k"], feed["k"]) for fed in made.values())
        assert {bool(sign) for sign in np.signbit(made["zeros"]["x"])} == {True, False}
        assert len(set(made["ties"]["x"].tolist())) < 9
        assert np.isfinite(made["large"]["x"]).all()
        assert np.abs(made["large"]["x"]).max() > 1000
        assert np.abs(made["tiny"]["x"]).max() < 0.01
        assert np.isnan(made["nan"]["x"]).any()
        assert {*made["inf"]["x"][np.isinf(made["inf"]["x"])].tolist()} == {np.inf, -np.inf}
        assert (made["zeros"]["b"].any(), made["ones"]["b"].all(), made["ones"]["i"].tolist()) == (False, True, [1, 1, 1])
        assert np.array_equal(made["large"]["i"], feed["i"])
    assert edge_feed({"i": np.arange(3)}, "zeros") is None


def test_what_rounding_decides_is_told_from_what_is_wrong() -> None:
    fed = {"x": np.asarray([30000.0, 2.0], np.float32)}

    def floor(feed: dict[str, np.ndarray]) -> np.ndarray:  # type: ignore[type-arg]
        return np.asarray(np.floor(feed["x"] * np.float32(3)))

    old, moved = floor(fed), [floor(other) for other in scaled(fed, 8)]
    one_less, all_less = old - np.asarray([1, 0], np.float32), old - np.asarray([1, 5], np.float32)
    assert np.array_equal(without_roundings(old, one_less, moved), old)
    assert without_roundings(old, all_less, moved).tolist() == [old[0], old[1] - 5]
    shorter = old[:1]
    assert without_roundings(old, shorter, moved) is shorter
