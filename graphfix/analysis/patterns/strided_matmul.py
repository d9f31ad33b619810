"""Every n-th entry of a matrix product: a strided operator of size 1 behind a pointwise convolution or a MatMul.

Compilers that turn the product into one over merged axes, and pull the choice of entries up to it, have to take the
axes apart again, which some cannot where one of them is open. Residual networks are written so. The choice moves up
only past what nothing else reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from onnx import GraphProto, NodeProto

from graphfix.analysis.constant_folding import attribute, constant_value, tensor_value
from graphfix.analysis.patterns.structural_pattern import StructuralPattern
from graphfix.ir.operator_set import is_standard

THINNING = {"Conv", "Slice"}
"""Operators that may choose every n-th entry."""
BLOCKING = {
    "Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "Pad", "Reshape",
    "Flatten", "Resize", "Upsample", "LSTM", "GRU", "RNN", "Gather", "GatherND", "Shape", "Size", "DepthToSpace",
    "SpaceToDepth", "InstanceNormalization", "LRN", "Expand", "Tile", "Squeeze", "Unsqueeze", "Attention", "Constant",
}  # fmt: skip
"""Operators that a choice of entries does not move up through; through all others of one output it may."""


def strided_products(graph: GraphProto) -> set[int]:
    """The positions of the nodes of a graph, not of its subgraphs, that choose every n-th entry of a product."""
    choosing = {at for at, node in enumerate(graph.node) if _op(node) in THINNING}
    if not choosing:
        return set()
    kernels = {tensor.name: tensor.dims for tensor in graph.initializer}
    numbers = _numbers(graph) if any(graph.node[at].op_type == "Slice" for at in choosing) else {}
    choosing = {at for at in choosing if _strided(graph.node[at], kernels, numbers)}
    if not choosing:
        return set()
    readers: dict[str, list[int]] = defaultdict(list)
    for at, node in enumerate(graph.node):
        for name in node.input[:]:
            readers[name].append(at)
    given = {output.name for output in graph.output}
    chosen: dict[str, set[int]] = {}  # by tensor, the nodes whose choice moves up to it
    found: set[int] = set()
    for at in range(len(graph.node) - 1, -1, -1):
        node = graph.node[at]
        if len(node.output) != 1 or node.output[0] in given or not _op(node):
            continue
        result = node.output[0]
        parts = [{one} if one in choosing and graph.node[one].input[0] == result else _through(graph.node[one], chosen)
                 for one in readers[result]]  # fmt: skip
        if not parts or not all(parts):
            continue
        chosen[result] = set[int]().union(*parts)
        if _is_product(node, kernels):
            found |= chosen[result]
    return found


def _through(node: NodeProto, chosen: dict[str, set[int]]) -> set[int]:
    """The choices that move up past a node."""
    return chosen.get(node.output[0], set()) if _op(node) and _op(node) not in BLOCKING and node.output else set()


def _op(node: NodeProto) -> str:
    return node.op_type if is_standard(node) else ""


def _is_product(node: NodeProto, kernels: dict[str, Any]) -> bool:
    """A pointwise convolution at every place, or a MatMul."""
    if _op(node) != "Conv":
        return _op(node) == "MatMul"
    return set(_kernel(node, kernels)) == {1} and set(_strides(node)) <= {1} and attribute(node, "group", 1) == 1


def _strided(node: NodeProto, kernels: dict[str, Any], numbers: dict[str, Any]) -> bool:
    """Whether some axis is read at every n-th place, one at a time."""
    if node.op_type == "Conv":
        return any(size == 1 and stride > 1 for size, stride in zip(_kernel(node, kernels), _strides(node), strict=False))
    held = numbers.get(node.input[4]) if len(node.input) > 4 else None
    steps = None if held is None else constant_value(held) if isinstance(held, NodeProto) else tensor_value(held)
    return steps is not None and bool((abs(steps) > 1).any())


def _numbers(graph: GraphProto) -> dict[str, Any]:
    """Initializers and Constant nodes by the name of their value."""
    made = {node.output[0]: node for node in graph.node if node.op_type == "Constant" and node.output}
    return {**{tensor.name: tensor for tensor in graph.initializer}, **made}


def _kernel(node: NodeProto, kernels: dict[str, Any]) -> Sequence[int]:
    given: Sequence[int] | None = attribute(node, "kernel_shape", None)
    return given if given is not None else list(kernels.get(node.input[1], ()))[2:] if len(node.input) > 1 else ()


def _strides(node: NodeProto) -> Sequence[int]:
    found: Sequence[int] = attribute(node, "strides", ())
    return found


PATTERN = StructuralPattern(
    frozenset(THINNING),
    {"thins": False},
    lambda context: {at: {"thins": True} for at in strided_products(context.graph)},
)
