"""Cells as torch exports them, step by step: they become one layer, and the numbers stay."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from graphfix.rewriting.registry import registry
from graphfix.verify.reference import Reference, Tolerance

FOLDER = Path(__file__).parent.parent.parent / "fixtures" / "exported" / "cells"


@pytest.mark.parametrize(("name", "op"), [("gru", "GRU"), ("lstm", "LSTM"), ("hard_lstm", "LSTM"), ("rnn", "RNN")])
def test_the_steps_of_a_cell_become_one_layer(name: str, op: str) -> None:
    model = onnx.load(FOLDER / f"{name}.onnx")
    folded = registry()["fold-constants"].apply(model).model
    rewrite = registry()["fuse-cells"]
    made = rewrite.apply(folded or model).model
    assert made is not None
    ops = [node.op_type for node in made.graph.node]
    assert ops.count(op) == 1
    assert not {"Gemm", "Sigmoid", "HardSigmoid", "Tanh"} & set(ops)
    found = Reference(model).check(made, Tolerance(ulps=rewrite.ulps))
    assert found.inputs >= 3
    assert found.passed, found.reason
