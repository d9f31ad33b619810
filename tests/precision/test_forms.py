"""Models in reduced precision: narrow floats with nodes kept, stored weights, and onnxruntime's quantised forms."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from graphfix.errors import UsageError
from graphfix.precision.half_conversion import convert, narrowed
from graphfix.precision.quantised_form import quantise
from graphfix.precision.weight_only import RANGES, store, store_weights
from graphfix.probe.precision_forms import forms
from graphfix.probe.precision_models import BUILDERS, samples
from graphfix.tables.precision import MODELS, Form
from graphfix.verify.runtime import session

HALF = TensorProto.FLOAT16
CHAIN = """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 4] x, int64[2] at) => (float[N, 4] y, int64[N] best)
  <float[4, 4] w = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1000000}> {
    a = MatMul(x, w)
    b = Exp(a)
    c = Log(b)
    best = ArgMax<axis = 1, keepdims = 0>(c)
    y = Relu(c) }"""


def snr(model: onnx.ModelProto, other: onnx.ModelProto) -> float:
    """How near the other model's outputs are, in dB."""
    feed = samples(model, 1)[0]
    found = []
    for one in (model, other):
        with session(one) as running:
            given = {name: array.astype(helper.tensor_dtype_to_np_dtype(_code(one, name))) for name, array in feed.items()}
            found.append(np.asarray(running.run(None, given)[0], np.float64))
    noise = np.square(found[0] - found[1]).sum()
    return float(10 * np.log10(np.square(found[0]).sum() / noise)) if noise else 300.0


def _code(model: onnx.ModelProto, name: str) -> int:
    return next(info.type.tensor_type.elem_type for info in model.graph.input if info.name == name)


def test_a_node_that_is_kept_stands_between_casts() -> None:
    made, wide = convert(onnx.parser.parse_model(CHAIN), "float16", keep={"b"})
    onnx.checker.check_model(made, full_check=True)
    assert not wide
    ops = [node.op_type for node in made.graph.node]
    assert ops == ["Cast", "MatMul", "Cast", "Exp", "Cast", "Log", "ArgMax", "Relu", "Cast"]
    assert {info.name for info in made.graph.output} == {"y", "best"}
    weight = next(tensor for tensor in made.graph.initializer if tensor.data_type == HALF)
    assert numpy_helper.to_array(weight)[3, 3] == 65504  # clamped, not infinite


def test_the_interface_may_be_narrow() -> None:
    made, _ = convert(onnx.parser.parse_model(CHAIN), "float16", interface="float16")
    onnx.checker.check_model(made, full_check=True)
    assert [node.op_type for node in made.graph.node] == ["MatMul", "Exp", "Log", "ArgMax", "Relu"]
    assert _code(made, "x") == HALF
    assert _code(made, "at") == TensorProto.INT64


def test_bodies_and_operators_without_the_dtype_stay_in_float32() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4, 4] x, bool c) => (float[1, 1, 2, 2] y)
      <float[1, 1, 3, 3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9}> {
        a = Conv(x, w)
        y = If (c) <then_branch = t () => (float[1, 1, 2, 2] p) { p = Relu(a) },
                    else_branch = e () => (float[1, 1, 2, 2] q) { q = Neg(a) }> }"""
    made, wide = convert(onnx.parser.parse_model(text), "bfloat16")
    onnx.checker.check_model(made, full_check=True)
    assert wide == ["a", "y"]  # Conv has bfloat16 from opset 22 on only
    made, wide = convert(onnx.parser.parse_model(text), "float16")
    onnx.checker.check_model(made, full_check=True)
    assert wide == ["y"]
    with session(made) as running:
        x = np.ones((1, 1, 4, 4), np.float32)
        np.testing.assert_allclose(running.run(None, {"x": x, "c": np.array(True)})[0], 45.0)


def test_narrowing_rounds_to_even_as_a_cast_does() -> None:
    values = np.concatenate([np.random.default_rng(0).standard_normal(4000) * 100, [1 + 2**-8, 1 + 3 * 2**-8, 0.0, -0.0]])
    values = np.append(values, [np.inf, -np.inf]).astype(np.float32)
    for dtype, code in (("float16", HALF), ("bfloat16", TensorProto.BFLOAT16)):
        nodes = [helper.make_node("Cast", ["x"], ["h"], to=code), helper.make_node("Cast", ["h"], ["y"], to=1)]
        infos = [helper.make_tensor_value_info(name, 1, [values.size]) for name in ("x", "y")]
        graph = helper.make_graph(nodes, "g", infos[:1], infos[1:])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        with session(model) as running:
            wanted = running.run(None, {"x": values})[0]
        bits = narrowed(values, dtype)
        got = bits.view(np.float16).astype(np.float32) if dtype == "float16" else (bits.astype(np.uint32) << 16).view(np.float32)
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("dtype", RANGES)
@pytest.mark.parametrize("per", ["tensor", "channel", "block"])
def test_stored_weights_are_within_half_a_step(dtype: str, per: str) -> None:
    weight = np.random.default_rng(1).standard_normal((70, 6)).astype(np.float32)
    found = store(weight, dtype, per, axis=1, reduced=0)
    scales = found.scales if per != "block" else np.repeat(found.scales, 32, axis=0)[:70]
    zeros = 0 if found.zeros is None else found.zeros if per != "block" else np.repeat(found.zeros, 32, axis=0)[:70]
    step = scales / 2 if not dtype.startswith("float8") else np.abs(weight) * 2**-4 + scales  # made float8 when it is written
    assert (np.abs((found.values - zeros) * scales - weight) <= step * 1.001 + 1e-6).all()
    assert found.scales.shape == {"tensor": (), "channel": (6,), "block": (3, 6)}[per]


@pytest.mark.parametrize(
    ("dtype", "per", "least"), [("int8", "channel", 35.0), ("uint8", "tensor", 30.0), ("int4", "block", 12.0)]
)
def test_a_model_with_stored_weights_runs_and_is_near(dtype: str, per: str, least: float) -> None:
    model = BUILDERS["transformer"](21)
    made = store_weights(model, dtype, per)
    onnx.checker.check_model(made, full_check=True)
    assert snr(model, made) > least
    assert sum(node.op_type == "DequantizeLinear" for node in made.graph.node) == 6
    spared = store_weights(model, dtype, per, exclude={"node_matmul_1"})
    assert sum(node.op_type == "DequantizeLinear" for node in spared.graph.node) == 5


def test_the_forms_that_are_measured_are_few_and_each_once() -> None:
    found = forms()
    assert len(set(found)) == len(found) < 120
    assert {form.scheme for form in found} == {"qdq", "qoperator", "dynamic", "weight-only", "float"}
    assert set(BUILDERS) == set(MODELS)


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("opset", [13, 17, 21, 22])
def test_the_small_models_are_valid_at_every_opset(name: str, opset: int) -> None:
    model = BUILDERS[name](opset)
    with session(model) as running:
        assert np.isfinite(running.run(None, samples(model, 1)[0])[0]).all()


@pytest.mark.parametrize(
    "form",
    [
        Form(scheme="qdq", weights="int8", activations="int8", per="channel"),
        Form(scheme="qdq", weights="int8", activations="uint8", symmetric=False, bias="int32", scope="all", pairs="shared"),
        Form(scheme="dynamic", weights="int8", activations="uint8", symmetric=False, scope="all"),
        Form(scheme="weight-only", weights="uint4", per="block", domain="com.microsoft"),
        Form(scheme="float", weights="float16", activations="float16", scope="all"),
        Form(scheme="float", weights="float16", activations="float16", scope="core"),
    ],
    ids=lambda form: form.label,
)
def test_a_form_is_made_and_computes_nearly_the_same(form: Form) -> None:
    model = BUILDERS["transformer"](form.opset)
    made = quantise(model, form, samples(model))
    onnx.checker.check_model(made)
    assert snr(model, made) > (12.0 if "4" in form.weights and form.scheme == "weight-only" else 22.0)
    zeros = [numpy_helper.to_array(tensor) for tensor in made.graph.initializer if "zero_point" in tensor.name]
    if form.scheme == "qdq":
        assert form.symmetric == all((array == 0).all() for array in zeros)
        kinds = {node.op_type for node in made.graph.node}
        assert {"QuantizeLinear", "DequantizeLinear"} <= kinds


def test_a_form_that_cannot_be_made_is_refused_on_one_line() -> None:
    model = BUILDERS["convolution"](17)
    with pytest.raises(UsageError, match="cannot be made"):
        quantise(model, Form(scheme="qdq", weights="uint8", activations="int8"), samples(model))
