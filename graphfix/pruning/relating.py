"""The axis graph of a whole model: every node enters what it ties, and what no operator is known to tie stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto

from graphfix.analysis.cache import facts_of
from graphfix.ir.operator_set import opset_version
from graphfix.pruning.axis_graph import AxisGraph
from graphfix.pruning.relations import attention, convolution, elementwise, movement, products, recurrent

DOMAINS = ("", "ai.onnx", "com.microsoft")
FAMILIES: dict[str, Callable[[AxisGraph, NodeProto], None]] = {
    **elementwise.FAMILY, **convolution.FAMILY, **movement.FAMILY, **products.FAMILY, **recurrent.FAMILY, **attention.FAMILY,
}  # fmt: skip
"""What ties the axes at a node, by operator."""


def axis_graph(model: ModelProto, *, single: bool = False) -> AxisGraph:
    """Return the ties of a prepared model; what enters or leaves the model, or a subgraph, keeps its axes.

    With `single` convolutions in groups lose the same number of channels from each group, else whole groups.
    """
    graph, known = model.graph, facts_of(model).values[()]
    constants = {tensor.name: tensor for tensor in graph.initializer}
    shapes = {name: value.shape for name, value in known.items() if value.shape is not None}
    shapes |= {name: tuple(tensor.dims) for name, tensor in constants.items()}
    opset = opset_version(model, missing=0)
    producers = {name: node for node in graph.node for name in node.output}
    axes = AxisGraph(shapes, constants, producers, opset, single=single)
    for node in graph.node:
        tie = FAMILIES.get(node.op_type) if node.domain in DOMAINS else None
        if tie is not None:
            tie(axes, node)
        elif node.op_type in ("Shape", "Size"):
            _keep_measured(axes, node, graph)
            axes.touched.update((node.input[0], axis) for axis in range(len(axes.dims(node.input[0]) or ())))
        else:
            axes.freeze_all([*node.input, *node.output], f"no way through {node.op_type} is known")
        axes.freeze_untouched([*node.input, *node.output], f"{node.op_type} works along it")
        for inner in _subgraphs(node):
            axes.freeze_all(_read_in(inner), f"{node.op_type} reads it in a subgraph")
    axes.freeze_all((info.name for info in graph.input if info.name not in constants), "an input of the model")
    axes.freeze_all((info.name for info in graph.output), "an output of the model")
    return axes


def _keep_measured(axes: AxisGraph, node: NodeProto, graph: GraphProto) -> None:
    """Keep the axes whose sizes are computed with: all, unless single ones are taken from the shape."""
    readers = [other for other in graph.node if node.output[0] in other.input]
    taken = [axes.constant(other.input[1]) if other.op_type == "Gather" else None for other in readers]
    rank = len(axes.dims(node.input[0]) or ())
    kept = set(range(rank))
    if node.op_type == "Shape" and not node.attribute and taken and None not in taken:
        kept = {axis % rank for one in taken if one is not None for axis in one}
    for axis in kept:
        axes.freeze((node.input[0], axis), "its size is computed with")


def _subgraphs(node: NodeProto) -> Iterator[GraphProto]:
    for item in node.attribute:
        if item.type == AttributeProto.GRAPH:
            yield item.g
        yield from item.graphs


def _read_in(graph: GraphProto) -> Iterator[str]:
    """Yield every name that a graph or a graph within it mentions."""
    for node in graph.node:
        yield from node.input
        for inner in _subgraphs(node):
            yield from _read_in(inner)
    yield from (info.name for info in graph.output)
