"""What is fused before a model is quantised: a BatchNormalization into the layer before it; every node gets a name."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from graphfix.analysis.constant_folding import attribute, constant_value
from graphfix.ir.operator_set import is_standard, opset_version
from graphfix.ir.unused_nodes import drop_unused
from graphfix.ir.value_names import ValueNames

LAYERS = ("Conv", "ConvTranspose")


def fused(model: ModelProto) -> ModelProto:
    """Return a copy with named nodes, weights as initializers, and normalisations of constants in the weights before them."""
    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    names = ValueNames.of(graph)
    outputs = {info.name for info in graph.output}
    for node in list(graph.node):
        if not node.name:
            node.name = names.fresh(f"{node.op_type}_{node.output[0]}" if node.output else node.op_type)
        held = next((item.t for item in node.attribute if item.name == "value"), None)
        value = constant_value(node) if node.op_type == "Constant" and held is None else None
        if node.op_type == "Constant" and node.output[0] not in outputs and (held is not None or value is not None):
            tensor = TensorProto()
            tensor.CopyFrom(held if held is not None else numpy_helper.from_array(np.asarray(value)))
            tensor.name = node.output[0]
            graph.initializer.append(tensor)
            graph.node.remove(node)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    readers: dict[str, int] = {}
    for node in graph.node:
        for name in node.input:
            readers[name] = readers.get(name, 0) + 1
    for node in [node for node in graph.node if node.op_type == "BatchNormalization"]:
        layer = makers.get(node.input[0])
        if layer is None or layer.op_type not in LAYERS or readers[node.input[0]] > 1 or node.input[0] in outputs:
            continue
        if any(name not in constants for name in (*layer.input[1:], *node.input[1:5])) or any(node.output[1:]):
            continue
        _fuse(made, layer, node, constants, names)
    drop_unused(made)
    return made


def _fuse(model: ModelProto, layer: NodeProto, node: NodeProto, constants: dict[str, TensorProto], names: ValueNames) -> None:
    """Move a normalisation into the weights and bias of the layer before it, which takes its output over."""
    scale, shift, mean, variance = (numpy_helper.to_array(constants[name]).astype(np.float64) for name in node.input[1:5])
    factor = scale / np.sqrt(variance + attribute(node, "epsilon", 1e-5))
    weight = numpy_helper.to_array(constants[layer.input[1]])
    bias = numpy_helper.to_array(constants[layer.input[2]]).astype(np.float64) if len(layer.input) > 2 else 0.0
    if layer.op_type == "ConvTranspose":
        groups = int(attribute(layer, "group", 1))
        each = weight.astype(np.float64).reshape(groups, -1, *weight.shape[1:])
        made = (each * factor.reshape(groups, 1, -1, *(1 for _ in weight.shape[2:]))).reshape(weight.shape)
    else:
        made = weight * factor.reshape(-1, *(1 for _ in weight.shape[1:]))
    fresh = [_held(model, names, layer.input[1], made.astype(weight.dtype), constants)]
    fresh.append(_held(model, names, f"{layer.input[1]}_bias", ((bias - mean) * factor + shift).astype(weight.dtype), constants))
    del layer.input[1:]
    layer.input.extend(fresh)
    layer.output[0] = node.output[0]
    model.graph.node.remove(node)


def _held(model: ModelProto, names: ValueNames, name: str, value: npt.NDArray[Any], constants: dict[str, TensorProto]) -> str:
    made = names.fresh(name)
    model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), made))
    constants[made] = model.graph.initializer[-1]
    return made


def at_opset(model: ModelProto, opset: int) -> ModelProto:
    """Return a model of at least this opset."""
    current = opset_version(model, missing=0)
    if current >= opset:
        return model
    from onnx.version_converter import convert_version

    converted: ModelProto = convert_version(model, opset)
    for entry in model.opset_import:
        if not is_standard(entry) and entry.domain not in {one.domain for one in converted.opset_import}:
            converted.opset_import.append(helper.make_opsetid(entry.domain, entry.version))
    return converted
