"""Each real compiler, where it is installed: takes a small convolution, computes it right, and refuses nonsense."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from graphfix.backends import toolchain
from graphfix.backends.base import backend, onnx_backends
from graphfix.backends.connect import open_backend
from graphfix.backends.session import Session

pytestmark = pytest.mark.compiler

SHAPES = {"x": [1, 3, 8, 10]}
STAGES = {"tflite": "runtime", "qnn": "load"}
"""Where nonsense is rejected, if not by the converter."""
EXACTNESS = {"qnn": 3e-3}
"""How near the results are to the expected ones on what computes in float16; in float32 1e-5."""


@pytest.fixture(scope="module", params=sorted(onnx_backends()))
def session(request: pytest.FixtureRequest) -> Iterator[tuple[str, Session]]:
    """The name and a warm session of each compiler that is installed."""
    found = toolchain.find(request.param)
    if found is None:
        pytest.skip(f"{request.param} is not installed: {backend(request.param).install}")
    with open_backend(request.param, python=found.python, deadline=120) as opened:
        assert opened.version == found.version
        yield request.param, opened


def save(model: onnx.GraphProto, path: Path) -> Path:
    """The graph as a model file; nonsense is saved unchecked."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
    onnx.save(helper.make_model(model, opset_imports=opsets, ir_version=9), path)
    return path


def convolution(path: Path, batch: int | str = 1) -> Path:
    """y = Relu(Conv(x, w)) over a picture that is no cube."""
    w = np.random.default_rng(5).standard_normal((4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["y"], name="relu"),
    ]
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [batch, 3, 8, 10])
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [batch, 4, 8, 10])
    return save(helper.make_graph(nodes, "g", [x], [y], [numpy_helper.from_array(w, "w")]), path)


def with_inputs(model: Path) -> tuple[Path, np.ndarray]:
    """Seeded inputs and the reference outputs beside the model, and the latter."""
    x = np.random.default_rng(6).standard_normal(SHAPES["x"]).astype(np.float32)
    (y,) = ReferenceEvaluator(str(model)).run(None, {"x": x})
    path = model.with_suffix(".npz")
    np.savez(path, **{"in:x": x, "out:y": y})  # type: ignore[arg-type]
    return path, y


def test_a_convolution_is_accepted_written_and_right(session: tuple[str, Session], tmp_path: Path) -> None:
    name, compiler = session
    model = convolution(tmp_path / "conv.onnx")
    inputs, want = with_inputs(model)
    before = model.read_bytes()
    artifact, results = tmp_path / f"conv{backend(name).artifact}", tmp_path / "results.npz"
    verdict = compiler.ask(model, inputs=inputs, output=artifact, results=results)
    assert (verdict.accepted, verdict.stage, verdict.message) == (True, "ok", "")
    assert artifact.exists()
    assert model.read_bytes() == before
    if backend(name).runs_here:
        assert verdict.numerics == "match"
        assert verdict.error is not None
        near = EXACTNESS.get(name, 1e-5)
        assert verdict.error < near
        with np.load(results) as kept:
            np.testing.assert_allclose(kept["out:y"], want, rtol=10 * near, atol=near)
    else:
        assert verdict.numerics is None
        assert not results.exists()


def test_weights_beside_the_model_are_found(session: tuple[str, Session], tmp_path: Path) -> None:
    name, compiler = session
    whole = convolution(tmp_path / "conv.onnx")
    inputs, _ = with_inputs(whole)
    apart = tmp_path / "apart" / "conv.onnx"
    apart.parent.mkdir()
    onnx.save(onnx.load(whole), apart, save_as_external_data=True, location="weights.bin", size_threshold=0)
    verdict = compiler.ask(apart, inputs=inputs)
    assert verdict.accepted, verdict.message
    assert verdict.numerics == ("match" if backend(name).runs_here else None)


def test_wrong_expectations_differ(session: tuple[str, Session], tmp_path: Path) -> None:
    name, compiler = session
    if not backend(name).runs_here:
        pytest.skip(f"what {name} compiles does not run here")
    model = convolution(tmp_path / "conv.onnx")
    inputs, want = with_inputs(model)
    with np.load(inputs) as kept:
        np.savez(inputs, **{"in:x": kept["in:x"], "out:y": want + 1})  # type: ignore[arg-type]
    assert compiler.ask(model, inputs=inputs).numerics == "differ"


def test_a_free_dimension_can_be_fixed(session: tuple[str, Session], tmp_path: Path) -> None:
    model = convolution(tmp_path / "free.onnx", batch="N")
    assert session[1].ask(model, shapes=SHAPES).accepted


def test_nonsense_is_rejected_in_words(session: tuple[str, Session], tmp_path: Path) -> None:
    name, compiler = session
    node = helper.make_node("Nonsense", ["x"], ["y"], name="mystery", domain="com.example")
    x, y = (helper.make_tensor_value_info(one, onnx.TensorProto.FLOAT, [2, 3]) for one in "xy")
    verdict = compiler.ask(save(helper.make_graph([node], "g", [x], [y]), tmp_path / "nonsense.onnx"))
    assert (verdict.accepted, verdict.stage) == (False, STAGES.get(name, "convert"))
    assert "nonsense" in verdict.message.lower()
    assert "nonsense" in verdict.nodes[0].lower() or verdict.nodes[0] in ("mystery", "y")
    assert compiler.ask(convolution(tmp_path / "conv.onnx")).accepted


def test_a_file_that_is_no_model_is_rejected(session: tuple[str, Session], tmp_path: Path) -> None:
    path = tmp_path / "text.onnx"
    path.write_text("this is no model")
    verdict = session[1].ask(path)
    assert not verdict.accepted
    assert verdict.stage in ("load", "convert", "build")  # one parser takes it for an empty model
    assert verdict.message


def test_bounds_of_free_dims_reach_tensorrt(tmp_path: Path) -> None:
    if toolchain.find("tensorrt") is None:
        pytest.skip(f"tensorrt is not installed: {backend('tensorrt').install}")
    weight = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    x, y = (helper.make_tensor_value_info(one, onnx.TensorProto.FLOAT, ["n"]) for one in "xy")
    model = save(helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y], [weight]), tmp_path / "add.onnx")
    with open_backend("tensorrt", deadline=120) as session:
        for bounds, fits in (([4], [4], [4]), True), (([3], [3], [3]), False):
            verdict = session.ask(model, options={"profiles": {"x": bounds}, "capabilities": "8.6,8.9"})
            assert verdict.accepted is fits, verdict.message
