"""ncnn and its converter pnnx: where models are rejected, and what a network computes in ncnn's own layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from graphfix.backends import toolchain
from graphfix.backends.base import backend
from graphfix.backends.connect import open_backend
from graphfix.backends.ncnn import blamed, elements, last_words
from graphfix.backends.session import Session
from graphfix.linter.example import Example

LOG = """get inputshape from traced inputs
shape_inference ...               \x1b[0;93m2026-11-29 19:14:31.96 [W:onnxruntime:pnnx, x.cc:105] Unknown\x1b[m
\x1b[1;31m2026-11-29 19:17:31.39 [E:onnxruntime:, sequential_executor.cc:671 ExecuteKernel] while running Gather node.\x1b[m
ort Run failed while running Gather node.
"""


def test_the_last_words_of_a_log_are_without_progress_colours_and_times() -> None:
    assert last_words(LOG) == "ort Run failed while running Gather node."
    assert last_words(LOG.rpartition("ort")[0]) == "while running Gather node."


def test_a_layer_that_ncnn_does_not_have_is_blamed_on_the_operator_that_it_is_made_of() -> None:
    assert blamed("layer torch.full not exists or registered") == ["ConstantOfShape"]
    assert blamed("layer Size not exists or registered") == ["Size"]


def test_bytes_are_read_as_the_numbers_that_are_wanted() -> None:
    wanted = np.array([1, 0, 2])
    for held in (wanted.astype(np.float32), wanted.astype(np.int32).view(np.float32)):
        assert (elements(held, wanted) == wanted).all()
    assert elements(np.float32([1.5]), np.float32([1.5])).dtype == np.float32


@pytest.fixture(scope="module")
def ncnn() -> Iterator[Session]:
    """A session with ncnn, where it is installed."""
    if toolchain.find("ncnn") is None:
        pytest.skip(f"ncnn is not installed: {backend('ncnn').install}")
    with open_backend("ncnn", deadline=120) as opened:
        yield opened


def asked(ncnn: Session, example: Example, folder: Path, *, given: dict[str, Any], wanted: dict[str, Any]) -> Any:
    onnx.save(example.model, folder / "m.onnx")
    arrays = {f"in:{name}": value for name, value in given.items()} | {f"out:{name}": value for name, value in wanted.items()}
    np.savez(folder / "m.npz", **arrays)
    return ncnn.ask(folder / "m.onnx", inputs=folder / "m.npz")


X = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)


@pytest.mark.compiler
@pytest.mark.parametrize(
    ("nodes", "wanted"),
    [
        ("y = Relu(x)", X),  # with a batch dim, or without one
        ("y = MaxPool<kernel_shape = [2,2]>(x)", X[:, :, 1:, 1:]),
        ("y = Transpose<perm = [0,2,3,1]>(x)", X.transpose(0, 2, 3, 1)),
    ],
)
def test_layouts_are_those_of_the_model(ncnn: Session, tmp_path: Path, nodes: str, wanted: Any) -> None:
    example = Example(nodes, inputs="float[1,2,3,4] x", outputs="float[a,b,c,d] y")
    verdict = asked(ncnn, example, tmp_path, given={"x": X}, wanted={"y": wanted})
    assert (verdict.stage, verdict.numerics, verdict.error) == ("ok", "match", 0.0)


@pytest.mark.compiler
def test_a_crash_of_the_converter_is_a_rejection_with_its_last_words(ncnn: Session, tmp_path: Path) -> None:
    given = {"x": np.ones((5, 4), np.float32), "i": np.zeros(3, np.int64)}
    example = Example("y = Gather(x, i)", inputs="float[5,4] x, int64[3] i", outputs="float[3,4] y")
    verdict = asked(ncnn, example, tmp_path, given=given, wanted={"y": np.ones((3, 4), np.float32)})
    assert (verdict.accepted, verdict.stage, verdict.nodes) == (False, "convert", ("Gather",))
    assert verdict.message.startswith("pnnx was killed by SIGSEGV: ort Run failed")
    assert "out of data bounds" in verdict.message


@pytest.mark.compiler
def test_a_layer_that_ncnn_does_not_have_is_rejected_when_it_loads(ncnn: Session, tmp_path: Path) -> None:
    example = Example("y = ArgMax(x)", outputs="int64[1,3] y")
    verdict = asked(ncnn, example, tmp_path, given={"x": np.ones((2, 3), np.float32)}, wanted={"y": np.zeros((1, 3), np.int64)})
    assert (verdict.stage, verdict.message, verdict.nodes) == ("runtime", "layer ArgMax not exists or registered", ("ArgMax",))


@pytest.mark.compiler
def test_shapes_of_a_request_fix_all_inputs(ncnn: Session, tmp_path: Path) -> None:
    onnx.save(Example("y = Add(x, z)", inputs="float[n,3] x, float[2,3] z").model, tmp_path / "m.onnx")
    artifact = tmp_path / "m.ncnn.param"
    assert ncnn.ask(tmp_path / "m.onnx", shapes={"x": [2, 3]}, output=artifact).accepted
    assert artifact.read_text().startswith("7767517\n")
    assert (tmp_path / "m.ncnn.bin").exists()
