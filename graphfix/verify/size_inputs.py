"""The inputs that become sizes: the shape of a Reshape, the end of a Range, the count of a TopK, an image size in floats."""

from __future__ import annotations

from collections.abc import Mapping

from onnx import ModelProto, NodeProto, TensorProto

from graphfix.ir.bind_inputs import interface
from graphfix.ir.traversal import graphs
from graphfix.verify.integer_edges import WHOLE

SIZED: Mapping[str, tuple[int, ...]] = {
    "Reshape": (1,), "Expand": (1,), "Tile": (1,), "ConstantOfShape": (0,), "Range": (1,), "TopK": (1,), "OneHot": (1,),
    "Resize": (2, 3), "Upsample": (1,), "AffineGrid": (1,), "Split": (1,), "MaxUnpool": (2,), "HannWindow": (0,),
    "HammingWindow": (0,), "BlackmanWindow": (0,),
}  # fmt: skip
"""The operands that hold sizes or counts."""
PASSING = ("Cast", "Concat", "Gather", "Slice", "Squeeze", "Unsqueeze", "Reshape", "Identity", "Add", "Sub", "Mul", "Div", "Max",
           "Min", "Floor", "Ceil", "Split", "Flatten")  # fmt: skip
"""Operators that make sizes of sizes."""

NUMBERS = WHOLE | {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16}


def size_inputs(model: ModelProto) -> frozenset[str]:
    """Return the inputs of numbers whose values reach an operand that holds sizes; floats do by a Cast or as scales."""
    given = {info.name for info in interface(model) if info.type.tensor_type.elem_type in NUMBERS}
    if not given:
        return frozenset()
    nodes = [node for graph in graphs(model.graph) for node in graph.node]
    made: dict[str, NodeProto] = {name: node for node in nodes for name in node.output}
    waiting = [
        node.input[place] for node in nodes for place in SIZED.get(node.op_type, ()) if place < len(node.input)
    ]  # fmt: skip
    seen = set(waiting)
    while waiting:
        node = made.get(waiting.pop())
        if node is not None and node.op_type in PASSING:
            fresh = set(node.input) - seen
            seen |= fresh
            waiting += sorted(fresh)
    return frozenset(given & seen)
