"""Integers at the edges of int32 and int64, for inputs whose integers are data: they show what overflows and what is negative.

Small integers are lawful wherever a graph takes them for places or sizes; large ones would be out of range there, or ask
for more memory than there is. So an input gets large ones only where every operator that its numbers reach, followed
through the whole graph, computes with them or moves them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, numpy_helper

from graphfix.ir.operator_set import is_standard
from graphfix.ir.tensors import is_external

Array = np.ndarray[Any, Any]

ALL = range(64)
ONE, ENDS = range(1), (0, 2)
TAKEN: Mapping[str, Iterable[int]] = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Sum", "Max", "Min", "Neg", "Abs", "Sign", "Identity", "Concat", "Where", "Clip",
                     "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "And", "Or", "Xor", "Not", "BitwiseAnd",
                     "BitwiseOr", "BitwiseXor", "BitwiseNot"), ALL),
    **dict.fromkeys(("Cast", "Div", "Mod", "Reshape", "Transpose", "Slice", "Gather", "GatherElements", "GatherND", "Squeeze",
                     "Unsqueeze", "Flatten", "Expand", "Tile", "Split", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd",
                     "CumSum", "DepthToSpace", "SpaceToDepth", "ArgMax", "ArgMin", "TopK", "Trilu", "ReverseSequence"), ONE),
    **dict.fromkeys(("Pad", "ScatterElements", "ScatterND"), ENDS),
}  # fmt: skip
"""The operands of which an operator takes any integers. A divisor is none: it may be 0."""
DIVIDING = ("Div", "Mod")
"""Operators at which a processor stops for some numbers: for a divisor of 0, and for the least of a dtype by -1."""
SIZED = ("Shape", "Size")
"""Operators that tell nothing of their operand's numbers."""
WHOLE = frozenset({TensorProto.INT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64, TensorProto.UINT8,
                   TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64, TensorProto.BOOL})  # fmt: skip
EDGES = (-(2**31), 2**31 - 1, -(2**31) + 1, 2**31, -(2**31) - 1, 2**32 + 1, -3, 46341, 2**62, -(2**62), 0, 1, -1, 127, -128, 255,
         65536, 2**63 - 1)  # fmt: skip
"""Tried in turn; 46341 is the least whose square leaves int32."""


def data_inputs(model: ModelProto) -> list[str]:
    """The integer inputs of which any number is lawful, as far as following them through the graph can tell."""
    known = {tensor.name for tensor in model.graph.initializer}
    given = [
        info.name for info in model.graph.input
        if info.name not in known and info.type.tensor_type.elem_type in WHOLE - {TensorProto.BOOL}
    ]  # fmt: skip
    if not given:
        return []
    readers: dict[str, list[tuple[NodeProto, int]]] = {}
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            readers.setdefault(name, []).append((node, place))
        inner = [item.g for item in node.attribute if item.type == AttributeProto.GRAPH]
        while inner:  # what a subgraph reads is not followed into it
            graph = inner.pop()
            for within in graph.node:
                for name in within.input:
                    readers.setdefault(name, []).append((node, -1))
                inner += [item.g for item in within.attribute if item.type == AttributeProto.GRAPH]
            for output in graph.output:
                readers.setdefault(output.name, []).append((node, -1))
    divisors = frozenset(_divisors(model))
    return [name for name in given if _is_data(name, readers, divisors)]


def _divisors(model: ModelProto) -> Iterator[str]:
    """The constants of integers that anything may be divided by."""
    named = [(tensor.name, tensor) for tensor in model.graph.initializer]
    named += [(node.output[0], item.t) for node in model.graph.node if node.op_type == "Constant" for item in node.attribute
              if item.name == "value"]  # fmt: skip
    for name, tensor in named:
        if tensor.data_type in WHOLE and not is_external(tensor) and not np.isin(numpy_helper.to_array(tensor), (0, -1)).any():
            yield name


def _is_data(name: str, readers: Mapping[str, list[tuple[NodeProto, int]]], divisors: Collection[str]) -> bool:
    waiting, seen = [name], {name}
    while waiting:
        for node, place in readers.get(waiting.pop(), ()):
            if node.op_type in SIZED and place == 0:
                continue
            if not is_standard(node) or place not in TAKEN.get(node.op_type, ()) or not _stays_whole(node):
                return False
            if node.op_type in DIVIDING and node.input[1] not in divisors:
                return False
            fresh = [made for made in node.output if made and made not in seen]
            seen.update(fresh)
            waiting += fresh
    return True


def _stays_whole(node: NodeProto) -> bool:
    """Whether a node is no cast to floats, which would round large integers and spoil a comparison of what follows."""
    return node.op_type != "Cast" or all(item.i in WHOLE for item in node.attribute if item.name == "to")


def widened(feed: Mapping[str, Array], names: Iterable[str]) -> dict[str, Array]:
    """The feed with edges, as far as their dtypes hold them, in the places of the integers of some inputs."""
    made = dict(feed)
    for turn, name in enumerate(names):
        array = np.asarray(feed[name])
        held = np.iinfo(array.dtype)
        fits = np.asarray([edge for edge in EDGES if held.min <= edge <= held.max], array.dtype)
        made[name] = np.resize(np.roll(fits, -turn), array.shape) if array.size else array
    return made
