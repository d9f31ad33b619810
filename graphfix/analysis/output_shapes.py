"""Writing inferred output shapes into a model."""

from __future__ import annotations

from onnx import ModelProto, TensorShapeProto

from graphfix.analysis.cache import facts_of
from graphfix.analysis.dim_names import shown


def with_output_shapes(model: ModelProto) -> ModelProto:
    """Return a copy whose outputs have the shapes inferred from its inputs, where they can be inferred."""
    facts = facts_of(model)
    made = ModelProto()
    made.CopyFrom(model)
    for output in made.graph.output:
        value = facts.value(output.name)
        if value is None or value.shape is None or not output.type.HasField("tensor_type"):
            continue
        shape = TensorShapeProto()
        for position, size in enumerate(value.shape):
            dim = shape.dim.add()
            old = output.type.tensor_type.shape.dim
            if isinstance(size, int):
                dim.dim_value = size
            elif isinstance(size, str):
                dim.dim_param = shown(size)
            elif position < len(old) and old[position].dim_param:
                dim.dim_param = old[position].dim_param
        output.type.tensor_type.shape.CopyFrom(shape)
    return made
