"""ReduceX(x) = ReduceX<axes = all of them>(x)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

OPERAND_SINCE = {"ReduceSum": 13}
"""The opset from which the axes are an operand; 18 for every other reduction."""

REDUCTIONS = tuple(f"Reduce{k}" for k in ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"))


class ExplicitReduceAxes(GraphRewrite):
    """Make the axes explicit of a reduction over all axes.

    Why: several converters read the axes without checking whether they are present.
    """

    name = "explicit-reduce-axes"
    safety = Safety.EXACT
    fixes = tuple(FixRule(op) for op in REDUCTIONS)
    before = "y = ReduceMean(x)"
    after = "y = ReduceMean(x, axes)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[N, 3] x) => (float[1, 1] y) { y = ReduceMean(x) }""",
            ops=("ReduceMean",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3] x) => (float y) { y = ReduceMax<keepdims = 0>(x) }""",
            ops=("ReduceMax",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[N, 3] x) => (float[N, 3] y) {
                 y = ReduceMean<noop_with_empty_axes = 1>(x) }""",
            because="it reduces nothing: noop_with_empty_axes is set",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in graph.nodes:
                key = surgery.key(node)
                if node.op not in REDUCTIONS or "axes" in node.attrs or len([t for t in node.inputs if t.name]) > 1:
                    continue
                if wanted is not None and key not in wanted:
                    continue
                if node.attrs.get("noop_with_empty_axes", 0):
                    yield Declined("it reduces nothing: noop_with_empty_axes is set", at=surgery.label(key))
                    continue
                value = surgery.value(node.inputs[0])
                if value is None or value.rank is None:
                    yield Declined(f"the rank of `{node.inputs[0].name}` is unknown", at=surgery.label(key))
                    continue
                axes = list(range(value.rank))
                if surgery.opset < OPERAND_SINCE.get(node.op, 18):
                    node.attrs["axes"] = axes
                else:
                    axes_operand = surgery.constant(f"{surgery.label(key)}/axes", np.asarray(axes, np.int64))
                    node.inputs = [node.inputs[0], axes_operand]
                yield key
