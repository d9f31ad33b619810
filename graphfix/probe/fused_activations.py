"""Activations as exporters take them apart, which compilers may fuse into an operator that they cannot write to a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

DTYPES = {"float32": "float", "float16": "float16"}
"""The dtypes of the probes, and what ONNX text calls them."""
NUMBERS = {"root": 1.4142135, "slope": 0.70710677, "one": 1.0, "half": 0.5, "three": 3.0, "zero": 0.0, "six": 6.0,
           "sixth": 1 / 6, "cubic": 0.044715, "line": 0.7978846}  # fmt: skip
FORMS = {
    "gelu": (
        "a = Div(x, root) e = Erf(a) s = Add(e, one) m = Mul(x, s) y = Mul(m, half)",
        "a = Mul(x, slope) e = Erf(a) s = Add(e, one) m = Mul(x, s) y = Mul(m, half)",
        "a = Div(x, root) e = Erf(a) s = Add(e, one) m = Mul(x, half) y = Mul(m, s)",
        "a = Mul(x, slope) e = Erf(a) s = Add(one, e) m = Mul(half, x) y = Mul(s, m)",
    ),
    "gelu (tanh form)": (
        "q = Mul(x, x) c = Mul(q, x) b = Mul(c, cubic) l = Add(x, b) a = Mul(l, line) e = Tanh(a) s = Add(e, one) "
        "m = Mul(x, s) y = Mul(m, half)",
    ),
    "swish": ("g = Sigmoid(x) y = Mul(x, g)", "g = Sigmoid(x) y = Mul(g, x)"),
    "mish": ("p = Softplus(x) g = Tanh(p) y = Mul(x, g)",),
    "softsign": ("b = Abs(x) s = Add(b, one) y = Div(x, s)",),
    "hard-sigmoid": ("s = Add(x, three) h = Clip(s, zero, six) y = Div(h, six)",),
    "hard-swish": (
        "s = Add(x, three) h = Clip(s, zero, six) m = Mul(x, h) y = Div(m, six)",
        "g = HardSigmoid<alpha = 0.16666667, beta = 0.5>(x) y = Mul(x, g)",
    ),
}
"""The spellings of each activation, by the names that `analysis.patterns.decomposed_activations` gives them."""


@dataclass(frozen=True, slots=True)
class FusedProbe:
    """One activation in one spelling and dtype, as a model."""

    activation: str
    dtype: str
    model: onnx.ModelProto


def fused_probes() -> Iterator[FusedProbe]:
    """Yield a model of every activation in every spelling and dtype."""
    for activation, bodies in FORMS.items():
        for dtype, element in DTYPES.items():
            for body in bodies:
                text = f'<ir_version: 8, opset_import: ["" : 17]> g ({element}[2,8] x) => ({element}[2,8] y) {{ {body} }}'
                model = onnx.parser.parse_model(text)
                read = {name for node in model.graph.node for name in node.input}
                model.graph.initializer.extend(
                    numpy_helper.from_array(np.asarray(value, dtype), name) for name, value in NUMBERS.items() if name in read
                )
                yield FusedProbe(activation, dtype, model)
