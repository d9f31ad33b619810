"""DequantizeLinear(w, s, z) = (w - z) * s, computed once where all three are constants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.ir.operator_set import is_standard
from graphfix.rewrites.quantization.numerics import dequantised
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety


class FoldDequantize(GraphRewrite):
    """Store a quantised weight or bias as the floats it stands for.

    Why: compilers that support no quantised graph accept its weights as floats, and some that do accept none in int32, which
    is what biases are kept in. The file grows by as much as the weights were narrower.
    """

    name = "fold-dequantize"
    safety = Safety.EXACT
    needs_opset = 10
    fixes = (FixRule("DequantizeLinear"),)
    before = "w = DequantizeLinear(q, scale, zero)"
    after = "w = Identity(floats)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 2] x) => (float[N, 2] y)
               <int8[2, 2] q = {1, -2, 3, 127}, float[2] s = {0.5, 0.25}, int8[2] z = {0, 3}> {
                 w = DequantizeLinear<axis = 1>(q, s, z)
                 y = MatMul(x, w) }""",
            ops=("MatMul",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 2] x) => (float[N, 2] y)
               <int32[2] q = {100, -20000}, float s = {0.001}> {
                 b = DequantizeLinear(q, s)
                 y = Add(x, b) }""",
            ops=("Add",),
        ),
        Case(
            """<ir_version: 10, opset_import: ["" : 21]> g (float[N, 4] x) => (float[N, 2] y)
               <uint8[4, 2] q = {1, 2, 3, 4, 5, 6, 7, 8}, float[2, 2] s = {1, 0.5, 0.25, 2}, uint8[2, 2] z = {1, 2, 3, 4}> {
                 w = DequantizeLinear<axis = 0, block_size = 2>(q, s, z)
                 y = MatMul(x, w) }""",
            ops=("MatMul",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[3] q) => (float[3] y) <float s = {0.5}> {
                 y = DequantizeLinear(q, s) }""",
            because="`q` is not a constant",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op == "DequantizeLinear" and is_standard(n)]:
                key = surgery.key(node)
                if wanted is not None and key not in wanted:
                    continue
                given = [tensor for tensor in node.inputs if tensor.name]
                arrays: list[Any] = [surgery.known(tensor) for tensor in given]
                missing = next((t.name for t, array in zip(given, arrays, strict=True) if array is None), None)
                if missing is not None:
                    yield Declined(f"`{missing}` is not a constant", at=surgery.label(key))
                    continue
                zero = arrays[2] if len(arrays) > 2 else None
                made = dequantised(arrays[0], arrays[1], zero, node.attrs.get("axis", 1), node.attrs.get("block_size", 0))
                if any(node.outputs[0] is output for output in graph.outputs):
                    yield Declined(f"`{node.outputs[0].name}` is an output of its graph", at=surgery.label(key))
                    continue
                surgery.rewire(node.outputs[0], surgery.constant(f"{given[0].name}/floats", np.asarray(made)))
                node.inputs.clear()
                yield key
