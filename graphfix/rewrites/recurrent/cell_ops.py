"""The cells of GRU, LSTM and RNN as plain operators: one step of one direction, with any activations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graphfix.rewrites.recurrent.operands import ACTIVATIONS, BACKWARDS
from graphfix.rewriting.editor import GraphEditor

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


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """W, R, the biases of both, and peepholes (None without them) of one direction, as ONNX lays them out.

    Where two directions run together, each array has them as its first axis.
    """

    w: Array
    r: Array
    wb: Array
    rb: Array
    p: Array | None = None


class CellWriter:
    """The writing of cells in the place of one node."""

    def __init__(self, surgery: GraphEditor, node: Any, dtype: npt.DTypeLike) -> None:
        self.surgery, self.node, self.dtype = surgery, node, np.dtype(dtype)
        self.origin = surgery.label(surgery.key(node))
        self.build = surgery.at(self.origin)
        self.kind = "LSTM" if node.op == "DynamicQuantizeLSTM" else str(node.op)
        self.hidden, self.clip = int(node.attrs["hidden_size"]), node.attrs.get("clip")
        self.paired = False
        """Whether both directions run together: states are [2, batch, hidden] instead of [batch, hidden]."""

    def op(self, op: str, *inputs: Any, **attrs: Any) -> Any:
        """One new node, and its output."""
        return self.build.op(op, *inputs, **attrs)

    def const(self, name: str, array: Array) -> Any:
        """An initializer, made once for every step that reads the same numbers."""
        return self.build.constant(name, array)

    def number(self, value: float) -> Any:
        """A scalar in the layer's dtype."""
        return self.const("number", np.asarray(value, self.dtype))

    def lines(self, x: Any, w: Array, wb: Array, rb: Array) -> Any:
        """What all steps of one direction add to their gates: x W' + b over the whole sequence at once."""
        bias = wb if self._late_reset else wb + rb
        line = self.op("MatMul", x, self.const("w", np.ascontiguousarray(w.T)))
        return self.op("Add", line, self.const("b", bias)) if bias.any() else line

    def step(self, line: Any, h: Any, c: Any, weights: Weights, acts: Sequence[Activation]) -> tuple[Any, Any]:
        """The state and the cell after one step, from its part of `lines`; a state or cell that is None is zero."""
        return getattr(self, f"_{self.kind.lower()}")(line, h, c, weights, acts)  # type: ignore[no-any-return]

    @property
    def _late_reset(self) -> bool:
        """Whether a GRU resets the product rather than the state, so that the product keeps a bias of its own."""
        return self.kind == "GRU" and bool(self.node.attrs.get("linear_before_reset", 0))

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

    def split(self, tensor: Any, *gates: int) -> list[Any]:
        """The blocks of a tensor's last axis, each of that many gates."""
        sizes = [self.hidden * count for count in gates]
        axis = 2 if self.paired else 1
        late = self.surgery.opset >= 13
        inputs = [tensor, self.const("sizes", np.asarray(sizes, np.int64))] if late else [tensor]
        attrs: dict[str, Any] = {"axis": axis} if late else {"axis": axis, "split": sizes}
        return self.build.ops("Split", len(gates), *inputs, word="gate", **attrs)

    def recurrent(self, h: Any, r: Array) -> Any:
        """h R'; None where h is zero."""
        return None if h is None else self.op("MatMul", h, self.const("r", np.ascontiguousarray(r.swapaxes(-1, -2))))

    def plus(self, one: Any, other: Any) -> Any:
        """The sum of two tensors, either of which may be None for zero."""
        if one is None or other is None:
            return one if other is None else other
        return self.op("Add", one, other)

    def _peeped(self, line: Any, c: Any, p: Array | None, k: int) -> Any:
        """A gate that sees the cell, p c added to it."""
        if p is None or c is None:
            return line
        return self.op("Add", line, self.op("Mul", c, self.const("p", p[k * self.hidden : (k + 1) * self.hidden])))

    def _rnn(self, line: Any, h: Any, c: Any, weights: Weights, acts: Sequence[Activation]) -> tuple[Any, Any]:
        return self.activate(self.plus(line, self.recurrent(h, weights.r)), acts[0]), c

    def _lstm(self, line: Any, h: Any, c: Any, weights: Weights, acts: Sequence[Activation]) -> tuple[Any, Any]:
        i, o, f, g = self.split(self.plus(line, self.recurrent(h, weights.r)), 1, 1, 1, 1)
        i = self.activate(self._peeped(i, c, weights.p, 0), acts[0])
        kept = None
        if c is not None:
            couple = self.node.attrs.get("input_forget", 0)
            f = self.op("Sub", self.number(1), i) if couple else self.activate(self._peeped(f, c, weights.p, 2), acts[0])
            kept = self.op("Mul", f, c)
        c = self.plus(kept, self.op("Mul", i, self.activate(g, acts[1])))
        o = self.activate(self._peeped(o, c, weights.p, 1), acts[0])
        return self.op("Mul", o, self._unclipped(c, acts[2])), c

    def _unclipped(self, x: Any, activation: Activation) -> Any:
        """f(x) of the cell, which is not clipped."""
        clip, self.clip = self.clip, None
        made = self.activate(x, activation)
        self.clip = clip
        return made

    def _gru(self, line: Any, h: Any, c: Any, weights: Weights, acts: Sequence[Activation]) -> tuple[Any, Any]:
        cut = 2 * self.hidden
        x_gates, xn = self.split(line, 2, 1)
        h_gates = hn = None
        if self._late_reset:
            bias = self.const("rb", weights.rb[:, None] if self.paired else weights.rb) if weights.rb.any() else None
            product = self.plus(self.recurrent(h, weights.r), bias)
            if product is not None:
                h_gates, hn = self.split(product, 2, 1)
        else:
            h_gates = self.recurrent(h, weights.r[..., :cut, :])
        z, reset = self.split(self.activate(self.plus(x_gates, h_gates), acts[0]), 1, 1)
        if self._late_reset:
            added = None if hn is None else self.op("Mul", reset, hn)
        else:
            added = None if h is None else self.recurrent(self.op("Mul", reset, h), weights.r[..., cut:, :])
        new = self.activate(self.plus(xn, added), acts[1])
        moved = self.op("Neg", new) if h is None else self.op("Sub", h, new)
        return self.op("Add", new, self.op("Mul", z, moved)), c
