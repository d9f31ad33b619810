"""Measuring forms and arithmetics: with a compiler that runs here, and the predicted error beside the measured one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from graphfix.backends.base import available
from graphfix.backends.connect import open_backend
from graphfix.precision.cpu import features
from graphfix.precision.judge import judge
from graphfix.probe import precision_run
from graphfix.probe.precision_arithmetic import told
from graphfix.probe.precision_forms import USUAL
from graphfix.probe.precision_models import BUILDERS
from graphfix.tables.precision import REJECTED, SUPPORTED, Form, precision_table

OPENVINO = pytest.mark.skipif(available("openvino") is None, reason="openvino is not installed")
BFLOAT16 = {"avx512_bf16", "amx_bf16"}


@pytest.mark.parametrize(
    ("errors", "name"),
    [((1e-7, 1e-7), "float32"), ((3e-4, 3e-4), "tf32"), ((3e-4, np.inf), "float16"), ((2e-3, 2e-3), "bfloat16")],
)
def test_errors_tell_the_arithmetic(errors: tuple[float, float], name: str) -> None:
    assert told(errors) == name


@OPENVINO
@pytest.mark.compiler
def test_a_compiler_is_measured_and_its_answers_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = Form(scheme="qoperator", weights="int8", activations="uint8", symmetric=False, bias="int32", scope="all")
    monkeypatch.setattr(precision_run, "forms", lambda: [USUAL, odd])
    evidence = tmp_path / "evidence"
    made = precision_run.measure_precision("openvino", home=tmp_path / "rules", evidence=evidence)
    assert made.verdict(USUAL) == SUPPORTED
    assert made.verdict(odd, ["convolution"]) == REJECTED
    assert {mode.precision for mode in made.arithmetics} >= {"float32"}
    path = tmp_path / "rules" / "openvino" / made.version / "precision" / "forms.json"
    before = path.read_text()
    kept = (evidence / "openvino-precision.jsonl").read_text()
    precision_run.measure_precision("openvino", home=tmp_path / "rules", evidence=evidence)
    assert path.read_text() == before
    assert (evidence / "openvino-precision.jsonl").read_text() == kept  # nothing was asked again


def deep(seed: int) -> onnx.ModelProto:
    """A stack of products and activations, in which errors add up."""
    random = np.random.default_rng(seed)
    nodes, tensors, value = [], [], "x"
    for at in range(6):
        tensors.append(numpy_helper.from_array((random.standard_normal((48, 48)) / 6).astype(np.float32), f"w{at}"))
        nodes += [helper.make_node("MatMul", [value, f"w{at}"], [f"m{at}"]), helper.make_node("Tanh", [f"m{at}"], [f"t{at}"])]
        value = f"t{at}"
    infos = [helper.make_tensor_value_info(name, 1, [16, 48]) for name in ("x", value)]
    graph = helper.make_graph(nodes, "deep", infos[:1], infos[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


MODELS = {**{name: build(17) for name, build in BUILDERS.items()}, "deep": deep(1), "deeper": deep(2)}


@OPENVINO
@pytest.mark.compiler
@pytest.mark.skipif(BFLOAT16.isdisjoint(features()), reason="this CPU has no bfloat16")
@pytest.mark.parametrize("name", MODELS)
def test_the_predicted_error_is_within_a_factor_of_two_of_the_measured_one(name: str, tmp_path: Path) -> None:
    model = MODELS[name]
    known = precision_table("openvino")
    assert known is not None
    assert known.default(features()).precision == "bfloat16"
    info = model.graph.input[0]
    random = np.random.default_rng(9)
    dims = [dim.dim_value for dim in info.type.tensor_type.shape.dim]
    feeds = [{info.name: random.standard_normal(dims).astype(np.float32)} for _ in range(3)]
    predicted = judge(model, "bfloat16", feeds).outputs[0]
    from graphfix.verify.runtime import session as reference

    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    noise = signal = 0.0
    with open_backend("openvino") as session, reference(model) as running:
        for feed in feeds:
            exact = running.run(None, feed)[0]
            np.savez(tmp_path / "inputs.npz", **{f"in:{info.name}": feed[info.name], "out:y": exact})
            session.ask(
                path, inputs=tmp_path / "inputs.npz", results=tmp_path / "results.npz", options={"precision": "default"}
            )  # fmt: skip
            with np.load(tmp_path / "results.npz") as found:
                noise += float(np.square(found[found.files[0]] - exact).sum())
            signal += float(np.square(exact).sum())
    ratio = np.sqrt(predicted.noise / (noise / signal))
    assert 0.5 <= ratio <= 2.0
