"""Sizes entered for dynamic dims of the inputs, by name where they have one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from onnx import ModelProto, TensorShapeProto

from graphfix.rewriting.rewrite import Outcome


def with_input_sizes(model: ModelProto, found: Mapping[str, Mapping[int, int]]) -> Outcome:
    """Return the model with these sizes of its inputs, by name and axis; a named dim has its size everywhere."""
    made = ModelProto()
    made.CopyFrom(model)
    named: dict[str, int] = {}
    labels = []
    for info in made.graph.input:
        dims = info.type.tensor_type.shape.dim
        for axis, size in found.get(info.name, {}).items():
            named |= {dims[axis].dim_param: size} if dims[axis].dim_param else {}
            dims[axis].dim_value = size
            labels.append(f"{info.name}: dim {axis} is {size}")
    for dim in _dims(made):
        if dim.dim_param in named:
            dim.dim_value = named[dim.dim_param]
    return Outcome(made, tuple(labels), (((), ""),))


def _dims(model: ModelProto) -> Iterator[TensorShapeProto.Dimension]:
    for info in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        yield from info.type.tensor_type.shape.dim
