"""`graphfix.lower`, and SOURCE where the other functions of Python take a model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import graphfix
from graphfix.errors import GraphfixError
from graphfix.lowering.memory import framework_of, save_inputs

PROGRAM = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.line = torch.nn.Linear(4, 3)
        self.norm = torch.nn.BatchNorm1d(3)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        self.seen += 1
        return self.norm(self.line(x))

class Pinned(Net):
    example_inputs = (torch.zeros(2, 4),)

    def train(self, mode=True):
        super().train(mode)
        self.norm.train()
        return self

class Scaled(torch.nn.Module):
    def forward(self, x, scale=None):
        return x + 1 if scale is None else x * scale

class Baking(torch.nn.Module):
    def forward(self, x):
        if x.shape[0] > 3:
            return x * 2
        return x

class Failing(torch.nn.Module):
    def forward(self, x):
        if x.sum() > 1:
            return x * 2
        return x

def make():
    torch.manual_seed(1)
    return Net()
make.example_inputs = (torch.zeros(2, 4),)
"""


def test_what_is_no_model_is_refused() -> None:
    for thing in (3, "no-such-thing", Path("net.txt"), onnx.ModelProto(), {"x": 1}):
        with pytest.raises(GraphfixError) as error:
            graphfix.lower(thing)
        assert "model of PyTorch or TensorFlow" in str(error.value)


def test_exporter_is_checked_first() -> None:
    with pytest.raises(GraphfixError, match="did you mean `dynamo`"):
        graphfix.lower("a.b:c", exporter="dynamos")


def test_target_is_checked_first() -> None:
    with pytest.raises(GraphfixError, match="tractor"):
        graphfix.lower("a.b:c", targets=["tractor"])


def test_no_framework_is_imported_to_tell_what_an_object_is() -> None:
    script = (
        "import sys; from graphfix.lowering.memory import framework_of as f; f(3); print({'torch', 'keras'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert framework_of(object()) is None


def test_inputs_are_handed_on_in_order_or_by_name(tmp_path: Path) -> None:
    def kept(inputs: object) -> dict[str, np.ndarray]:
        with np.load(save_inputs(inputs, tmp_path / "in.npz")) as arrays:
            return {name: arrays[name] for name in arrays.files}

    one = np.arange(3)
    assert list(kept(one)) == ["arr_0"]
    assert list(kept((one, 2.5))) == ["arr_0", "arr_1"]
    assert kept({"b": one, "a": [1.0]})["a"].tolist() == [1.0]
    with pytest.raises(GraphfixError, match="input `b` is no array of numbers"):
        kept({"a": one, "b": "text"})


@pytest.fixture(scope="module")
def home(torch_here: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program, on the path of imports."""
    folder = tmp_path_factory.mktemp("function")
    (folder / "lowered_program.py").write_text(PROGRAM)
    return folder


@pytest.fixture
def program(home: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    import importlib

    monkeypatch.syspath_prepend(str(home))
    monkeypatch.chdir(home)
    return importlib.import_module("lowered_program")


def outputs(model: onnx.ModelProto, *feeds: object) -> list[np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {value.name: np.asarray(feed) for value, feed in zip(session.get_inputs(), feeds, strict=True)})


@pytest.mark.framework
@pytest.mark.parametrize("exporter", ["auto", "trace", "script"])
def test_module_in_memory_is_lowered_as_it_is_and_left_as_it_was(program, exporter: str) -> None:  # type: ignore[no-untyped-def]
    import torch

    net = program.make()
    net.line.weight.data.mul_(3)  # no longer what any factory gives
    net.norm.eval()
    before, state = {name: value.clone() for name, value in net.state_dict().items()}, torch.random.get_rng_state()
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(3))
    made = graphfix.lower(net, inputs=(x,), exporter=exporter)
    assert isinstance(made, onnx.ModelProto)
    assert (net.training, net.line.training, net.norm.training) == (True, True, False)
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]), f"{name} has changed"
    expected = net.eval()(x).detach().numpy()
    assert np.allclose(outputs(made, x)[0], expected, atol=1e-5)


@pytest.mark.framework
def test_inputs_may_be_a_tensor_a_mapping_or_both_and_dims_free(program) -> None:  # type: ignore[no-untyped-def]
    import torch

    net, x = program.Scaled(), torch.randn(5, 3)
    free = graphfix.lower(net, x, exporter="trace", shapes={"x": ["N", 3]})
    assert free.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"
    for inputs in ({"x": x, "scale": torch.ones(3)}, ((x,), {"scale": torch.ones(3)})):
        made = graphfix.lower(net, inputs, exporter="trace", opset=17)
        assert [value.name for value in made.graph.input] == ["x", "scale"]
        assert made.opset_import[0].version == 17


@pytest.mark.framework
def test_exported_program_and_scripted_module_are_lowered(program) -> None:  # type: ignore[no-untyped-def]
    import torch

    net, x = program.make().eval(), torch.randn(5, 4)
    for model in (torch.export.export(net, (x,)), torch.jit.script(net)):
        made = graphfix.lower(model, inputs=(x,))
        assert np.allclose(outputs(made, x)[0], net(x).detach().numpy(), atol=1e-5)
    assert graphfix.lower(torch.export.export(net, (x,))).graph.node, "its example inputs came along"


@pytest.mark.framework
def test_failure_and_difference_raise_with_the_line(program) -> None:  # type: ignore[no-untyped-def]
    import torch

    lines = PROGRAM.splitlines()
    with pytest.raises(GraphfixError) as error:
        graphfix.lower(program.Failing(), torch.ones(3), exporter="script", opset=6)
    assert str(error.value).startswith("Failing: onnxruntime cannot load it:")
    with pytest.raises(GraphfixError) as error:
        graphfix.lower(program.Failing(), torch.ones(3), exporter="dynamo")
    assert str(error.value).startswith("Failing: dynamo cannot lower it, at ")
    at = next(number for number, line in enumerate(lines, 1) if "if x.sum() > 1" in line)
    assert f"lowered_program.py:{at}" in str(error.value)
    with pytest.raises(GraphfixError) as error:
        graphfix.lower(program.Baking(), torch.ones(6, 2), exporter="trace", shapes={"x": ["N", 2]})
    at = next(number for number, line in enumerate(lines, 1) if "if x.shape[0] > 3" in line)
    assert "computes something else: on dynamic dims of half the size" in str(error.value)
    assert f"lowered_program.py:{at}" in str(error.value)
    with pytest.raises(GraphfixError, match="there is nothing to run it on"):
        graphfix.lower(program.Baking())
    with pytest.raises(GraphfixError, match="there is no input `y`; its inputs are x"):
        graphfix.lower(program.Baking(), torch.ones(6, 2), shapes={"y": ["N", 2]})


@pytest.mark.framework
def test_source_is_taken_wherever_a_model_is(program, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    source = "lowered_program:make"
    made = graphfix.lower(source, inputs={"x": np.ones((7, 4), "f4")}, exporter="trace")
    assert [dim.dim_value for dim in made.graph.input[0].type.tensor_type.shape.dim] == [7, 4]
    report = graphfix.lint(source, ["tract", "openvino"])
    assert [result.model for result in report.results] == [source, source]
    assert report.results[0].lowering is not None
    assert report.results[0].lowering["exporter"] == "dynamo"
    assert [finding.severity.value for finding in report.results[0].findings if finding.code == "GF501"] == ["note"]
    fixed = graphfix.fix(Path("lowered_program.py:make"), "tract")
    assert fixed.verification.passed
    assert fixed.report.verdict == "accepted"


@pytest.mark.framework
def test_what_stays_in_training_mode_is_a_warning_and_what_left_it_a_note(program) -> None:  # type: ignore[no-untyped-def]
    (result,) = graphfix.lint("lowered_program:Pinned", ["tract"]).results
    told = [finding for finding in result.findings if finding.code == "GF501"]
    assert {finding.severity.value for finding in told} == {"warning"}
    assert {str(finding.source) for finding in told} == {"norm (lowered_program.py:8)", "lowered_program.py:20"}


@pytest.mark.framework
def test_source_that_fails_raises_or_is_found(program) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(GraphfixError, match="there is nothing to run it on"):
        graphfix.lint("lowered_program:Failing", ["tract"])
    with pytest.raises(GraphfixError, match="no `nothing`"):
        graphfix.fix("lowered_program:nothing", "tract")


@pytest.mark.framework
def test_keras_model_and_function_in_memory(tensorflow_here: None, tmp_path: Path) -> None:
    script = f"""
import keras, numpy as np, tensorflow as tf, onnx, graphfix
net = keras.Sequential([keras.Input((5,), name="x"), keras.layers.Dense(3, activation="gelu")])
onnx.save(graphfix.lower(net), {str(tmp_path / "net.onnx")!r})
x = np.linspace(-1, 1, 10, dtype="f4").reshape(2, 5)
np.savez({str(tmp_path / "io.npz")!r}, x=x, y=net(x).numpy())
made = graphfix.lower(tf.function(lambda x: tf.nn.relu(x)), inputs=x)
print(made.graph.node[0].op_type)
try:
    graphfix.lower(tf.function(lambda x: tf.raw_ops.Fact()), inputs=x)
except graphfix.GraphfixError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = done.stdout.splitlines()
    assert first == "Relu"
    assert "Fact" in second
    with np.load(tmp_path / "io.npz") as held:
        assert np.allclose(outputs(onnx.load(tmp_path / "net.onnx"), held["x"])[0], held["y"], atol=1e-5)
