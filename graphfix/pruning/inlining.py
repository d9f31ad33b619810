"""Before pruning, sizes that a model computes from static dims become constants, and nodes that only move weights go."""

from __future__ import annotations

from collections import Counter

import numpy as np
from onnx import ModelProto, numpy_helper

from graphfix.analysis.cache import facts_of
from graphfix.analysis.constant_folding import FOLDERS
from graphfix.ir.traversal import graphs
from graphfix.ir.unused_nodes import drop_unused
from graphfix.ir.value_names import ValueNames

MOST = 64
"""The elements up to which a known value is taken for sizes."""


def inline_sizes(model: ModelProto) -> None:
    """Replace known whole numbers by initializers and read weights directly, in place; drop nodes that nothing needs then."""
    graph = model.graph
    known, names = facts_of(model).values[()], ValueNames.of(graph)
    held = {tensor.name for tensor in graph.initializer}
    direct = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Identity" and node.input[0] in held}
    added: dict[str, str] = {}
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in direct:
                node.input[place] = direct[name]
                continue
            value = known.get(name)
            array = None if value is None or name in held else value.constant
            if array is None or array.dtype.kind not in "iu" or array.size > MOST:
                continue
            if name not in added:
                added[name] = names.fresh(f"{name}_sizes")
                graph.initializer.append(numpy_helper.from_array(array.copy(), added[name]))
            node.input[place] = added[name]
    drop_unused(model)


MOVES = ("Transpose", "Reshape", "Squeeze", "Unsqueeze")
"""Operators that only move the elements of a weight."""


def fold_moved_weights(model: ModelProto) -> None:
    """Replace nodes that move a weight by the moved weight, in place, where nothing else reads it: an exporter may leave them."""
    graph = model.graph
    fixed = {info.name for info in (*graph.input, *graph.output)}
    held = {tensor.name: tensor for tensor in graph.initializer if tensor.name not in fixed}
    readers = Counter(name for one in graphs(graph) for node in one.node for name in node.input)
    folded = []
    for place, node in enumerate(graph.node):
        operands = [held.get(name) for name in node.input]
        if node.op_type not in MOVES or node.domain or node.output[0] in fixed or readers[node.input[0]] > 1:
            continue
        arrays = [None if tensor is None else numpy_helper.to_array(tensor) for tensor in operands]
        if any(array is None for array in arrays):
            continue
        moved = np.ascontiguousarray(FOLDERS[node.op_type](node, arrays))
        tensor = graph.initializer.add()
        tensor.CopyFrom(numpy_helper.from_array(moved, node.output[0]))
        held[node.output[0]] = tensor
        folded.append(place)
    for place in reversed(folded):
        del graph.node[place]
    if folded:
        drop_unused(model)
