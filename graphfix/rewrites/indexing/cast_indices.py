"""Op(x, i) = Op(x, Cast(i)): the indices of ScatterND and GatherND are int64, the one dtype that ONNX allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from onnx import ModelProto, TensorProto

from graphfix.analysis.cache import facts_of
from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

OPS = ("ScatterND", "GatherND")


class CastIndices(GraphRewrite):
    """Convert the indices of ScatterND and GatherND to int64.

    Why: an exporter writes int32 there, as in inverse short-time Fourier transforms. ONNX allows int64 only, so that
    onnxruntime does not load the model, and nothing can be folded.
    """

    name = "cast-indices"
    safety = Safety.EXACT
    everywhere = True
    tidies = True
    needs_opset = 11
    fixes = tuple(FixRule(op) for op in (*OPS, "DFT"))
    before = "y = ScatterND(x, int32_indices, updates)"
    after = """indices = Cast<to = 7>(int32_indices)
               y = ScatterND(x, indices, updates)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[4, 2] x, float[2, 2] u) => (float[4, 2] y)
               <int32[2, 1] i = {3, 0}> { y = ScatterND<reduction = "add">(x, i, u) }""",
            ops=("ScatterND",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4, N] x, int32[3, 1] i) => (float[3, N] y) {
                 y = GatherND(x, i) }""",
            ops=("Cast", "GatherND"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4, N] x, int64[3, 1] i) => (float[3, N] y) {
                 y = GatherND(x, i) }""",
        ),
    )

    def idle(self, model: ModelProto) -> bool:
        return not facts_of(model).of_operator(*OPS)

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op in OPS and is_standard(n)]:
                key, value = surgery.key(node), surgery.value(node.inputs[1])
                if (wanted is not None and key not in wanted) or value is None or value.dtype != "int32":
                    continue
                builder = surgery.at(surgery.label(key))
                known = surgery.known(node.inputs[1])
                if known is not None:
                    node.inputs[1] = builder.constant("indices", known.astype(np.int64))
                else:
                    node.inputs[1] = builder.op("Cast", node.inputs[1], word="indices", to=int(TensorProto.INT64))
                at = next(i for i, other in enumerate(graph.nodes) if other is node)
                graph.nodes[at:at] = builder.nodes
                yield key
