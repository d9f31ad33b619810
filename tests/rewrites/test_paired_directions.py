"""Two directions of a recurrent layer that is written out run together, as a batch of two."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import ModelProto, numpy_helper

from graphfix.rewriting.registry import registry
from graphfix.verify.compare import Tolerance
from graphfix.verify.reference import Reference

STEPS, HIDDEN, TAKEN = 5, 3, 2
GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}


def layer(op: str, settings: str, opset: int, operands: str = "x, w, r, b") -> ModelProto:
    outputs = "y, h, c" if op == "LSTM" else "y, h"
    made = ", ".join(f"float[A{i}, B{i}, C{i}{', D' * (i == 0)}] {name}" for i, name in enumerate(outputs.split(", ")))
    model = onnx.parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : {opset}]> g (float[{STEPS}, N, {TAKEN}] x, float[2, N, {HIDDEN}] s) => ({made}) {{
             {outputs} = {op}<hidden_size = {HIDDEN}, direction = "bidirectional"{settings}>({operands}) }}"""
    )
    random, rows = np.random.default_rng(0), GATES[op] * HIDDEN
    for name, shape in (("w", (2, rows, TAKEN)), ("r", (2, rows, HIDDEN)), ("b", (2, 2 * rows))):
        model.graph.initializer.append(numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), name))
    return model


@pytest.mark.parametrize("opset", [11, 17])
@pytest.mark.parametrize(
    ("op", "settings", "operands", "each"),
    [
        ("GRU", ", linear_before_reset = 1", "x, w, r, b, , s", 1),
        ("GRU", ", linear_before_reset = 1", "x, w, r", 1),
        ("GRU", "", "x, w, r, b, , s", 2),
        ("LSTM", "", "x, w, r, b, , s, s", 1),
        ("RNN", "", "x, w, r, b", 1),
    ],
)
def test_each_step_is_one_product_for_both_directions(op: str, settings: str, operands: str, each: int, opset: int) -> None:
    model = layer(op, settings, opset, operands)
    made = registry()["unroll-recurrent"].apply(model).model
    assert made is not None
    states = STEPS if "s" in operands.split(", ") else STEPS - 1  # a product with no state is left out
    assert [node.op_type for node in made.graph.node].count("MatMul") == 2 + each * states
    found = Reference(model).check(made, Tolerance(ulps=64))
    assert found.passed, found.reason


def test_directions_with_other_activations_run_one_after_the_other() -> None:
    model = layer("RNN", """, activations = ["Tanh", "Relu"]""", 17)
    made = registry()["unroll-recurrent"].apply(model).model
    assert made is not None
    assert [node.op_type for node in made.graph.node].count("MatMul") == 2 + 2 * (STEPS - 1)
    assert Reference(model).check(made, Tolerance(ulps=64)).passed
