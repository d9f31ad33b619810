"""The simulation of an arithmetic: rounding, switches, fused values, samples, budgets and mixtures."""

from __future__ import annotations

import math

import numpy as np
import onnx
import pytest
from onnx import ModelProto

from graphfix.errors import ModelError, UsageError
from graphfix.precision.fusions import unrounded
from graphfix.precision.judge import judge
from graphfix.precision.mixed import mixture
from graphfix.precision.narrowing import narrow_model
from graphfix.precision.output_errors import OutputError, errors_of, within
from graphfix.precision.samples import input_samples
from graphfix.precision.simulation import simulation
from graphfix.probe.precision_models import BUILDERS, samples
from graphfix.tables.precision import precision_table
from graphfix.verify.budget import Budget
from graphfix.verify.runtime import session

HEAD = '<ir_version: 8, opset_import: ["" : %d]> g '


def parsed(text: str, opset: int = 17) -> ModelProto:
    return onnx.parser.parse_model(HEAD % opset + text)


def bfloat16(values: np.ndarray) -> np.ndarray:
    bits = values.astype(np.float32).view(np.uint32)
    return (((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) << 16).astype(np.uint32).view(np.float32)


def tf32(values: np.ndarray) -> np.ndarray:
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return (((bits + 0xFFF + ((bits >> 13) & 1)) >> 13) << 13).astype(np.uint32).view(np.float32)


X = np.random.default_rng(4).standard_normal((2, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("arithmetic", "rounded"), [("float16", lambda x: x.astype(np.float16).astype(np.float32)), ("bfloat16", bfloat16)]
)
@pytest.mark.parametrize("opset", [11, 17])
def test_operands_and_results_are_rounded(arithmetic: str, rounded, opset: int) -> None:  # type: ignore[no-untyped-def]
    model = parsed("(float[2, 3] x) => (float[2, 3] y) <float k = {3.1}> { h = Mul(x, k) y = Exp(h) }", opset)
    with simulation(model, arithmetic) as simulated:
        got = simulated.run({"x": X}, None)[0]
        exact = simulated.run({"x": X}, ())[0]
    product = rounded(X) * rounded(np.float32([3.1])) if arithmetic == "float16" else X * np.float32(3.1)
    if arithmetic == "float16":
        wanted = rounded(np.exp(rounded(product)))
        np.testing.assert_allclose(got, wanted, rtol=2**-10)
        assert set(got.ravel()) == set(rounded(got).ravel())
    np.testing.assert_allclose(exact, np.exp(X * np.float32(3.1)), rtol=1e-6)
    assert 0 < np.abs(got - exact).max() < 0.05 * np.abs(exact).max()


def test_tf32_rounds_the_operands_of_products_alone() -> None:
    weight = np.random.default_rng(5).standard_normal((3, 4)).astype(np.float32)
    numbers = ", ".join(map(repr, weight.ravel().tolist()))
    model = parsed(f"(float[2, 3] x) => (float[2, 4] y) <float[3, 4] w = {{{numbers}}}> {{ t = Mul(x, x) y = MatMul(t, w) }}")
    with simulation(model, "tf32") as simulated:
        assert simulated.count == 1
        got = simulated.run({"x": X}, None)[0]
    np.testing.assert_allclose(got, tf32(X * X) @ tf32(weight), rtol=1e-5, atol=1e-6)
    assert np.abs(got - (X * X) @ weight).max() > 1e-5


@pytest.mark.parametrize("name", BUILDERS)
def test_without_a_node_rounded_the_outputs_are_those_of_the_model(name: str) -> None:
    model = BUILDERS[name](17)
    feed = samples(model, 1)[0]
    with session(model) as running:
        wanted = running.run(None, feed)[0]
    for arithmetic in ("bfloat16", "tf32"):
        with simulation(model, arithmetic) as simulated:
            np.testing.assert_array_equal(simulated.run(feed, ())[0], wanted)
            assert not np.array_equal(simulated.run(feed, None)[0], wanted)
            names = [name for name, exact, narrow in simulated.values(feed)]
            assert len(names) == len(set(names)) > 0


def test_only_the_chosen_nodes_are_rounded() -> None:
    model = parsed("(float[2, 3] x) => (float[2, 3] y) { a = Exp(x) b = Exp(a) y = Tanh(b) }")
    with simulation(model, "float16") as simulated:
        runs = [simulated.run({"x": X}, which, ["a", "b"]) for which in ((), (0,), (1,), (0, 1))]
    assert not np.array_equal(runs[1][0], runs[0][0])
    assert np.array_equal(runs[2][0], runs[0][0])
    assert not np.array_equal(runs[2][1], runs[0][1])
    assert not np.array_equal(runs[3][1], runs[1][1])


def test_what_is_fused_and_what_follows_the_last_product_is_not_rounded_to_bfloat16() -> None:
    model = parsed(
        "(float[2, 3] x) => (float[2, 3] y) <float[3, 3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9}, float[3] b = {1, 2, 3}> "
        "{ m = MatMul(x, w) a = Add(m, b) r = Relu(a) s = Mul(r, r) "
        "z = Tanh(s) q = Add(z, x) n = MatMul(q, w) c = Add(n, b) y = Softmax(c) }"
    )
    found = unrounded(model)
    assert found.values >= {"m", "a", "n"}
    assert "r" not in found.values  # two operands of one reader
    assert "s" in found.values
    assert "z" not in found.values  # the other operand of its reader is computed
    assert found.nodes == {"c", "y"}
    assert not unrounded(parsed("(float[2, 3] x) => (float[2, 3] y) { a = Exp(x) y = Neg(a) }")).nodes


def test_control_flow_and_integers_pass() -> None:
    model = parsed(
        """(float[2, 3] x, bool c) => (float[2, 3] y, int64[2] best) {
             a = Exp(x)
             y = If (c) <then_branch = t () => (float[2, 3] p) { p = Neg(a) },
                         else_branch = e () => (float[2, 3] q) { q = Abs(a) }>
             best = ArgMax<axis = 1, keepdims = 0>(a) }"""
    )
    report = judge(model, "float16", [{"x": X, "c": np.array(True)}])
    assert report.simulated == 1
    assert report.outputs[0].snr > 50
    assert report.outputs[1].noise == 0


def test_an_input_that_does_not_fit_is_one_line() -> None:
    model = parsed("(float[2, 3] x) => (float[2, 3] y) { y = Exp(x) }")
    with simulation(model, "float16") as simulated, pytest.raises(ModelError, match="onnxruntime cannot run it on these inputs"):
        simulated.run({"x": X[:1]}, ())


def test_float32_is_not_simulated() -> None:
    report = judge(BUILDERS["recurrent"](17), "float32", [])
    assert report.simulated == 0
    assert not report.lost


def test_data_for_a_batch_of_minus_one_is_one_sample() -> None:
    model = parsed("(float[1, 3] x) => (float[1, 3] y) { y = Exp(x) }")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = -1
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    assert [feed["x"].tolist() for feed in input_samples(model, {"x": rows}, {})] == [rows.tolist()]


def test_data_may_hold_several_samples() -> None:
    model = parsed("(float[1, 3] x) => (float[1, 3] y) { y = Exp(x) }")
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    assert [feed["x"].tolist() for feed in input_samples(model, {"x": rows}, {})] == [[row] for row in rows.tolist()]
    assert len(input_samples(model, {"x": rows.reshape(4, 1, 3)}, {})) == 4
    assert len(input_samples(model, {"x": rows[:1]}, {})) == 1
    assert len(input_samples(model, None, {})) == 3
    with pytest.raises(UsageError, match="no input"):
        input_samples(model, {"z": rows}, {})


def test_errors_and_the_budgets_they_are_within() -> None:
    exact = np.array([[1.0, 2.0, 3.0], [4.0, 1.0, 0.0]], np.float32)
    (error,) = errors_of(["y"], [([exact], [exact + np.float32([0.0, 0.0, 0.01])])])
    assert error.metrics.largest == pytest.approx(0.01, rel=1e-4)
    assert error.snr == pytest.approx(10 * math.log10(31 / 2e-4), abs=0.01)
    assert within(Budget(snr=51), [error])
    assert not within(Budget(snr=52), [error])
    assert within(Budget(largest=0.011), [error])
    assert within(Budget(top1=0), [error])
    (swapped,) = errors_of(["y"], [([exact], [exact[::-1]])])
    assert not within(Budget(top1=0.5), [swapped])
    (lost,) = errors_of(["y"], [([exact], [np.where(exact == 3, np.inf, exact)])])
    assert lost.lost == 1
    assert lost.snr == -math.inf
    assert not any(within(budget, [lost]) for budget in (Budget(snr=-100), Budget(largest=1e9), Budget(top1=1)))
    assert OutputError("y").noise == 0


OVERFLOWS = "(float[2, 3] x) => (float[2, 3] y) { a = Exp(x) b = Mul(a, a) c = Sqrt(b) d = Tanh(x) y = Add(c, d) }"
FEEDS = [{"x": np.float32([[7.0, 1.0, 2.0], [3.0, 6.0, 8.0]])}]


def test_a_mixture_keeps_the_nodes_that_overflow_and_no_others() -> None:
    with simulation(parsed(OVERFLOWS), "float16") as simulated:
        assert mixture(simulated, FEEDS, None).keep == frozenset()
        found = mixture(simulated, FEEDS, Budget(snr=50))
        assert {simulated.made.nodes[at].output[0] for at in found.keep} == {"b", "c"}
        assert found.whole[0].lost == 3
        assert found.errors[0].snr >= 50
        with pytest.raises(ModelError, match="even in float32"):
            mixture(simulated, [{"x": np.float32([[200.0] * 3] * 2)}], Budget(largest=-1.0))


def test_the_mixed_model_is_within_the_budget() -> None:
    made = narrow_model(parsed(OVERFLOWS), "mixed", FEEDS, Budget(snr=50), [])
    assert made.runs
    assert made.kept == ["b", "c"]
    assert made.errors[0].snr >= 50
    onnx.checker.check_model(made.model, full_check=True)
    whole = narrow_model(parsed(OVERFLOWS), "float16", FEEDS, None, [])
    assert not whole.kept
    assert whole.errors[0].lost == 3


def test_a_form_that_the_target_does_not_take_is_refused_in_its_words() -> None:
    tract, openvino = precision_table("tract"), precision_table("openvino")
    assert tract is not None
    assert openvino is not None
    model = BUILDERS["convolution"](17)
    feeds = samples(model, 1)
    with pytest.raises(UsageError, match=r"tract .* supports no bfloat16 form"):
        narrow_model(model, "bfloat16", feeds, None, [tract, openvino])
    made = narrow_model(model, "float16", feeds, None, [openvino])
    assert made.form.scope == "all"
    assert made.errors[0].snr > 55
