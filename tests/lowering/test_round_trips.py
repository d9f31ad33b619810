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

from graphfix.cli.app import main

pytestmark = [pytest.mark.framework, pytest.mark.slow]
Travel = Callable[[Path, str], Trip]

REFUSED, OFF = "rejected, refused", "accepted, compiled, numerics: differ"
ENDS: Mapping[tuple[str, str, str], str] = {
    # the number of steps is data: the loop cannot be undone
    **{("scripted_loop", road, target): REFUSED for road in ("trace", "script") for target in ("coreml", "tract", "tflite")},
    # int8 throughout: no dtype of Core ML's
    ("cnn_int8.tflite", "tf2onnx", "coreml"): REFUSED,
    # off by one step of int8
    **{("cnn_int8.tflite", "tf2onnx", target): OFF for target in ("openvino", "tflite", "tract")},
}
"""Roads that do not end with `compiled`, by program, exporter and target: they end as it says, neither worse nor better."""
STEP = 0.02
"""How far an int8 output may be off, as a share of its scale, where one step was rounded otherwise."""


def check_end(trip: Trip, road: tuple[str, str, str]) -> None:
    """A road ends where it is said to; one that ends better makes its entry stale."""
    told = ENDS.get(road, "compiled")
    assert trip.end != "compiled" or told == "compiled", f"{road} ends `compiled`, no longer `{told}`: remove it from ENDS"
    assert trip.end == told, f"{road}: {trip}"
    assert told != OFF or (trip.error is not None and trip.error < STEP), f"{road} is off by more than a step: {trip}"


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


ROADS = [
    pytest.param(
        name, exporter, target, id=f"{name}-{exporter}-{target}",
        marks=[pytest.mark.exhaustive, pytest.mark.slow] if target == "tflite" and exporter != EXPORTERS[0] else [],
    )
    for name in NAMES for exporter in EXPORTERS for target in TARGETS
]  # fmt: skip
"""Every program by every exporter for every target; onnx2tf takes up to half a minute for one."""


@pytest.mark.compiler
@pytest.mark.parametrize(("name", "exporter", "target"), ROADS)
def test_program_reaches_the_engine(lowered: Lower, travel: Travel, name: str, exporter: str, target: str) -> None:
    if not told(name)["EXPORTERS"][exporter]:
        pytest.skip(f"{exporter} cannot export it")
    model = by(lowered(name), exporter).model
    assert model is not None
    check_end(travel(model, target), (name, exporter, target))


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
    check_end(travel(brought(name), target), (name, "tf2onnx", target))


def test_every_entry_is_about_a_road_that_there_is() -> None:
    roads = {(name, exporter, target) for name in NAMES for exporter in EXPORTERS for target in TARGETS}
    roads = {road for road in roads if told(road[0])["EXPORTERS"][road[1]]}
    roads |= {(name, "tf2onnx", target) for name in FILES for target in TARGETS}
    assert not ENDS.keys() - roads
