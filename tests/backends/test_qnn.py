"""Qualcomm's NPU: which nodes are left to the CPU, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from graphfix.backends import toolchain
from graphfix.backends.base import backend
from graphfix.backends.connect import open_backend
from graphfix.backends.session import Session
from graphfix.linter.example import Example

pytestmark = pytest.mark.compiler

MIXED = Example("a = Relu(x)\nb = Acosh(a)\ny = Sigmoid(b)", outputs="float[2,3] y")


@pytest.fixture(scope="module")
def qnn() -> Iterator[Session]:
    """A session with the provider, where it is installed."""
    if toolchain.find("qnn") is None:
        pytest.skip(f"qnn is not installed: {backend('qnn').install}")
    with open_backend("qnn", deadline=120) as opened:
        yield opened


def saved(example: Example, folder: Path) -> Path:
    model = example.model
    for at, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{at}"
    onnx.save(model, folder / "m.onnx")
    return folder / "m.onnx"


def test_a_model_of_which_some_nodes_are_taken_is_accepted_unless_all_must_be(qnn: Session, tmp_path: Path) -> None:
    model = saved(MIXED, tmp_path)
    assert qnn.ask(model).accepted
    verdict = qnn.ask(model, options={"wholly": True})
    assert (verdict.accepted, verdict.stage, verdict.nodes) == (False, "partly", ("Acosh_1",))
    assert verdict.message.startswith("Acosh `Acosh_1` stays on the CPU: Operators of type `Acosh` are not supported")


def test_a_model_of_which_no_node_is_taken_is_rejected(qnn: Session, tmp_path: Path) -> None:
    verdict = qnn.ask(saved(Example("a = Relu(x)\ny = Neg(a)", inputs="float[n,3] x", outputs="float[n,3] y"), tmp_path))
    assert (verdict.stage, verdict.nodes) == ("delegate", ("Relu_0", "Neg_1"))
    assert "Cannot get shape" in verdict.message


def test_sizes_of_named_dims_make_the_nodes_delegable(qnn: Session, tmp_path: Path) -> None:
    model = saved(Example("a = Relu(x)\ny = Neg(a)", inputs="float[n,3] x", outputs="float[n,3] y"), tmp_path)
    artifact = tmp_path / "m.qnn.onnx"
    verdict = qnn.ask(model, shapes={"x": [2, 3]}, options={"wholly": True}, output=artifact)
    assert (verdict.stage, verdict.message) == ("ok", "")
    (node,) = onnx.load(artifact).graph.node
    assert (node.op_type, node.domain) == ("EPContext", "com.microsoft")


def test_a_run_in_the_emulator_is_compared(qnn: Session, tmp_path: Path) -> None:
    x = np.float32([[1, 2, 3], [4, 5, 6]])
    np.savez(tmp_path / "m.npz", **{"in:x": x, "out:y": 1 / (1 + np.exp(-np.arccosh(x)))})
    verdict = qnn.ask(saved(MIXED, tmp_path), inputs=tmp_path / "m.npz")
    assert verdict.numerics == "match"
    assert verdict.error is not None
    assert 0 < verdict.error < 3e-3  # float16
