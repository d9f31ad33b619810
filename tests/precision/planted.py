"""Small models in which float16 goes wrong at one node, each with the inputs that show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto

Array = np.ndarray[Any, Any]
HEAD = '<ir_version: 8, opset_import: ["" : 17]> g '


@dataclass(frozen=True, slots=True)
class Planted:
    """A model in ONNX text, the output of the node at fault, the rewrite that keeps it in range (empty for none)."""

    name: str
    text: str
    at: str
    rewrite: str
    scale: float
    kind: str = "overflow"

    @property
    def model(self) -> ModelProto:
        """The model, parsed."""
        return onnx.parser.parse_model(HEAD + self.text)

    @property
    def feeds(self) -> list[dict[str, Array]]:
        """Two inputs of the magnitude that shows the fault."""
        random = np.random.default_rng(3)
        feeds = []
        for _ in range(2):
            feed = {}
            for info in self.model.graph.input:
                dims = [dim.dim_value for dim in info.type.tensor_type.shape.dim]
                feed[info.name] = (random.standard_normal(dims) * self.scale).astype(np.float32)
                if self.kind == "vanishes":
                    feed[info.name][1] = 1.0  # a row whose variance is 0
            feeds.append(feed)
        return feeds


PLANTED = (
    Planted(
        "softmax",
        """(float[4, 8] x) => (float[4, 8] y) <int64[1] a = {-1}> {
             h = Tanh(x)
             t = Add(h, x)
             e = Exp(t)
             s = ReduceSum(e, a)
             y = Div(e, s) }""",
        "e", "quotient-to-softmax", 12.0,
    ),
    Planted(
        "log-sum-exp",
        """(float[4, 8] x) => (float[4, 1] y) <int64[1] a = {-1}> {
             e = Exp(x)
             s = ReduceSum(e, a)
             y = Log(s) }""",
        "e", "log-sum-exp-by-max", 12.0,
    ),
    Planted(
        "layer norm",
        """(float[4, 32] x) => (float[4, 32] y) <float eps = {0.00001}, float two = {2.0}> {
             m = ReduceMean<axes = [-1]>(x)
             d = Sub(x, m)
             q = Pow(d, two)
             v = ReduceMean<axes = [-1]>(q)
             w = Add(v, eps)
             r = Sqrt(w)
             y = Div(d, r) }""",
        "q", "scale-before-square", 400.0,
    ),
    Planted(
        "RMS norm",
        """(float[4, 32] x) => (float[4, 32] y) <float eps = {0.00001}, float[1] g = {2}> {
             q = Mul(x, x)
             v = ReduceMean<axes = [-1]>(q)
             w = Add(v, eps)
             r = Sqrt(w)
             i = Reciprocal(r)
             n = Mul(x, i)
             y = Mul(n, g) }""",
        "q", "scale-before-square", 400.0,
    ),
    Planted(
        "L2 norm",
        """(float[4, 32] x) => (float[4, 32] y) {
             n = ReduceL2<axes = [-1]>(x)
             y = Div(x, n) }""",
        "n", "scale-before-square", 400.0,
    ),
    Planted(
        "attention",
        """(float[1, 6, 64] x, float[1, 6, 64] k) => (float[1, 6, 6] y) <float c = {8.0}> {
             t = Transpose<perm = [0, 2, 1]>(k)
             p = MatMul(x, t)
             y = Div(p, c) }""",
        "p", "scale-before-product", 80.0,
    ),
    Planted(
        "softplus",
        """(float[4, 8] x) => (float[4, 8] y) <float one = {1.0}> {
             e = Exp(x)
             a = Add(e, one)
             y = Log(a) }""",
        "e", "softplus-by-max", 12.0,
    ),
    Planted(
        "sigmoid",
        """(float[4, 8] x) => (float[4, 8] y) <float one = {1.0}> {
             e = Exp(x)
             a = Add(e, one)
             y = Div(e, a) }""",
        "e", "quotient-to-sigmoid", 12.0,
    ),
    Planted(
        "mask",
        """(float[4, 8] x) => (float[4, 8] y)
           <float low = {-1000000000}, float[8] seen = {1, 1, 1, 0, 0, 0, 1, 1}, float one = {1.0}> {
             n = Sub(one, seen)
             h = Mul(n, low)
             s = Add(x, h)
             y = Softmax(s) }""",
        "h", "clamp-mask", 1.0,
    ),
    Planted(
        "epsilon",
        """(float[4, 8] x) => (float[4, 8] y) <float tiny = {1e-9}> {
             m = ReduceMean<axes = [-1]>(x)
             d = Sub(x, m)
             a = Mul(d, d)
             v = ReduceMean<axes = [-1]>(a)
             w = Add(v, tiny)
             r = Sqrt(w)
             y = Div(d, r) }""",
        "w", "raise-epsilon", 1.0, "vanishes",
    ),
    Planted(
        "LayerNormalization",
        """(float[4, 32] x) => (float[4, 32] y) <float[32] g = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
             2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}> {
             y = LayerNormalization(x, g) }""",
        "y", "scale-before-square", 400.0,
    ),
    Planted(
        "square sum",
        """(float[4, 32] x) => (float[4, 1] y) <int64[1] a = {-1}> {
             q = Mul(x, x)
             y = ReduceSum(q, a) }""",
        "q", "", 400.0,
    ),
    Planted(
        "mean of a sum",
        """(float[4, 64] x) => (float[4, 1] y) <int64[1] a = {-1}, float n = {64.0}> {
             b = Abs(x)
             s = ReduceSum(b, a)
             y = Div(s, n) }""",
        "s", "sum-over-size-to-mean", 4000.0,
    ),
)  # fmt: skip
