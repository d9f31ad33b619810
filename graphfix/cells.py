"""The cells of GRU, LSTM and RNN as plain operators: one step of one direction, with any activations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graphfix.recurrent import ACTIVATIONS, BACKWARDS
from graphfix.surgeon import Surgery

Array = npt.NDArray[Any]

PLAIN = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "softsign": "Softsign", "softplus": "Softplus"}
WITH_ALPHA = {"leakyrelu": ("LeakyRelu", 0.01), "thresholdedrelu": ("ThresholdedRelu", 1.0), "elu": ("Elu", 1.0)}
SCALED = frozenset({"affine", "scaledtanh"})
"""Activations with alpha and beta that have no defaults."""


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation with its parameters, None where it has none or none is given."""

    name: str
    alpha: float | None = None
    beta: float | None = None


def activations(op: str, attrs: Any) -> list[list[Activation]] | str:
    """The activations of each direction, or why one is not known."""
    ways, each = len(BACKWARDS[attrs.get("direction", "forward")]), len(ACTIVATIONS[op])
    names = [str(name).lower() for name in attrs.get("activations") or ACTIVATIONS[op] * ways]
    alphas, betas = (iter(attrs.get(f"activation_{kind}") or ()) for kind in ("alpha", "beta"))
    found = []
    for name in names:
        if name in PLAIN:
            found.append(Activation(name))
        elif name in WITH_ALPHA:
            found.append(Activation(name, next(alphas, WITH_ALPHA[name][1])))
        elif name == "hardsigmoid":
            found.append(Activation(name, next(alphas, 0.2), next(betas, 0.5)))
        elif name in SCALED:
            found.append(Activation(name, next(alphas, None), next(betas, None)))
        else:
            return f"`{name}` is no activation that can be written out"
    if len(found) != ways * each:
        return f"it has {len(found)} activations, not {ways * each}"
    if any(activation.name in SCALED and None in (activation.alpha, activation.beta) for activation in found):
        return "an activation lacks the alpha and beta that it needs"
    return [found[way * each : (way + 1) * each] for way in range(ways)]


class Cells:
    """The writing of cells in the place of one node."""

    def __init__(self, surgery: Surgery, node: Any, dtype: npt.DTypeLike) -> None:
        self.surgery, self.node, self.dtype = surgery, node, np.dtype(dtype)
        self.origin = surgery.label(surgery.key(node))
        self.hidden, self.clip = int(node.attrs["hidden_size"]), node.attrs.get("clip")
        self.new: list[Any] = []
        self.constants: dict[tuple[tuple[int, ...], str, bytes], Any] = {}

    def op(self, op: str, *inputs: Any, **attrs: Any) -> Any:
        """One new node, and its output."""
        made = self.surgery.gs.Variable(self.surgery.fresh(f"{self.origin}/{op.lower()}"))
        self.new.append(self.surgery.node(op, list(inputs), [made], attrs, self.origin))
        return made

    def const(self, name: str, array: Array) -> Any:
        """An initializer, made once for every step that reads the same numbers."""
        key = (array.shape, array.dtype.str, array.tobytes())
        if key not in self.constants:
            self.constants[key] = self.surgery.constant(f"{self.origin}/{name}", array)
        return self.constants[key]

    def number(self, value: float) -> Any:
        """A scalar in the layer's dtype."""
        return self.const("number", np.asarray(value, self.dtype))

    def step(self, x: Any, h: Any, c: Any, weights: Sequence[Array], acts: Sequence[Activation]) -> tuple[Any, Any]:
        """The state and the cell after one step; `weights` are W, R, both biases and peepholes of one direction."""
        return getattr(self, f"_{self.node.op.lower()}")(x, h, c, *weights, acts)  # type: ignore[no-any-return]

    def activate(self, x: Any, activation: Activation) -> Any:
        """f(x), clipped first where the layer says so."""
        if self.clip:
            x = self._clipped(x)
        name, alpha, beta = activation.name, activation.alpha, activation.beta
        if name in PLAIN:
            return self.op(PLAIN[name], x)
        if name in WITH_ALPHA:
            return self.op(WITH_ALPHA[name][0], x, alpha=alpha)
        if name == "hardsigmoid":
            return self.op("HardSigmoid", x, alpha=alpha, beta=beta)
        assert alpha is not None
        assert beta is not None
        if name == "affine":
            return self.op("Add", self.op("Mul", x, self.number(alpha)), self.number(beta))
        return self.op("Mul", self.op("Tanh", self.op("Mul", x, self.number(beta))), self.number(alpha))

    def _clipped(self, x: Any) -> Any:
        limit = float(self.clip)
        if self.surgery.opset < 11:
            return self.op("Clip", x, min=-limit, max=limit)
        return self.op("Clip", x, self.number(-limit), self.number(limit))

    def linear(self, x: Any, weight: Array, bias: Array, name: str) -> Any:
        """x W' + b."""
        return self.op("Add", self.op("MatMul", x, self.const(name, weight.T)), self.const(f"{name}_bias", bias))

    def gate(self, k: int, x: Any, h: Any, w: Array, r: Array, wb: Array, rb: Array) -> Any:
        """x W_k' + h R_k' + b_k."""
        s = slice(k * self.hidden, (k + 1) * self.hidden)
        return self.op("Add", self.linear(x, w[s], wb[s] + rb[s], "w"), self.op("MatMul", h, self.const("r", r[s].T)))

    def _peeped(self, line: Any, c: Any, p: Array | None, k: int) -> Any:
        """A gate that sees the cell, p c added to it."""
        if p is None:
            return line
        return self.op("Add", line, self.op("Mul", c, self.const("p", p[k * self.hidden : (k + 1) * self.hidden])))

    def _rnn(self, x: Any, h: Any, c: Any, w: Array, r: Array, wb: Array, rb: Array, p: Any, acts: Any) -> tuple[Any, Any]:
        return self.activate(self.gate(0, x, h, w, r, wb, rb), acts[0]), c

    def _lstm(self, x: Any, h: Any, c: Any, w: Array, r: Array, wb: Array, rb: Array, p: Any, acts: Any) -> tuple[Any, Any]:
        i, f = (self._peeped(self.gate(k, x, h, w, r, wb, rb), c, p, k) for k in (0, 2))
        i = self.activate(i, acts[0])
        couple = self.node.attrs.get("input_forget", 0)
        f = self.op("Sub", self.number(1), i) if couple else self.activate(f, acts[0])
        g = self.activate(self.gate(3, x, h, w, r, wb, rb), acts[1])
        c = self.op("Add", self.op("Mul", f, c), self.op("Mul", i, g))
        o = self.activate(self._peeped(self.gate(1, x, h, w, r, wb, rb), c, p, 1), acts[0])
        return self.op("Mul", o, self._unclipped(c, acts[2])), c

    def _unclipped(self, x: Any, activation: Activation) -> Any:
        """f(x) of the cell, which is not clipped."""
        clip, self.clip = self.clip, None
        made = self.activate(x, activation)
        self.clip = clip
        return made

    def _gru(self, x: Any, h: Any, c: Any, w: Array, r: Array, wb: Array, rb: Array, p: Any, acts: Any) -> tuple[Any, Any]:
        z, reset = (self.activate(self.gate(k, x, h, w, r, wb, rb), acts[0]) for k in range(2))
        s = slice(2 * self.hidden, 3 * self.hidden)
        if self.node.attrs.get("linear_before_reset", 0):
            recurrent = self.op("Mul", reset, self.linear(h, r[s], rb[s], "r"))
            line = self.op("Add", self.linear(x, w[s], wb[s], "w"), recurrent)
        else:
            recurrent = self.op("MatMul", self.op("Mul", reset, h), self.const("r", r[s].T))
            line = self.op("Add", self.linear(x, w[s], wb[s] + rb[s], "w"), recurrent)
        new = self.activate(line, acts[1])
        return self.op("Add", new, self.op("Mul", z, self.op("Sub", h, new))), c
