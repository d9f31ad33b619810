"""A gather of windows and a mean = AveragePool<kernel, stride>(x), or A · x · Bᵀ where the windows differ in size."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.rewrites.convolution.linear_regions import Matrix, Region, regions
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety


class FoldAdaptivePool(GraphRewrite):
    """Fold exported adaptive average pooling into an average pool, or into a matrix product along each axis.

    Why: exporters write windows gathered into tensors of rank 6, or dozens of slices, which compilers reject; they support
    pooling with a fixed kernel. Where the windows differ in size, each axis is averaged by a constant matrix.
    """

    name = "fold-adaptive-pool"
    safety = Safety.EXACT
    differs_at = ("nan", "inf")
    everywhere = True
    ulps = 64
    fixes = (
        *(FixRule(op) for op in ("GatherND", "Where", "AveragePool")),
        *(FixRule(op, kinds=("rank", "form", "dtype", "attribute", "rejection"))
          for op in ("Transpose", "ReduceMean", "Gather", "Slice", "Concat", "Add")),
    )  # fmt: skip
    before = """windows = GatherND(moved, indices)
                y = ReduceMean(windows)"""
    after = "y = AveragePool<kernel_shape = [4, 3], strides = [3, 2]>(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 4, 6] x) => (float[1, 2, 2, 3] y)
               <int64[1] i0 = {0}, int64[1] i2 = {2}, int64[1] i4 = {4}, int64[1] three = {3}> {
                 a = Slice(x, i0, i2, i2)
                 b = Slice(x, i2, i4, i2)
                 ma = ReduceMean<axes = [2], keepdims = 1>(a)
                 mb = ReduceMean<axes = [2], keepdims = 1>(b)
                 h = Concat<axis = 2>(ma, mb)
                 c = Slice(h, i0, i2, three)
                 d = Slice(h, i2, i4, three)
                 six = Constant<value = int64[1] {6}>()
                 e = Slice(h, i4, six, three)
                 mc = ReduceMean<axes = [3], keepdims = 1>(c)
                 md = ReduceMean<axes = [3], keepdims = 1>(d)
                 me = ReduceMean<axes = [3], keepdims = 1>(e)
                 y = Concat<axis = 3>(mc, md, me) }""",
            ops=("AveragePool", "AveragePool"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 5] x) => (float[1, 2, 3] y)
               <int64[1] i0 = {0}, int64[1] i1 = {1}, int64[1] i2 = {2}, int64[1] i4 = {4}, int64[1] i5 = {5},
                int64[1] i3 = {3}> {
                 a = Slice(x, i0, i2, i2)
                 b = Slice(x, i1, i4, i2)
                 c = Slice(x, i3, i5, i2)
                 ma = ReduceMean<axes = [2], keepdims = 1>(a)
                 mb = ReduceMean<axes = [2], keepdims = 1>(b)
                 mc = ReduceMean<axes = [2], keepdims = 1>(c)
                 y = Concat<axis = 2>(ma, mb, mc) }""",
            ops=("MatMul",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 4] x) => (float[1, 2, 2] y)
               <int64[1] i0 = {0}, int64[1] i2 = {2}, int64[1] i4 = {4}> {
                 a = Slice(x, i0, i2, i2)
                 b = Slice(x, i2, i4, i2)
                 ma = ReduceSum(a, i2)
                 mb = ReduceSum(b, i2)
                 y = Concat<axis = 2>(ma, mb) }""",
        ),
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 4] x) => (float[1, 4, 2] y) {
                 y = Transpose<perm = [0, 2, 1]>(x) }"""),
    )  # fmt: skip

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for region in regions(surgery, graph):
                yield surgery.key(region.nodes[-1])
                _replace(surgery, graph, region)


def windows(matrix: Matrix) -> tuple[int, int] | None:
    """Return kernel and stride if every row averages equally many neighbours, at a fixed stride to the end; else None."""
    rows = [np.flatnonzero(row) for row in matrix]
    starts, sizes = [int(row[0]) for row in rows], {len(row) for row in rows}
    steps = {b - a for a, b in itertools.pairwise(starts)} or {1}
    kernel = len(rows[0])
    even = all(np.allclose(row[found], 1 / kernel, atol=1e-6) and found[-1] - found[0] == kernel - 1
               for row, found in zip(matrix, rows, strict=True))  # fmt: skip
    if len(sizes) > 1 or len(steps) > 1 or not even or starts[0]:
        return None
    stride = steps.pop()
    return (kernel, stride) if stride > 0 and (matrix.shape[1] - kernel) // stride + 1 == matrix.shape[0] else None


def _replace(surgery: GraphEditor, graph: Any, region: Region) -> None:
    """Replace the region by pooling, or by products."""
    build = surgery.at(surgery.label(surgery.key(region.nodes[-1])))
    found = [windows(matrix) for matrix in region.matrices]
    rank, tensor = len(found) + 2, region.source

    def add(op: str, inputs: list[Any], **attrs: Any) -> Any:
        return build.op(op, *inputs, word="pooled", **attrs)

    at = min(next(i for i, other in enumerate(graph.nodes) if other is node) for node in region.nodes)
    for node in region.nodes:
        node.inputs.clear()
        node.outputs.clear()
    if all(found):
        kernel, strides = ([pair[i] for pair in found if pair] for i in (0, 1))
        tensor = add("AveragePool", [tensor], kernel_shape=kernel, strides=strides)
    else:
        for axis, matrix in enumerate(region.matrices, 2):
            if matrix.shape[0] == matrix.shape[1] and np.array_equal(matrix, np.eye(len(matrix), dtype=np.float32)):
                continue
            order = [*(i for i in range(rank) if i != axis), axis]
            moved = tensor if axis == rank - 1 else add("Transpose", [tensor], perm=order)
            product = add("MatMul", [moved, build.constant("weights", np.ascontiguousarray(matrix.T))])
            back = [order.index(i) for i in range(rank)]
            tensor = product if axis == rank - 1 else add("Transpose", [product], perm=back)
    build.nodes[-1].outputs[0] = region.result
    inside = {id(node) for node in region.nodes}
    kept = [node for node in graph.nodes[:at] if id(node) not in inside]
    graph.nodes[:] = [*kept, *build.nodes, *(node for node in graph.nodes[at:] if id(node) not in inside)]
