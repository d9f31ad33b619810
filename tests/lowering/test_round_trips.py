"""Programs of PyTorch and TensorFlow, from Python to what an engine loads: lowered, proved, judged, mended, compiled."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from marks import NAMES
from tf_programs import FILES
from trips import EXPORTERS, TARGETS, Lower, Trip, by, told

from graphfix.cli import main

pytestmark = [pytest.mark.framework, pytest.mark.slow]
Travel = Callable[[Path, str], Trip]

REFUSED, MISSED = "rejected, refused", "accepted, refused"
UNMEASURED, OFF = "undecided, compiled", "accepted, compiled, numerics: differ"
ENDS: Mapping[tuple[str, str, str], str] = {
    # Concat of a broadcast Expand before a 1x1 convolution, which tract and XNNPACK each lose the size of
    ("adaptive_pools", "dynamo", "tract"): MISSED,
    ("adaptive_pools", "trace", "tract"): MISSED,
    ("adaptive_pools", "script", "tract"): MISSED,
    ("adaptive_pools", "trace", "tflite"): MISSED,
    ("adaptive_pools", "script", "tflite"): MISSED,
    # a Sub in float64 converts and does not run
    ("float64_leak", "dynamo", "tflite"): "accepted, compiled, numerics: error",
    ("float64_leak", "trace", "tflite"): "accepted, compiled, numerics: error",
    ("float64_leak", "script", "tflite"): "accepted, compiled, numerics: error",
    ("group_norm", "script", "tensorrt"): UNMEASURED,
    # the number of steps is data: the loop cannot be undone
    **{("scripted_loop", road, target): REFUSED for road in ("trace", "script") for target in ("coreml", "tflite", "tract")},
    **{("scripted_loop", road, "tensorrt"): "rejected, compiled" for road in ("trace", "script")},
    # windows of different widths are gathered from tensors of rank 6
    ("uneven_pools", "dynamo", "coreml"): REFUSED,
    # two inputs with a batch of one size each, for all that tf2onnx says
    ("scorer", "tf2onnx", "tract"): MISSED,
    ("scorer.pb", "tf2onnx", "tract"): MISSED,
    # the Loop that a GRU becomes: OpenVINO does not count its inputs so; undone, TensorRT finds no end with a free batch
    ("tagger.keras", "tf2onnx", "openvino"): MISSED,
    ("tagger.keras", "tf2onnx", "tensorrt"): MISSED,
    # int8 throughout: no dtype of Core ML's, and TensorRT wants no zero points
    ("cnn_int8.tflite", "tf2onnx", "coreml"): REFUSED,
    ("cnn_int8.tflite", "tf2onnx", "tensorrt"): REFUSED,
    # off by one step of int8, but tract: that is elsewhere
    ("cnn_int8.tflite", "tf2onnx", "openvino"): OFF,
    ("cnn_int8.tflite", "tf2onnx", "tflite"): OFF,
    ("cnn_int8.tflite", "tf2onnx", "tract"): OFF,
}
"""Roads that do not end with `compiled`, by program, exporter and target. One may end better than it says, never worse."""


@pytest.mark.parametrize("name", NAMES)
def test_each_exporter_does_what_the_program_says(lowered: Lower, name: str) -> None:
    attempts = lowered(name)
    for exporter, expected in told(name)["EXPORTERS"].items():
        attempt = by(attempts, exporter)
        assert attempt.verified == bool(expected), f"{exporter}: {attempt.summary()}"
        if not expected:
            assert attempt.model is None
            assert attempt.stage == "export"
            assert attempt.failure["message"]


@pytest.mark.parametrize("name", [name for name in NAMES if "differs" in told(name)["EXPORTERS"].values()])
def test_what_an_exporter_baked_in_is_found_where_dims_are_free(lowered: Lower, name: str) -> None:
    attempts = lowered(name, "free")
    for exporter, expected in told(name)["EXPORTERS"].items():
        assert by(attempts, exporter).verified == (expected is True), f"{exporter}: {by(attempts, exporter).summary()}"


@pytest.mark.compiler
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("name", NAMES)
def test_program_reaches_the_engine(lowered: Lower, travel: Travel, name: str, exporter: str, target: str) -> None:
    if not told(name)["EXPORTERS"][exporter]:
        pytest.skip(f"{exporter} cannot export it")
    model = by(lowered(name), exporter).model
    assert model is not None
    trip = travel(model, target)
    assert trip.end in ("compiled", ENDS.get((name, exporter, target))), trip


@pytest.fixture(scope="session")
def models(tensorflow_here: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the TensorFlow models are built in, by a process of its own."""
    folder = tmp_path_factory.mktemp("tensorflow")
    builder = Path(__file__).with_name("tf_programs.py")
    done = subprocess.run([sys.executable, str(builder), str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert {path.name for path in folder.iterdir()} == set(FILES)
    return folder


@pytest.fixture(scope="session")
def brought(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that lowers one of the TensorFlow models through the command line, once."""
    done: dict[str, tuple[int, Path]] = {}

    def brought(name: str) -> Path:
        if name not in done:
            out = tmp_path_factory.mktemp("lowered") / f"{name}.onnx"
            done[name] = main(["lower", str(models / name), "-o", str(out), "--isolated", *FILES[name]]), out
        code, out = done[name]
        assert code == 0, f"`graphfix lower {name}` gives exit code {code}"
        return out

    return brought


@pytest.mark.parametrize("name", FILES)
def test_tensorflow_model_is_lowered_and_verified(brought: Callable[[str], Path], name: str) -> None:
    assert brought(name).stat().st_size > 1000


@pytest.mark.compiler
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", FILES)
def test_tensorflow_model_reaches_the_engine(brought: Callable[[str], Path], travel: Travel, name: str, target: str) -> None:
    trip = travel(brought(name), target)
    assert trip.end in ("compiled", ENDS.get((name, "tf2onnx", target))), trip
