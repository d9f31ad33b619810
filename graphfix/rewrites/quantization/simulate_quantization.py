"""DequantizeLinear(QuantizeLinear(x, s, z), s, z) = Clip(Round(x / s), least - z, most - z) * s, all in floats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from onnx import helper

from graphfix.rewrites.quantization.drop_quantization import at_pairs, numbers_of
from graphfix.rewrites.quantization.numerics import limits
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.opset_forms import in_opset_form
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety


class SimulateQuantization(GraphRewrite):
    """Round and clip activations as quantising does, without leaving floats.

    Why: a compiler without quantised operators, or without their dtypes, still computes what the quantised model
    computes, to the last bit. A zero
    may get the sign of what was rounded to it, which only a division by it tells.
    """

    name = "simulate-quantization"
    safety = Safety.EXACT
    needs_opset = 11
    differs_at = ("nan", "inf")
    fixes = (FixRule("QuantizeLinear"), FixRule("DequantizeLinear"))
    before = """q = QuantizeLinear(x, scale, zero)
                y = DequantizeLinear(q, scale, zero)"""
    after = """a = Div(x, scale)
               b = Round(a)
               c = Clip(b, least, most)
               y = Mul(c, scale)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 4] x) => (float[N, 4] y) <float s = {0.02}, uint8 z = {128}> {
                 q = QuantizeLinear(x, s, z)
                 d = DequantizeLinear(q, s, z)
                 y = Neg(d) }""",
            ops=("Div", "Round", "Clip", "Mul", "Neg"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4] x) => (uint8[4] q) <float s = {0.05}> {
                 q = QuantizeLinear(x, s) }""",
            because="something else than DequantizeLinear reads `q`",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        yield from at_pairs(surgery, wanted, _simulate)


def _simulate(surgery: GraphEditor, graph: Any, node: Any, reader: Any) -> None:
    """Put rounding and clipping where the numbers are read back."""
    scale, zero = numbers_of(surgery, node) or (1.0, 0)
    value = surgery.value(node.outputs[0])
    assert value is not None
    least, most = (float(bound - zero) for bound in limits(value.dtype))
    nodes = [
        helper.make_node("Div", ["x", "s"], ["a"]),
        helper.make_node("Round", ["a"], ["b"]),
        helper.make_node("Clip", ["b"], ["c"], min=least, max=most),
        helper.make_node("Mul", ["c", "s"], ["y"]),
    ]
    written, operands = in_opset_form(nodes, surgery.opset, np.float32)
    constants = {"s": np.asarray(scale, np.float32), **operands}
    surgery.replace(graph, reader, written, {"x": node.inputs[0]}, {"y": reader.outputs[0]}, constants)
