"""DynamicQuantizeLSTM as the cells of an LSTM, each product taken of whole numbers: x W' ~ s ws ((Round(x / s)) (W - z)')."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.analysis.recurrent_steps import MOST_STEPS
from graphfix.rewrites.quantization.simulate_dynamic import NUMBERS, rounding
from graphfix.rewrites.recurrent.cell_ops import Array, activations
from graphfix.rewrites.recurrent.operands import LENGTHS
from graphfix.rewrites.recurrent.unroll_recurrent import Unrolled
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g"""
SCALES = "float[1] s = {0.01}, uint8[1] z = {10}"


class UnrollDynamicRecurrent(GraphRewrite):
    """Write a short DynamicQuantizeLSTM as the operators of its cells, with the rounding that it does at each step.

    Why: the operator is one runtime's own, and the float layer gives other numbers. Here they stay, but for states on
    the edge between two quanta, which its approximate sigmoid may put on the other side.
    """

    name = "unroll-dynamic-recurrent"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 8192
    differs_at = ("nan", "inf")
    """A state that comes to lie in the next quantum moves the gates by a weight's part of 1/255."""
    fixes = (FixRule("DynamicQuantizeLSTM"),)
    before = "Y, h, c = com.microsoft.DynamicQuantizeLSTM<hidden_size = 8>(X, W, R, B, l, h0, c0, P, ws, wz, rs, rz)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 11, "com.microsoft" : 1]> g
               (float[3, 1, 2] x) => (float[3, 1, 1, 1] y, float[1, 1, 1] last)
               <uint8[1, 2, 4] w = {{1, 20, 30, 4, 5, 250, 7, 8}}, uint8[1, 1, 4] r = {{1, 20, 3, 40}}, {SCALES}> {{
                 y, last = com.microsoft.DynamicQuantizeLSTM<hidden_size = 1, direction = "reverse">(
                             x, w, r, , , , , , s, z, s, z) }}""",
            ops=("*",),
        ),
        Case(
            HEAD
            + """(float[2, 1, 2] x) => (float[2, 2, 1, 1] y)
               <int8[2, 2, 4] w = {1, 20, 30, 4, 5, -25, 7, 8, 9, 10, 11, -12, 13, 14, 15, 16},
                int8[2, 1, 4] r = {1, 20, 3, 40, -5, 6, 70, 8}, float[2] s = {0.01, 0.02}, int8[2] z = {0, 0},
                float[2, 8] b = {0, 0.5, 1, -1, 0, 0, 0.25, 0, 0, 0.5, 1, -1, 0, 0, 0.25, 0},
                float[2, 1, 1] h = {0.5, -0.25}, float[2, 1, 1] c = {1, 2}> {
                 y = com.microsoft.DynamicQuantizeLSTM<hidden_size = 1, direction = "bidirectional">(
                       x, w, r, b, , h, c, , s, z, s, z) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = tuple(
        Case(
            HEAD
            + f"""(float[{dims}, 2] x) => (float[A, 1, B, 1] y)
               <uint8[1, 2, 4] w = {{1, 20, 30, 4, 5, 250, 7, 8}}, uint8[1, 1, 4] r = {{1, 20, 3, 40}}, {SCALES}> {{
                 y = com.microsoft.DynamicQuantizeLSTM<hidden_size = 1>(x, w, r, , , , , , s, z, s, z) }}""",
            because=because,
        )
        for dims, because in (
            ("T, 1", "the number of steps of `x` is not fixed"),
            ("200, 1", "200 steps would be written out, over 128"),
            ("2, 3", "sequences of a batch are quantised in groups, as many as there are threads"),
        )
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op == "DynamicQuantizeLSTM"]:
                key = surgery.key(node)
                if wanted is not None and key not in wanted:
                    continue
                reason = _refusal(surgery, node)
                if reason is not None:
                    yield Declined(reason, at=surgery.label(key))
                    continue
                _Quantised(surgery, graph, node).write()
                yield key


def _refusal(surgery: GraphEditor, node: Any) -> str | None:
    acts = activations("LSTM", node.attrs)
    if isinstance(acts, str):
        return acts
    inputs = list(node.inputs)
    if len(inputs) > LENGTHS and inputs[LENGTHS].name:
        return "what lies behind the end of a sequence is not quantised with the rest"
    if any(surgery.known(t) is None for t in (*inputs[1:4], *inputs[7:]) if t.name):
        return "its weights are not constants"
    value = surgery.value(inputs[0])
    if value is None or value.shape is None or not isinstance(value.shape[0], int):
        return f"the number of steps of `{inputs[0].name}` is not fixed"
    if value.shape[1] != 1:
        return "sequences of a batch are quantised in groups, as many as there are threads"
    steps, most = value.shape[0], MOST_STEPS["unroll-dynamic-recurrent"]
    return f"{steps} steps would be written out, over {most}" if steps > most or not steps else None


class _Quantised(Unrolled):
    """The writing out of one quantised layer; its matrices are whole numbers, with the scales kept beside them."""

    pairs = False  # each direction is quantised by itself

    def __init__(self, surgery: GraphEditor, graph: Any, node: Any) -> None:
        super().__init__(surgery, graph, node)
        self.scales: dict[bytes, Array] = {}

    def matrices(self, given: list[Any]) -> tuple[Array, Array]:
        """W and R less their zero points, turned to how an LSTM has them: [directions, gates, operand]."""
        made = []
        for place, scale, zero in ((1, 8, 9), (2, 10, 11)):
            whole, by = (np.asarray(self.surgery.known(given[at])) for at in (place, scale))
            shift = np.zeros(1, np.int64) if given[zero] is None else np.asarray(self.surgery.known(given[zero]))
            floats = (whole.astype(np.int64) - shift.reshape(shift.shape[0], 1, -1)).astype(np.float32)
            turned = np.ascontiguousarray(floats.transpose(0, 2, 1))
            for d in range(len(turned)):
                self.scales[turned[d].tobytes()] = by.reshape(by.shape[0], -1)[d].astype(np.float32)
            made.append(turned)
        return made[0], made[1]

    def lines(self, x: Any, w: Array, wb: Array, rb: Array) -> Any:
        """What all steps of one direction add to their gates: the input is quantised as a whole."""
        line, bias = self.product(x, w), wb + rb
        return self.op("Add", line, self.const("b", bias)) if bias.any() else line

    def recurrent(self, h: Any, r: Array) -> Any:
        """h R', the state quantised anew; None where it is zero."""
        return None if h is None else self.product(h, r)

    def product(self, x: Any, w: Array) -> Any:
        """The product of whole numbers, and both scales upon it."""
        whole, scale = self.rounded(x)
        made = self.op("MatMul", whole, self.const("whole", np.ascontiguousarray(w.T)))
        return self.op("Mul", made, self.op("Mul", scale, self.const("scale", self.scales[w.tobytes()])))

    def rounded(self, x: Any) -> tuple[Any, Any]:
        """A tensor as whole numbers about their zero point, and its scale."""
        nodes, operands = rounding(self.surgery, x)
        names = {"x": x} | {name: self.const(name, array) for name, array in {**NUMBERS, **operands}.items()}
        for proto in nodes:
            attrs = {item.name: self.surgery.attribute(item) for item in proto.attribute}
            names[proto.output[0]] = self.op(proto.op_type, *(names[name] for name in proto.input), **attrs)
        return names["shifted"], names["scale"]
