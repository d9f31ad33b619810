"""Verification compares names, types, shapes and values, on inputs that could tell."""

from __future__ import annotations

import re

import numpy as np
import onnx
import pytest
from onnx import ModelProto

from graphfix.errors import UsageError
from graphfix.linter.example import Example
from graphfix.verify.feeds import seeded_feeds
from graphfix.verify.reference import Reference, Tolerance, compare


def model(body: str, inputs: str = "float[N, 4] x", outputs: str = "float[N, 4] y", opset: int = 17) -> ModelProto:
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]> g ({inputs}) => ({outputs}) {{ {body} }}')


def test_equal_models_pass_at_two_sizes() -> None:
    found = Reference(model("y = Relu(x)")).check(model("h = Identity(x) y = Relu(h)"))
    assert found.passed
    assert found.inputs == 4
    assert (found.max_abs_error, found.min_cosine, found.reason) == (0.0, 1.0, None)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("y = HardSigmoid<alpha = 0.2>(x)", "y = HardSigmoid<alpha = 0.21>(x)", "differs by"),
        ("y = Softmax<axis = 1>(x)", "y = Softmax<axis = 0>(x)", "differs by"),
        ("y = Relu(x)", "y = Abs(x)", "differs by"),
        ("y = Identity(x)", "y = Sqrt(x)", "is nan"),
        ("y = Identity(x)", "z = Sub(x, x) y = Div(x, z)", "is "),
        ("y = Relu(x)", "y = Transpose(x)", "is ["),
    ],
)
def test_a_wrong_result_fails_with_its_reason(before: str, after: str, says: str) -> None:
    found = Reference(model(before)).check(model(after))
    assert not found.passed
    assert says in (found.reason or "")


def test_a_wrong_integer_fails_whatever_the_tolerance() -> None:
    kinds = {"inputs": "int64[3] x", "outputs": "int64[3] y"}
    before = model("y = Identity(x)", **kinds)
    one = model("one = Constant<value = int64 {1}>() y = Add(x, one)", **kinds)
    found = Reference(before).check(one, Tolerance(1.0, 10.0))
    assert not found.passed
    assert found.max_abs_error == 1.0


def test_another_dtype_fails() -> None:
    found = Reference(model("y = Relu(x)")).check(model("y = Cast<to = 11>(x)", outputs="double[N, 4] y"))
    assert "was float32, is float64" in (found.reason or "")


def test_a_renamed_output_fails() -> None:
    found = Reference(model("y = Relu(x)")).check(model("z = Relu(x)", outputs="float[N, 4] z"))
    assert found.reason == "outputs y became z"


def test_nan_in_the_same_place_is_equal() -> None:
    old = np.array([1.0, np.nan, np.inf, -np.inf], np.float32)
    assert compare("y", old, old.copy(), Tolerance()).reason is None
    assert compare("y", old, np.array([1, 0, np.inf, -np.inf], np.float32), Tolerance(1, 1)).reason is not None
    assert compare("y", old, np.array([1, np.nan, -np.inf, -np.inf], np.float32), Tolerance(1, 1)).reason is not None


def test_exact_allows_a_rounding_and_no_more() -> None:
    old = np.linspace(-1, 1, 9, dtype=np.float32)
    assert compare("y", old, old + np.float32(2e-7), Tolerance()).reason is None
    assert compare("y", old, old + np.float32(5e-6), Tolerance()).reason is not None


def test_the_errors_are_measured() -> None:
    found = Reference(model("y = Identity(x)")).check(
        model("k = Constant<value = float {1.01}>() y = Mul(x, k)"), Tolerance(rtol=0.02)
    )
    assert found.passed
    assert found.max_abs_error > 0.01
    assert found.max_rel_error == pytest.approx(0.01, rel=1e-3)
    assert found.min_cosine == pytest.approx(1.0)


def test_inputs_hold_negatives_zeros_and_whole_numbers_and_are_seeded() -> None:
    graph = model("y = Relu(x) j = Identity(i)", "float[64] x, int64[64] i", "float[64] y, int64[64] j")
    feeds = [seeded_feeds(graph, {}, {}, (1, 8), seed) for seed in range(3)]
    again = seeded_feeds(graph, {}, {}, (1, 8), 1)
    assert again is not None
    assert all(feed is not None for feed in feeds)
    floats = np.concatenate([feed["x"] for feed in feeds if feed])
    integers = np.concatenate([feed["i"] for feed in feeds if feed])
    assert (floats < 0).any()
    assert (floats == 0).any()
    assert ((floats == np.round(floats)) & (floats != 0)).any()
    assert set(integers.tolist()) == {0, 1, 2, 3}
    assert np.array_equal(again["x"], feeds[1]["x"])  # type: ignore[index]


def test_bytes_are_fed_over_their_whole_range_and_wider_integers_are_not() -> None:
    graph = model("y = Identity(x) j = Identity(i)", "uint8[600] x, int64[600] i", "uint8[600] y, int64[600] j")
    small, wide = (seeded_feeds(graph, {}, {}, (1, 8), seed) for seed in (0, 1))
    assert small is not None
    assert wide is not None
    assert set(small["x"].tolist()) == {0, 1, 2, 3}
    assert (wide["x"].dtype, int(wide["x"].min()), int(wide["x"].max())) == (np.uint8, 0, 255)
    assert len(set(wide["x"].tolist())) > 200
    assert set(wide["i"].tolist()) == {0, 1, 2, 3}


def test_a_symbol_has_one_size_on_all_inputs() -> None:
    graph = model("y = Add(x, z)", "float[N, M] x, float[N, M] z", "float[N, M] y")
    assert Reference(graph).check(graph).inputs == 4
    feed = seeded_feeds(graph, {"x": [5, 7]}, {}, (1, 8), 0)
    assert feed is not None
    assert feed["z"].shape == (5, 7)


def test_a_size_the_original_cannot_run_is_not_counted() -> None:
    graph = model("s = Constant<value = int64[2] {-1, 7}>() y = Reshape(x, s)", "float[N, M] x", "float[A, B] y")
    found = Reference(graph).check(graph)
    assert found.passed
    assert found.inputs > 0


def test_an_original_that_cannot_run_verifies_nothing() -> None:
    graph = model("s = Constant<value = int64[1] {5}>() y = Reshape(x, s)", "float[3] x", "float[M] y")
    found = Reference(graph).check(graph)
    assert (found.passed, found.inputs) == (False, 0)
    assert (found.reason or "").startswith("onnxruntime cannot run the original")


def test_a_result_that_cannot_run_fails() -> None:
    before = model("y = Relu(x)", "float[3] x", "float[3] y")
    after = model("s = Constant<value = int64[1] {5}>() y = Reshape(x, s)", "float[3] x", "float[M] y")
    assert "cannot run the result" in (Reference(before).check(after).reason or "")


def test_a_bound_input_is_fed_to_the_original_and_not_to_the_result() -> None:
    before = model("y = Mul(x, k)", "float[N, 4] x, float k")
    after = model("k = Constant<value = float {3.0}>() y = Mul(x, k)")
    assert Reference(before, {}, {"k": 3.0}).check(after).passed
    assert not Reference(before, {}, {"k": 2.0}).check(after).passed


def test_the_users_data_is_what_is_compared() -> None:
    before, after = model("y = Relu(x)"), model("y = Identity(x)")
    data = {"x": np.ones((2, 4), np.float32)}
    found = Reference(before, data=data).check(after)
    assert found.passed
    assert found.inputs == 1
    assert "given data" in found.method
    with pytest.raises(UsageError, match="did you mean `x`"):
        Reference(before, data={"xx": data["x"]}).check(after)


def test_a_big_model_goes_to_onnxruntime_by_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphfix.verify.runtime.TOO_BIG", 1)
    before = model("y = Relu(x)")
    assert Reference(before).check(model("h = Identity(x) y = Relu(h)")).passed
    assert not Reference(before).check(model("y = Abs(x)")).passed


def test_what_onnxruntime_has_no_kernel_for_is_run_by_onnx() -> None:
    deep = model("y = DepthToSpace<blocksize = 2>(x)", "int32[1, 4, 2, 2] x", "int32[1, 1, 4, 4] y")
    other = model("""y = DepthToSpace<blocksize = 2, mode = "CRD">(x)""", "int32[1, 4, 2, 2] x", "int32[1, 1, 4, 4] y")
    moved = model("n = Neg(x) d = DepthToSpace<blocksize = 2>(n) y = Neg(d)", "int32[1, 4, 2, 2] x", "int32[1, 1, 4, 4] y")
    reference = Reference(deep)
    found = reference.check(moved)
    assert found.passed, found.reason
    assert "onnx's interpreter" in found.method
    assert reference.check(other).passed  # one channel: both orders are the same
    wrong = model("n = Abs(x) d = DepthToSpace<blocksize = 2>(n) y = Neg(d)", "int32[1, 4, 2, 2] x", "int32[1, 1, 4, 4] y")
    assert not reference.check(wrong).passed


def test_integers_that_are_places_in_a_short_axis_are_found() -> None:
    graph = model("y = Gather(x, i)", "float[2, 3] x, int64[9] i", "float[9, 3] y")
    assert Reference(graph).check(graph).inputs >= 1
    single = model("y = Gather(x, i)", "float[1, 3] x, int64[9] i", "float[9, 3] y")
    assert Reference(single).check(single).inputs == 3


def test_a_model_that_no_memory_holds_is_not_run() -> None:
    big = Example("y = Expand(x, s)", inputs="float[1] x", weights=f"int64[1] s = {{{2**44}}}").model
    found = Reference(big).check(big)
    assert not found.passed
    assert re.fullmatch(
        r"onnxruntime cannot run the original: `y` takes 70,369 GB, and this machine has \d+ GB for it", found.reason or ""
    )
