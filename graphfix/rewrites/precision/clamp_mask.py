"""Softmax(x + -1e9) = Softmax(x + -3e4): what hides a score need not be outside of float16."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, Key, Safety

HIDING = -30000.0
"""Two of these summed, of two masks, are still within float16, whose exp is 0 from -17.4."""
LIMIT = -65504.0
FARTHEST = 12
"""The most nodes between a constant and the Softmax that it hides scores from."""
PASSES = frozenset({
    "Add", "Cast", "Concat", "Div", "Expand", "Gather", "Identity", "Max", "Min", "Mul", "Reshape", "Slice", "Split", "Squeeze",
    "Sub", "Sum", "Tile", "Transpose", "Unsqueeze", "Where",
})  # fmt: skip


class ClampMask(GraphRewrite):
    """Hide the scores of an attention by -3e4 instead of -1e9 or minus infinity.

    Why: -1e9 is minus infinity in float16, and two of them subtracted, or a row that is hidden as a whole, give NaN. The
    softmax is 0 there either way, unless scores are 3e4 apart or all scores of a row are hidden.
    """

    name = "clamp-mask"
    safety = Safety.EXACT
    ulps = 64
    differs_at = ("zeros", "large")
    before = """s = Add(x, minus_1e9)
                y = Softmax(s)"""
    after = """s = Add(x, minus_3e4)
               y = Softmax(s)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 4] x) => (float[N, 4] y)
               <float[4] mask = {0, 0, -1000000000, -1000000000}> {
                 s = Add(x, mask)
                 y = Softmax(s) }""",
            ops=("Add", "Softmax"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 4] x) => (float[N, 4] y)
               <float low = {-3.4028235e38}, bool[4] seen = {1, 0, 1, 0}> {
                 s = Where(seen, x, low)
                 y = Softmax(s) }""",
            ops=("Where", "Softmax"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 4] x) => (float[3, 4] y) <float low = {-1000000000}> {
                 y = Max(x, low) }"""
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 4] x) => (float[3, 4] y) <float[4] mask = {0, 0, -10000, 0}> {
                 s = Add(x, mask)
                 y = Softmax(s) }"""
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in list(graph.nodes):
                key = surgery.key(node)
                if wanted is not None and key not in wanted:
                    continue
                places = [at for at, tensor in enumerate(node.inputs) if node.op in PASSES and _hides(surgery, tensor)]
                if not places or not _reaches_softmax(node):
                    continue
                build = surgery.at(surgery.label(key))
                for at in places:
                    array = np.asarray(surgery.known(node.inputs[at]))
                    node.inputs[at] = build.constant("mask", np.where(array < LIMIT, HIDING, array).astype(array.dtype))
                yield key


def _hides(surgery: GraphEditor, tensor: Any) -> bool:
    """Whether a value is a constant with numbers below those of float16."""
    value = surgery.value(tensor)
    known = surgery.known(tensor) if value is not None and value.dtype == "float32" and value.source == "constant" else None
    return known is not None and known.size > 0 and bool((known < LIMIT).any())


def _reaches_softmax(node: Any) -> bool:
    """Whether a Softmax reads what a node makes, through operators that pass scores on."""
    edge, seen = [node], {id(node)}
    for _ in range(FARTHEST):
        readers = [reader for one in edge for tensor in one.outputs for reader in tensor.outputs if id(reader) not in seen]
        if any(reader.op in ("Softmax", "LogSoftmax") for reader in readers):
            return True
        edge = [reader for reader in readers if reader.op in PASSES]
        seen.update(map(id, edge))
        if not edge:
            return False
    return False
