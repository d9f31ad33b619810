"""Squeeze(x) = Squeeze<axes = every dim of x that is 1>(x)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety


class ExplicitSqueezeAxes(GraphRewrite):
    """Name the axes that a Squeeze without axes removes.

    Why: without them the rank of the result depends on the sizes, which compilers of fixed graphs reject.
    """

    name = "explicit-squeeze-axes"
    safety = Safety.EXACT
    fixes = (FixRule("Squeeze"),)
    before = "y = Squeeze(x)"
    after = "y = Squeeze(x, axes)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 1] x) => (float[3] y) { y = Squeeze(x) }""",
            ops=("Squeeze",),
        ),
        Case(
            """<ir_version: 7, opset_import: ["" : 11]> g (float[1, 3, 1] x) => (float[3] y) { y = Squeeze(x) }""",
            ops=("Squeeze",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[M] y) { y = Squeeze(x) }""",
            because="dim 0 of `x` is not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3] x) => (float[3] y) <int64[1] a = {0}> {
                 y = Squeeze(x, a) }""",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in graph.nodes:
                key = surgery.key(node)
                if node.op != "Squeeze" or "axes" in node.attrs or len([t for t in node.inputs if t.name]) > 1:
                    continue
                if wanted is not None and key not in wanted:
                    continue
                value = surgery.value(node.inputs[0])
                if value is None or value.shape is None:
                    yield Declined(f"the rank of `{node.inputs[0].name}` is unknown", at=surgery.label(key))
                    continue
                unknown = next((i for i, dim in enumerate(value.shape) if not isinstance(dim, int)), None)
                if unknown is not None:
                    yield Declined(f"dim {unknown} of `{value.name}` is not fixed", at=surgery.label(key))
                    continue
                axes = [i for i, dim in enumerate(value.shape) if dim == 1]
                if surgery.opset < 13:
                    node.attrs["axes"] = axes
                else:
                    axes_operand = surgery.constant(f"{surgery.label(key)}/axes", np.asarray(axes, np.int64))
                    node.inputs = [node.inputs[0], axes_operand]
                yield key
