"""ReduceSum(Cast(m)) = Shape(NonZero(m))[1]: the count that exporters take from a mask, written as the size it is equal to."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, NodeProto

from graphfix.analysis.cache import facts_of
from graphfix.analysis.constant_folding import attribute
from graphfix.ir.value_names import ValueNames
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.emission import Protos

VIEWS = {"Reshape", "Flatten", "Identity", "Squeeze", "Unsqueeze", "Transpose"}


def counts_by_shape(model: ModelProto, nonzero: NodeProto, stamp: str) -> None:
    """Rewrite the counts of the mask of a NonZero in the main graph, in place."""
    facts = facts_of(model)
    mask = facts.value(nonzero.input[0], ())
    if mask is None or mask.dtype != "bool":
        return
    makers = {name: node for node in model.graph.node for name in node.output}
    made: list[NodeProto] = []
    late = False
    for node in model.graph.node:
        counted = facts.value(node.output[0], ()) if node.output else None
        if (
            node.op_type != "ReduceSum" or counted is None or not _of_mask(node, nonzero.input[0], makers)
            or counted.shape is None or any(dim != 1 for dim in counted.shape) or counted.dtype != "int64"
        ):  # fmt: skip
            made.append(node)
            continue
        build = Builder(Protos(model.graph), ValueNames.of(model.graph), stamp, node.name or node.output[0])
        size = build.op("Gather", build.op("Shape", nonzero.output[0]), build.constant("second", np.asarray([1])), axis=0)
        build.node("Reshape", [size, build.constant("dims", np.ones(len(counted.shape), np.int64))], node.output)
        made += build.nodes
        late = True
    if late:  # the NonZero may follow the count: its mask is there before both
        first = next(i for i, node in enumerate(made) if nonzero.output[0] in node.output)
        moved = made.pop(first)
        ready = next((i + 1 for i, node in enumerate(made) if moved.input[0] in node.output), 0)
        made.insert(ready, moved)
        del model.graph.node[:]
        model.graph.node.extend(made)


def _of_mask(node: NodeProto, mask: str, makers: dict[str, NodeProto]) -> bool:
    """Whether a ReduceSum adds up all elements of a mask, each as 1; that all axes are reduced shows in the result."""
    if attribute(node, "noop_with_empty_axes", 0):
        return False
    name, cast = node.input[0], False
    while name != mask:
        maker = makers.get(name)
        if maker is None or maker.domain or maker.op_type not in (*VIEWS, "Cast") or (cast and maker.op_type == "Cast"):
            return False
        cast = cast or maker.op_type == "Cast"
        name = maker.input[0]
    return cast
