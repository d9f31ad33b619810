"""ReduceSum(x, axes) / (size of those axes) = ReduceMean(x, axes)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.analysis.dims import DimExpr, expression
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.pattern import Found, Pattern, SurgeryView
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety
from graphfix.rewriting.symbolic_shapes import Tracer

QUOTIENT = Pattern("sum = ReduceSum(x)  y = Div(sum, count)")


class SumOverSizeToMean(GraphRewrite):
    """Write a sum that is divided by the number of its elements as a mean.

    Why: `x.sum((2, 3)) / (h * w)` leaves shape arithmetic and a cast in the graph, which fewer compilers support than
    ReduceMean.
    """

    name = "sum-over-size-to-mean"
    safety = Safety.EXACT
    everywhere = True
    fixes = tuple(
        FixRule(op, kinds=("operand", "dtype", "form", "dynamic", "rejection", "undecided"))
        for op in ("ReduceSum", "Div", "Mul", "Cast", "Shape", "Size", "ReduceProd", "Squeeze", "Gather")
    )
    before = """s = ReduceSum<axes = [2, 3]>(x)
                y = Div(s, count)"""
    after = "y = ReduceMean<axes = [2, 3]>(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, H, W] x) => (float[A, B] y)
               <int64[2] hw = {2, 3}, int64 i2 = {2}, int64 i3 = {3}> {
                 s = ReduceSum<keepdims = 0>(x, hw)
                 shape = Shape(x)
                 h = Gather(shape, i2)
                 w = Gather(shape, i3)
                 n = Mul(h, w)
                 count = Cast<to = 1>(n)
                 y = Div(s, count) }""",
            ops=("ReduceMean",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[2, 3, 4] x) => (float[2, 1, 1] y)
               <int64[2] a = {-1, 1}, float c = {12.0}> {
                 s = ReduceSum(x, a)
                 y = Div(s, c) }""",
            ops=("ReduceMean",),
        ),
        Case(
            """<ir_version: 7, opset_import: ["" : 11]> g (float[N, 4] x) => (float[N, 1] y) <float[1] c = {4.0}> {
                 s = ReduceSum<axes = [1]>(x)
                 y = Div(s, c) }""",
            ops=("ReduceMean",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[2, 3, 4] x) => (float[2, 1, 4] y)
               <int64[1] a = {1}, float c = {4.0}> {
                 s = ReduceSum(x, a)
                 y = Div(s, c) }""",
            because="it divides a sum over 3 elements by 4",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        tracer, view = Tracer(surgery), SurgeryView(surgery)
        for graph in surgery.graphs():
            for node in list(graph.nodes):
                found = QUOTIENT.match(view, node)
                counted = _count(tracer, surgery, found) if found is not None else None
                if found is None or counted is None:
                    continue
                axes, count, divisor = counted
                if divisor != count:
                    yield Declined(f"it divides a sum over {count} elements by {divisor}", at=surgery.label(surgery.key(node)))
                    continue
                yield surgery.key(node)
                _write(surgery, graph, found, axes)


def _count(tracer: Tracer, surgery: GraphEditor, found: Found) -> tuple[list[int], DimExpr, DimExpr] | None:
    """Return the axes of the sum, their number of elements, and the divisor; None where these are not known."""
    total, data, by = found.nodes["sum"], found["x"], found["count"]
    value, known = surgery.value(data), tracer.elements(by)
    dims, shown = tracer.shape(data), surgery.value(by)
    if value is None or not value.dtype.startswith("float") or dims is None or known is None or len(known) != 1:
        return None
    if shown is None or shown.rank is None or shown.rank > (len(dims) if total.attrs.get("keepdims", 1) else 0):
        return None
    axes = tracer.constant(total, 1, "axes")
    if axes is None and (len(total.inputs) > 1 or total.attrs.get("noop_with_empty_axes", 0)):
        return None
    axes = sorted(axis % len(dims) for axis in axes) if axes else list(range(len(dims)))
    count = expression(1)
    for axis in axes:
        count *= dims[axis]
    return axes, count, known[0]


def _write(surgery: GraphEditor, graph: Any, found: Found, axes: list[int]) -> None:
    """Replace the quotient by the mean."""
    node, total = found.nodes["y"], found.nodes["sum"]
    build = surgery.at(surgery.label(surgery.key(node)))
    attrs: dict[str, Any] = {"keepdims": total.attrs.get("keepdims", 1)}
    inputs = [found["x"]]
    if surgery.opset < 18:
        attrs["axes"] = axes
    else:
        inputs.append(build.constant("axes", np.asarray(axes, np.int64)))
    at = next(i for i, other in enumerate(graph.nodes) if other is node)
    node.inputs.clear()
    node.outputs.clear()
    graph.nodes[at] = build.node("ReduceMean", inputs, [found["y"]], attrs)
