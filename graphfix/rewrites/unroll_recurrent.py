"""GRU(X)_t = (1 - z) * n + z * h, RNN(X)_t = tanh(W x + R h + b), LSTM(X)_t = o * tanh(c): one cell for each step.

With the gates of ONNX, for each direction and step: GRU z, r = s(x W' + h R' + b), n = tanh(x Wh' + r * (h Rh' + rb) + wb)
when linear_before_reset, else tanh(x Wh' + (r * h) Rh' + rb + wb); LSTM i, o, f = s(...), g = tanh(...), c = f * c + i * g.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.rewrite import Case, Cure, Declined, GraphRewrite, Key, Safety
from graphfix.surgeon import Surgery

Array = npt.NDArray[Any]

MOST_CELLS = 128
"""Steps times directions that are written out; a cell is about fifteen nodes."""

GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}


class UnrollRecurrent(GraphRewrite):
    """Write a short GRU, LSTM or RNN as the operators of its cells, one for each step.

    Why: streaming models run a recurrent layer for one step or a few, and a compiler that has no such layer has
    MatMul, Sigmoid and Tanh. Weights, the number of steps and the default activations must be known.
    """

    name = "unroll-recurrent"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 64
    cures = tuple(Cure(op) for op in GATES)
    before = "Y, last = GRU<hidden_size = 8>(X, W, R, B, , h)"
    fires: ClassVar[tuple[Case, ...]] = tuple(
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[{steps}, 2, 1] x) => (float[S, D, 2, 2] y, float[D, 2, 2] last)
               {weights} {{ y, last = {call} }}""",
            ops=("*",),
        )
        for steps, weights, call in (
            (
                1,
                """<float[1, 6, 1] w = {0.5, -1, 0.25, 2, -0.75, 1},
                    float[1, 6, 2] r = {1, -1, 0.5, 0.25, -0.5, 1, 2, 0, 1, 1, 0, -1},
                    float[1, 12] b = {0.1, 0.2, 0.3, 0, 0, 0, 0.5, 0, -0.5, 0, 1, 0},
                    float[1, 2, 2] h = {1, -1, 0.5, 2}>""",
                "GRU<hidden_size = 2, linear_before_reset = 1>(x, w, r, b, , h)",
            ),
            (
                3,
                """<float[2, 2, 1] w = {0.5, -1, 0.25, 2}, float[2, 2, 2] r = {1, -1, 0.5, 0.25, -0.5, 1, 2, 0},
                    float[2, 4] b = {0.1, 0.2, 0.3, 0.4, 0, 0, 0, -1}, float[2, 2, 2] h = {1, -1, 0.5, 2, 1, 1, -2, 3}>""",
                """RNN<hidden_size = 2, direction = "bidirectional">(x, w, r, b, , h)""",
            ),
            (
                2,
                """<float[1, 8, 1] w = {0.5, -1, 0.25, 2, -0.75, 1, 0.5, 0.5},
                    float[1, 8, 2] r = {1, -1, 0.5, 0.25, -0.5, 1, 2, 0, 1, 1, 0, -1, 1, 0, 0.5, 0.5},
                    float[1, 2, 2] h = {1, -1, 0.5, 2}, float[1, 2, 2] c = {1, 2, -3, 1}>""",
                """LSTM<hidden_size = 2, direction = "reverse">(x, w, r, , , h, c)""",
            ),
        )
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[S, 2, 1] x) => (float[S, 1, 2, 2] y)
               <float[1, 2, 1] w = {1, 2}, float[1, 2, 2] r = {1, 2, 3, 4}> { y = RNN<hidden_size = 2>(x, w, r) }""",
            because="the number of steps of `x` is not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 2, 1] x) => (float[2, 1, 2, 2] y)
               <float[1, 2, 1] w = {1, 2}, float[1, 2, 2] r = {1, 2, 3, 4}> {
                 y = RNN<hidden_size = 2, activations = ["Relu"]>(x, w, r) }""",
            because="only the default activations and no clip, layout or input_forget are written out",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[300, 2, 1] x) => (float[300, 1, 2, 2] y)
               <float[1, 2, 1] w = {1, 2}, float[1, 2, 2] r = {1, 2, 3, 4}> { y = RNN<hidden_size = 2>(x, w, r) }""",
            because="300 cells would be written out, over 128",
        ),
    )

    def edit(self, surgery: Surgery, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op in GATES and n.domain in (None, "", "ai.onnx")]:
                key = surgery.key(node)
                if wanted is not None and key not in wanted:
                    continue
                reason = _refusal(surgery, node)
                if reason is not None:
                    yield Declined(reason, at=surgery.label(key))
                    continue
                _Unrolled(surgery, graph, node).write()
                yield key


def _refusal(surgery: Surgery, node: Any) -> str | None:
    defaults = {"GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"], "RNN": ["Tanh"]}[node.op]
    given = node.attrs.get("activations")
    odd = (
        {"clip", "activation_alpha", "activation_beta"} & set(node.attrs)
        or node.attrs.get("layout")
        or node.attrs.get("input_forget")
    )
    if odd or (given is not None and list(given) not in (defaults, defaults * 2)):
        return "only the default activations and no clip, layout or input_forget are written out"
    inputs = list(node.inputs)
    if (len(inputs) > 4 and inputs[4].name) or (len(inputs) > 7 and inputs[7].name):
        return "sequence lengths and peepholes are not written out"
    if any(surgery.known(t) is None for t in inputs[1:4] if t.name):
        return "its weights are not constants"
    value = surgery.value(inputs[0])
    if value is None or value.shape is None or not isinstance(value.shape[0], int):
        return f"the number of steps of `{inputs[0].name}` is not fixed"
    if value.dtype != "float32":
        return f"exact only in float32, `{inputs[0].name}` is {value.dtype}"
    if not all(isinstance(dim, int) for dim in value.shape):
        return f"the batch of `{inputs[0].name}` is not fixed"
    cells = value.shape[0] * (2 if node.attrs.get("direction") == "bidirectional" else 1)
    return f"{cells} cells would be written out, over {MOST_CELLS}" if cells > MOST_CELLS or not cells else None


class _Unrolled:
    """The writing out of one recurrent node."""

    def __init__(self, surgery: Surgery, graph: Any, node: Any) -> None:
        self.surgery, self.graph, self.node = surgery, graph, node
        self.origin = surgery.label(surgery.key(node))
        shape = surgery.value(node.inputs[0]).shape  # type: ignore[union-attr]
        self.steps, self.batch = int(shape[0]), int(shape[1])  # type: ignore[index, arg-type]
        self.hidden = int(node.attrs["hidden_size"])
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

    def axes(self, op: str, tensor: Any, axis: int) -> Any:
        """Squeeze or Unsqueeze at one axis, as the opset writes it."""
        if self.surgery.opset < 13:
            return self.op(op, tensor, axes=[axis])
        return self.op(op, tensor, self.const("axis", np.asarray([axis], np.int64)))

    def slot(self, tensor: Any, index: int) -> Any:
        """One entry of the first axis."""
        return self.op("Gather", tensor, self.const("index", np.asarray(index, np.int64)), axis=0)

    def write(self) -> None:
        """Put the cells of every direction and step where the node stood."""
        node, surgery = self.node, self.surgery
        direction = node.attrs.get("direction", "forward")
        backwards = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[direction]
        given = [t if t.name else None for t in node.inputs] + [None] * 8
        w, r = (np.asarray(surgery.known(t)) for t in given[1:3])
        n = GATES[node.op] * self.hidden
        b = np.zeros((len(backwards), 2 * n), np.float32) if given[3] is None else np.asarray(surgery.known(given[3]))
        inputs = [self.slot(given[0], t) for t in range(self.steps)]
        zero = np.zeros((self.batch, self.hidden), np.float32)
        every: list[list[Any]] = [[None] * len(backwards) for _ in range(self.steps)]
        hidden, cells = [], []
        for d, backward in enumerate(backwards):
            h = self.const("h0", zero) if given[5] is None else self.slot(given[5], d)
            c = self.const("c0", zero) if given[6] is None else self.slot(given[6], d)
            for t in reversed(range(self.steps)) if backward else range(self.steps):
                h, c = getattr(self, f"_{node.op.lower()}")(inputs[t], h, c, w[d], r[d], b[d, :n], b[d, n:])
                every[t][d] = h
            hidden.append(h)
            cells.append(c)
        outputs = [*node.outputs, None, None, None][:3]
        node.inputs.clear()
        node.outputs.clear()
        rows = [self.stack(row) for row in every] if outputs[0] is not None and outputs[0].name else []
        for made, parts in zip(outputs, (rows, hidden, cells), strict=True):
            if made is not None and made.name:
                self.stack(parts, made)
        at = next(i for i, other in enumerate(self.graph.nodes) if other is node)
        self.graph.nodes[at : at + 1] = self.new

    def stack(self, parts: list[Any], made: Any = None) -> Any:
        """The parts side by side along a new first axis."""
        lifted = [self.axes("Unsqueeze", part, 0) for part in parts]
        result = self.op("Concat", *lifted, axis=0)
        if made is not None:
            self.new[-1].outputs = [made]
        return result

    def linear(self, x: Any, weight: Array, bias: Array, name: str) -> Any:
        """x W' + b."""
        return self.op("Add", self.op("MatMul", x, self.const(name, weight.T)), self.const(f"{name}_bias", bias))

    def gate(self, k: int, x: Any, h: Any, w: Array, r: Array, wb: Array, rb: Array) -> Any:
        """x W_k' + h R_k' + b_k."""
        s = slice(k * self.hidden, (k + 1) * self.hidden)
        return self.op("Add", self.linear(x, w[s], wb[s] + rb[s], "w"), self.op("MatMul", h, self.const("r", r[s].T)))

    def _rnn(self, x: Any, h: Any, c: Any, w: Array, r: Array, wb: Array, rb: Array) -> tuple[Any, Any]:
        return self.op("Tanh", self.gate(0, x, h, w, r, wb, rb)), c

    def _lstm(self, x: Any, h: Any, c: Any, w: Array, r: Array, wb: Array, rb: Array) -> tuple[Any, Any]:
        i, o, f = (self.op("Sigmoid", self.gate(k, x, h, w, r, wb, rb)) for k in range(3))
        g = self.op("Tanh", self.gate(3, x, h, w, r, wb, rb))
        c = self.op("Add", self.op("Mul", f, c), self.op("Mul", i, g))
        return self.op("Mul", o, self.op("Tanh", c)), c

    def _gru(self, x: Any, h: Any, c: Any, w: Array, r: Array, wb: Array, rb: Array) -> tuple[Any, Any]:
        z, reset = (self.op("Sigmoid", self.gate(k, x, h, w, r, wb, rb)) for k in range(2))
        s = slice(2 * self.hidden, 3 * self.hidden)
        if self.node.attrs.get("linear_before_reset", 0):
            recurrent = self.op("Mul", reset, self.linear(h, r[s], rb[s], "r"))
            line = self.op("Add", self.linear(x, w[s], wb[s], "w"), recurrent)
        else:
            recurrent = self.op("MatMul", self.op("Mul", reset, h), self.const("r", r[s].T))
            line = self.op("Add", self.linear(x, w[s], wb[s] + rb[s], "w"), recurrent)
        new = self.op("Tanh", line)
        return self.op("Add", new, self.op("Mul", z, self.op("Sub", h, new))), c
