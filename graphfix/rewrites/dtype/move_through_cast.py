"""Move(x) = Cast(Move(Cast(x))): an operator that only moves elements can move them in a wider dtype, without loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from onnx import TensorProto

from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

WIDER = {
    "bool": TensorProto.INT32, "int8": TensorProto.INT32, "uint8": TensorProto.INT32, "int16": TensorProto.INT32,
    "uint16": TensorProto.INT32, "float16": TensorProto.FLOAT, "bfloat16": TensorProto.FLOAT,
}  # fmt: skip
"""For each dtype, a widely supported dtype that holds all its values, so that casting there and back is lossless."""

CODES = {
    "bool": TensorProto.BOOL, "int8": TensorProto.INT8, "uint8": TensorProto.UINT8, "int16": TensorProto.INT16,
    "uint16": TensorProto.UINT16, "float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16,
}  # fmt: skip

MOVERS: dict[str, tuple[int, ...] | None] = {
    "Gather": (0,), "GatherElements": (0,), "GatherND": (0,), "Slice": (0,), "Transpose": (0,), "Reshape": (0,),
    "Squeeze": (0,), "Unsqueeze": (0,), "Flatten": (0,), "Expand": (0,), "Tile": (0,), "Split": (0,), "Compress": (0,),
    "DepthToSpace": (0,), "SpaceToDepth": (0,), "ReverseSequence": (0,), "Identity": (0,), "Pad": (0, 2),
    "Where": (1, 2), "Concat": None,
}  # fmt: skip
"""Operators that only move elements, and the operands that they move; None means all."""


class MoveThroughCast(GraphRewrite):
    """Gather, slice, reshape or concatenate a narrow dtype as int32 or float32, and cast the result back.

    Why: compilers that reject an operator on bool or int8 usually support it on int32, and moving elements does not
    change them.
    """

    name = "move-through-cast"
    safety = Safety.EXACT
    needs_opset = 6
    fixes = tuple(FixRule(op, kinds=("dtype",)) for op in MOVERS)
    before = "y = Gather(x, i)"
    after = """wide = Cast<to = 6>(x)
               moved = Gather(wide, i)
               y = Cast<to = 9>(moved)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool[4] x, int64[2] i) => (bool[2] y) { y = Gather(x, i) }""",
            ops=("Cast", "Gather", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (uint8[N] a, uint8[M] b) => (uint8[K] y) {
                 y = Concat<axis = 0>(a, b) }""",
            ops=("Cast", "Cast", "Concat", "Cast"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (double[4] x, int64[2] i) => (double[2] y) { y = Gather(x, i) }""",
            because="no wider dtype stands for float64",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op in MOVERS and is_standard(n)]:
                key = surgery.key(node)
                if wanted is not None and key not in wanted:
                    continue
                places = MOVERS[node.op]
                moved = [i for i, t in enumerate(node.inputs) if t.name and (places is None or i in places)]
                value = surgery.value(node.inputs[moved[0]])
                dtype = value.dtype if value is not None else ""
                if dtype not in WIDER:
                    yield Declined(f"no wider dtype stands for {dtype or 'an unknown one'}", at=surgery.label(key))
                    continue
                _widen(surgery, graph, node, moved, dtype)
                yield key


def _widen(surgery: GraphEditor, graph: Any, node: Any, moved: list[int], dtype: str) -> None:
    """Insert a cast before each moved operand and after each result."""
    origin = surgery.label(surgery.key(node))
    casts, backs = surgery.at(origin), surgery.at(origin)
    for place in moved:
        node.inputs[place] = casts.op("Cast", node.inputs[place], word="wide", to=int(WIDER[dtype]))
    for place, made in enumerate(list(node.outputs)):
        if made.name:
            node.outputs[place] = backs.value("moved")
            backs.node("Cast", [node.outputs[place]], [made], {"to": int(CODES[dtype])})
    at = next(i for i, other in enumerate(graph.nodes) if other is node)
    graph.nodes[at : at + 1] = [*casts.nodes, node, *backs.nodes]
