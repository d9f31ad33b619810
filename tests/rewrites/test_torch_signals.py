"""Fourier transforms of both exporters of PyTorch: accepted by every target after fix, and equal where they can be run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import graphfix
from graphfix.backends import toolchain
from graphfix.backends.base import backend
from graphfix.backends.compile.case import Case
from graphfix.backends.compile.confirm import prepare
from graphfix.backends.connect import open_target
from graphfix.ir.io import save_model
from graphfix.report.python_results import Fixed

pytestmark = pytest.mark.framework
TARGETS = ("coreml", "tflite", "tensorrt", "openvino", "tract")
CLOSE = 1e-5
NAMES = {
    "dynamo": ("stft", "stft_centred", "stft_both_sides", "stft_magnitude", "stft_power", "stft_real", "rfft", "rfft_orthogonal",
               "irfft", "fft", "rfft2", "istft", "istft_length"),
    "script": ("stft_power", "stft_real"),  # it has no complex numbers
}  # fmt: skip
MODELS = [pytest.param(exporter, name, id=f"{name}-{exporter}") for exporter, names in NAMES.items() for name in names]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """A function that returns the path of an exported model; each exporter runs once."""
    folders: dict[str, Path] = {}
    program = Path(__file__).parent / "torch_signals.py"

    def exported(exporter: str, name: str) -> Path:
        if exporter not in folders:
            folders[exporter] = tmp_path_factory.mktemp(exporter)
            command = [sys.executable, str(program), exporter, str(folders[exporter])]
            subprocess.run(command, check=True, capture_output=True, timeout=600)
        return folders[exporter] / f"{name}.onnx"

    return exported


@pytest.fixture(scope="module")
def fixed(exported: Callable[[str, str], Path]) -> Iterator[Callable[[str, str], Fixed]]:
    """A function that returns an exported model fixed for all targets, once for all tests about it."""
    made: dict[tuple[str, str], Fixed] = {}

    def fixed(exporter: str, name: str) -> Fixed:
        if (exporter, name) not in made:
            made[exporter, name] = graphfix.fix(exported(exporter, name), TARGETS, confirm=False)
        return made[exporter, name]

    yield fixed
    for (exporter, name), found in made.items():
        print(f"{name} by {exporter}: largest error {found.verification.max_rel_error:.1e} of scale")


@pytest.mark.parametrize("exporter", NAMES)
def test_every_model_that_an_exporter_writes_is_listed(exporter: str, exported: Callable[[str, str], Path]) -> None:
    folder = exported(exporter, "").parent
    assert {path.stem for path in folder.glob("*.onnx")} == set(NAMES[exporter])


@pytest.mark.parametrize(("exporter", "name"), MODELS)
def test_every_target_accepts_the_transform_after_fix(exporter: str, name: str, fixed: Callable[[str, str], Fixed]) -> None:
    found = fixed(exporter, name)
    assert {result.target: result.verdict for result in found.report.results} == dict.fromkeys(TARGETS, "accepted")
    assert found.verification.passed, found.verification.reason
    assert found.verification.max_rel_error <= CLOSE
    assert not {"STFT", "DFT"} & {node.op_type for node in found.model.graph.node}


@pytest.mark.compiler
@pytest.mark.slow
@pytest.mark.parametrize("target", ["openvino", "tract", "tflite"])
def test_the_transforms_run_and_compute_the_same(target: str, fixed: Callable[[str, str], Fixed], tmp_path: Path) -> None:
    if toolchain.find(target, None) is None:
        pytest.skip(f"{target} is not installed: {backend(target).install}")
    session, errors = open_target(target), {}
    try:
        for exporter, names in NAMES.items():
            for name in names:
                path = tmp_path / f"{name}-{exporter}.onnx"
                save_model(fixed(exporter, name).model, path)
                with prepare(Case(path)) as ready:
                    answer = ready.ask(session, backend(target), inputs=ready.feed)
                assert answer.accepted, f"{name} by {exporter}: {answer.stage}: {answer.message}"
                assert answer.numerics == "match", f"{name} by {exporter}: {answer.numerics}, {answer.error}"
                assert answer.error is not None
                assert answer.error <= CLOSE, f"{name} by {exporter}: {answer.error}"
                errors[f"{name} by {exporter}"] = answer.error
    finally:
        session.close()
    print(f"{target}: " + ", ".join(f"{name} {error:.1e}" for name, error in errors.items()))
