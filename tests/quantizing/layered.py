"""A small convolutional network to quantise, its inputs, and tables of invented targets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, numpy_helper

from graphfix.tables.precision import Form, FormAnswer, MeasuredForm, PrecisionTable

TEXT = """<ir_version: 9, opset_import: ["": 17]>
layers (float[N, 3, 8, 8] x) => (float[N, 5] y) {
    a = Conv<pads = [1, 1, 1, 1]>(x, w, b)
    n = BatchNormalization(a, scale, shift, mean, var)
    r = Relu(n)
    c = Conv(r, v)
    s = Relu(c)
    g = GlobalAveragePool(s)
    f = Flatten(g)
    y = Gemm<transB = 1>(f, u, t)
}"""
SHAPES = {
    "w": (6, 3, 3, 3), "b": (6,), "scale": (6,), "shift": (6,), "mean": (6,), "var": (6,), "v": (8, 6, 1, 1),
    "u": (5, 8), "t": (5,),
}  # fmt: skip

QDQ = Form(scheme="qdq", weights="int8", activations="int8", per="channel")
WEIGHTS = Form(scheme="weight-only", weights="int8", per="channel")
NIBBLES = Form(scheme="weight-only", weights="int4", per="channel", opset=21)


def layered(wide: float = 1.0) -> ModelProto:
    """The network; `wide` scales one channel of the second convolution, which makes a scale per tensor coarse."""
    model, random = onnx.parser.parse_model(TEXT), np.random.default_rng(3)
    for name, shape in SHAPES.items():
        value = random.standard_normal(shape)
        if name == "var":
            value = np.abs(value) + 0.5
        if name == "w":
            value[0] *= wide
        model.graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), name))
    return model


def feeds(count: int = 10) -> list[dict[str, Any]]:
    """Inputs of the network."""
    random = np.random.default_rng(5)
    return [{"x": random.standard_normal((2, 3, 8, 8)).astype(np.float32)} for _ in range(count)]


def invented(target: str, *supported: Form, rejected: tuple[Form, ...] = ()) -> PrecisionTable:
    """A table that takes these forms, and rejects others in its own words."""
    forms = [MeasuredForm(form, {"convolution": FormAnswer("supported")}) for form in supported]
    forms += [MeasuredForm(form, {"convolution": FormAnswer("rejected", "convert", f"{target} says no")}) for form in rejected]
    return PrecisionTable(target, "1", f"{target} 1", "invented", "2026-01-01", (), tuple(forms))


UNSIGNED = replace(QDQ, activations="uint8", symmetric=False)
