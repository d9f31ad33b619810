"""Pad<reflect>(x) = Gather(x, [2, 1, 0, 1, 2, ...]): a pad that repeats input elements selects them by constant indices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

MODES = frozenset({"reflect", "edge", "wrap"})


class PadByGather(GraphRewrite):
    """Write a reflect, edge or wrap Pad as one Gather for each axis that it pads.

    Why: compilers support the constant mode of Pad; some reject the other modes, or compute them as if they were
    constant. Gather with constant indices is supported everywhere.
    """

    name = "pad-by-gather"
    safety = Safety.EXACT
    needs_opset = 2
    fixes = (FixRule("Pad"),)
    before = """y = Pad<mode = "reflect">(x, pads)"""
    after = "y = Gather<axis = 1>(x, indices)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5] x) => (float[N, 8] y) <int64[4] p = {0, 2, 0, 1}> {
                 y = Pad<mode = "reflect">(x, p) }""",
            ops=("Gather",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[3, 5] x) => (float[6, 6] y)
               <int64[4] p = {1, 0, 2, 1}, int64[2] a = {0, -1}> { y = Pad<mode = "edge">(x, p, , a) }""",
            ops=("Gather", "Gather"),
        ),
        Case(
            """<ir_version: 5, opset_import: ["" : 10]> g (float[3, 5] x) => (float[4, 5] y) {
                 y = Pad<mode = "reflect", pads = [1, 0, 0, 0]>(x) }""",
            ops=("Gather",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5] x) => (float[N, 8] y) <int64[4] p = {0, 2, 0, 1}> {
                 y = Pad(x, p) }""",
            because="mode `constant` adds values that are not there",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, M] x) => (float[N, K] y) <int64[4] p = {0, 2, 0, 1}> {
                 y = Pad<mode = "reflect">(x, p) }""",
            because="dim 1 of `x` is not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 5] x, int64[4] p) => (float[N, M] y) {
                 y = Pad<mode = "reflect">(x, p) }""",
            because="its pads are not known",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 5] x) => (float[2, 4] y) <int64[4] p = {0, -1, 0, 0}> {
                 y = Pad<mode = "reflect">(x, p) }""",
            because="it crops: a pad is negative",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op == "Pad" and is_standard(n)]:
                key = surgery.key(node)
                if wanted is not None and key not in wanted:
                    continue
                picks = indices(surgery, node)
                if isinstance(picks, str):
                    yield Declined(picks, at=surgery.label(key))
                    continue
                _write(surgery, graph, node, picks)
                yield key


def indices(surgery: GraphEditor, node: Any) -> dict[int, npt.NDArray[np.int64]] | str:
    """Return the indices that each padded axis reads, by axis; or why they are not known."""
    mode = node.attrs.get("mode", "constant")
    if mode not in MODES:
        return f"mode `{mode}` adds values that are not there"
    operands = [tensor if tensor.name else None for tensor in node.inputs] + [None] * 4
    pads = node.attrs.get("pads") if operands[1] is None else surgery.known(operands[1])
    if pads is None:
        return "its pads are not known"
    value = surgery.value(operands[0])
    if value is None or value.shape is None:
        return f"the rank of `{node.inputs[0].name}` is unknown"
    axes = np.arange(len(value.shape)) if operands[3] is None else surgery.known(operands[3])
    if axes is None:
        return "its axes are not known"
    amounts = np.asarray(pads).reshape(2, -1)
    if (amounts < 0).any():
        return "it crops: a pad is negative"
    picks = {}
    for axis, (before, after) in zip(np.asarray(axes).tolist(), amounts.T.tolist(), strict=True):
        axis %= len(value.shape)
        size = value.shape[axis]
        if before or after:
            if not isinstance(size, int):
                return f"dim {axis} of `{value.name}` is not fixed"
            if size == 0 or (mode == "reflect" and max(before, after) >= size):
                return f"dim {axis} of `{value.name}` has {size} elements, too few to {mode}"
            picks[axis] = np.pad(np.arange(size, dtype=np.int64), (before, after), mode=mode)
    return picks or "it pads nothing"


def _write(surgery: GraphEditor, graph: Any, node: Any, picks: dict[int, npt.NDArray[np.int64]]) -> None:
    """Replace the Pad by a chain of Gathers."""
    build = surgery.at(surgery.label(surgery.key(node)))
    tensor, result = node.inputs[0], node.outputs[0]
    node.inputs.clear()
    node.outputs.clear()
    for count, (axis, picked) in enumerate(picks.items(), 1):
        made = result if count == len(picks) else build.value("padded")
        build.node("Gather", [tensor, build.constant("indices", picked)], [made], {"axis": axis})
        tensor = made
    at = next(i for i, other in enumerate(graph.nodes) if other is node)
    graph.nodes[at : at + 1] = build.nodes
