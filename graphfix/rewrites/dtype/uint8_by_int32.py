"""Cast<to = uint8>(x) read as numbers = Mod(Cast<to = int32>(x), 256): small numbers are held in 32 bits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.ir.dtypes import CODES
from graphfix.rewrites.dtype.recast import has_dtype, is_free, recast
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.integer_ranges import MOVERS, IntegerRanges
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

KEEP = MOVERS | {"Max", "Min", "Where", "Concat", "ReduceMax", "ReduceMin", "MaxPool"}
"""Operators whose results lie in the range of their operands."""


class Uint8ByInt32(GraphRewrite):
    """Hold values that are cast to uint8 inside the model as int32.

    Why: masks and pixels pass through uint8, which some compilers support as an input and not between operators. Where a value
    may be outside 0 to 255, the remainder by 256 is what uint8 would hold.
    """

    name = "uint8-by-int32"
    safety = Safety.EXACT
    needs_opset = 10
    fixes = (FixRule("Cast"),)
    differs_at = ("nan", "inf", "large")
    before = """u = Cast<to = 2>(mask)
                y = Cast<to = 1>(u)"""
    after = """i = Cast<to = 6>(mask)
               y = Cast<to = 1>(i)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] y) <float zero = {0}> {
                 p = Greater(x, zero)
                 u = Cast<to = 2>(p)
                 f = Cast<to = 1>(u)
                 y = Mul(x, f) }""",
            ops=("Greater", "Cast", "Cast", "Mul"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (int32[2, 3] x, uint8[3, 2] w) => (float[3, 2] y, bool[3, 2] p)
               <uint8 seven = {7}, int32 hundred = {-99}> {
                 h = Mul(x, hundred)
                 u = Cast<to = 2>(h)
                 t = Transpose<perm = [1, 0]>(u)
                 m = Max(t, w, seven)
                 y = Cast<to = 1>(m)
                 p = Equal(t, w) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (int32[2] x) => (uint8[2] y) { y = Cast<to = 2>(x) }""",
            because="`y` is an output of the model",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (int32[2] x) => (float[2] y) <float s = {2}, uint8 z = {0}> {
                 u = Cast<to = 2>(x)
                 y = DequantizeLinear(u, s, z) }""",
            because="`DequantizeLinear` reads `u` as uint8",
        ),
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (int32[2] x) => (float[2] y) { y = Cast<to = 1>(x) }"""),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        ranges = IntegerRanges(surgery)
        for graph in surgery.graphs():
            done: dict[int, Any] = {}
            for node in list(graph.nodes):
                key = surgery.key(node)
                if node.op == "Cast" and has_dtype(surgery, node.outputs[0], "uint8"):
                    if (wanted is not None and key not in wanted) or has_dtype(surgery, node.inputs[0], "uint8"):
                        continue
                    reason = _refusal(surgery, graph, node.outputs[0])
                    if reason is not None:
                        yield Declined(reason, at=surgery.label(key))
                        continue
                    done[id(node.outputs[0])] = _held(surgery, graph, node, ranges)
                    yield key
                elif node.op == "Cast" and id(node.inputs[0]) in done:
                    node.inputs[0] = done[id(node.inputs[0])]
                elif any(id(tensor) in done for tensor in node.inputs):
                    recast(surgery, graph, node, "uint8", "int32", done)
                    if node.op not in KEEP:  # its results may be beyond what uint8 holds, and are cast back
                        for made in node.outputs:
                            done = {one: wide for one, wide in done.items() if wide is not made}


def _refusal(surgery: GraphEditor, graph: Any, tensor: Any) -> str | None:
    """Return why a value has to stay uint8, else None."""
    if any(tensor is output for inner in surgery.graphs() for output in inner.outputs):
        return f"`{tensor.name}` is an output of the model"
    inside = {id(node) for node in graph.nodes}
    for reader in tensor.outputs:
        if id(reader) not in inside:
            return f"a branch or loop reads `{tensor.name}`"
        if reader.op == "DequantizeLinear" or (reader.op != "Cast" and not is_free(surgery, reader, "uint8", "int32")):
            return f"`{reader.op}` reads `{tensor.name}` as uint8"
    return None


def _held(surgery: GraphEditor, graph: Any, node: Any, ranges: IntegerRanges) -> Any:
    """Add what computes the value as int32 behind the Cast, and return it."""
    source, build = node.inputs[0], surgery.at(surgery.label(surgery.key(node)))
    found = ranges.of(source)
    value = surgery.value(source)
    narrow = value is not None and value.dtype == "bool"
    wide = build.op("Cast", source, word="int32", to=CODES["int32"])
    if not narrow and (found is None or found[0] < 0 or found[1] > 255):
        wide = build.op("Mod", wide, build.constant("wrap", np.asarray(256, np.int32)), word="wrapped")
    at = next(place for place, one in enumerate(graph.nodes) if one is node)
    graph.nodes[at + 1 : at + 1] = build.nodes
    return wide
