"""Sizes that a model computes from static dims become constants, and Identity nodes of weights go, before a model is pruned."""

from __future__ import annotations

from onnx import ModelProto, numpy_helper

from graphfix.analysis.cache import facts_of
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
