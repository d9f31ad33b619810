"""Matrix products, Einsum and sums along axes."""

from __future__ import annotations

from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.pruning.axis_graph import AxisGraph
from graphfix.pruning.relations.elementwise import tie_elementwise


def tie_gemm(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the rows and columns of a Gemm."""
    left, right = node.input[:2]
    row, inner = (1, 0) if attribute(node, "transA", 0) else (0, 1)
    deep, column = (1, 0) if attribute(node, "transB", 0) else (0, 1)
    out = node.output[0]
    folds = "gemm" if right in axes.constants else ""
    axes.sum(node, (left, inner), (right, deep), folds)
    axes.tie((left, row), (out, 0))
    axes.tie((right, column), (out, 1))
    if len(node.input) > 2 and node.input[2]:
        rank = len(axes.dims(node.input[2]) or ())
        for axis in range(rank):
            if axes.size((node.input[2], axis)) is not None:
                axes.tie((node.input[2], axis), (out, 2 - rank + axis))


def tie_matmul(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the rows, columns and batch axes of a product, and record its sum."""
    left, right, out = node.input[0], node.input[1], node.output[0]
    one, other, made = axes.dims(left), axes.dims(right), axes.dims(out)
    if one is None or other is None or made is None or len(one) < 2 or len(other) < 2:
        axes.freeze_all([left, right, out], "the shapes of a product are not known")
        return
    summed, weight = (left, len(one) - 1), (right, len(other) - 2)
    if left in axes.constants:
        summed, weight = weight, summed
    axes.sum(node, summed, weight, "matmul" if right in axes.constants else "")
    axes.tie((left, len(one) - 2), (out, len(made) - 2))
    axes.tie((right, len(other) - 1), (out, len(made) - 1))
    for name, dims in ((left, one), (right, other)):
        for axis in range(len(dims) - 2):
            if axes.size((name, axis)) is not None:
                axes.tie((name, axis), (out, len(made) - len(dims) + axis))


def tie_einsum(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the axes with the same label; a label that the output lacks is summed."""
    terms, _, result = str(attribute(node, "equation", "")).replace(" ", "").partition("->")
    labels = [*terms.split(","), result]
    names = [*node.input, node.output[0]]
    plain = len(labels) == len(names) and all(
        term.isalpha() and len(term) == len(set(term)) == len(axes.dims(name) or ())
        for term, name in zip(labels, names, strict=True)
    )
    if not plain:
        axes.freeze_all(names, "an Einsum of another form")
        return
    places: dict[str, list[tuple[str, int]]] = {}
    for term, name in zip(labels, names, strict=True):
        for axis, label in enumerate(term):
            places.setdefault(label, []).append((name, axis))
    for label, found in places.items():
        if label in result:
            for other in found[1:]:
                axes.tie(found[0], other)
        elif len(found) == 2:
            data, weight = found if found[0][0] not in axes.constants else found[::-1]
            axes.sum(node, data, weight)
        else:
            for place in found:
                axes.freeze(place, "an Einsum of another form")


def tie_reduction(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the axes that a reduction keeps; those that it reduces stay, except that zeros can leave a sum."""
    dims, out = axes.dims(node.input[0]), axes.dims(node.output[0])
    given = attribute(node, "axes")
    if given is None and len(node.input) > 1 and node.input[1]:
        given = axes.constant(node.input[1])
        if given is None:
            axes.freeze_all([node.input[0], node.output[0]], f"the axes of {node.op_type} are not constant")
            return
    if dims is None or out is None:
        axes.freeze_all([node.input[0], node.output[0]], f"the shapes at {node.op_type} are not known")
        return
    if not given and attribute(node, "noop_with_empty_axes", 0):
        tie_elementwise(axes, node)
        return
    reduced = {int(axis) % len(dims) for axis in given} if given else set(range(len(dims)))
    kept = len(dims) == len(out)
    place = 0
    for axis in range(len(dims)):
        if axis in reduced:
            if node.op_type == "ReduceSum":
                axes.sum(node, (node.input[0], axis), None)
            else:
                axes.freeze((node.input[0], axis), f"{node.op_type} works over it")
            place += kept
        else:
            axes.tie((node.input[0], axis), (node.output[0], place))
            place += 1


REDUCTIONS = ("Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")
FAMILY = {
    "Gemm": tie_gemm, "MatMul": tie_matmul, "Einsum": tie_einsum, **{f"Reduce{name}": tie_reduction for name in REDUCTIONS},
}  # fmt: skip
"""The operators of this file."""
