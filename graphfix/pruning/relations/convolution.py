"""Convolutions, with groups and depthwise, and normalisations and pools over the same axes."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.pruning.axis_graph import Axis, AxisGraph, GroupedFilters, SizeEdit
from graphfix.pruning.relations.elementwise import tie_elementwise

CHANNELS = 1
POOLS = ("MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")


def tie_convolution(axes: AxisGraph, node: NodeProto) -> None:
    """Tie input channels to what sums them up, output channels to filters and biases.

    Groups go whole, or the same number of channels from each; a depthwise convolution loses channels of both sides together.
    """
    data, weight, out = (node.input[0], CHANNELS), node.input[1], (node.output[0], CHANNELS)
    transposed = node.op_type == "ConvTranspose"
    groups = int(attribute(node, "group", 1))
    into, outof = (0, 1) if transposed else (1, 0)
    axes.tie((data[0], 0), (node.output[0], 0))
    if len(node.input) > 2 and node.input[2]:
        axes.tie(out, (node.input[2], 0))
    if groups == 1:
        axes.sum(node, data, (weight, into), "conv")
        axes.tie(out, (weight, outof))
        return
    channels, made = axes.size(data), axes.size(out)
    if channels is None or made is None or channels % groups or made % groups:
        axes.freeze_all([node.input[0], node.output[0], weight], "the groups of a convolution are not known")
        return
    axes.freeze((weight, 1), "the channels of a group")
    each, every = np.arange(channels), np.arange(made)
    if axes.single and channels > groups:
        _tie_single(axes, node, data, out, GroupedFilters(weight, groups, *((data, out) if transposed else (out, data))))
        return
    if channels == groups:
        axes.edits.append(SizeEdit(data, node=node, attribute="group"))
        axes.tie(out, data, every, every // (made // groups))
    else:
        first = each // (channels // groups) * (channels // groups)
        axes.tie(data, data, each, first)
        axes.tie(out, data, every, every // (made // groups) * (channels // groups))
        axes.edits.append(SizeEdit(data, node=node, attribute="group", divisor=channels // groups))
    filters, numbers = (data, each) if transposed else (out, every)
    axes.tie((weight, 0), filters, numbers, numbers)


def has_groups(model: ModelProto) -> bool:
    """Whether a model has a convolution in groups of several channels."""
    held = {tensor.name: tensor.dims for tensor in model.graph.initializer}
    for node in model.graph.node:
        groups = int(attribute(node, "group", 1)) if node.op_type in ("Conv", "ConvTranspose") else 1
        dims = held.get(node.input[1]) if groups > 1 else None
        if dims is not None and (dims[1] if node.op_type == "Conv" else dims[0] // groups) > 1:
            return True
    return False


def _tie_single(axes: AxisGraph, node: NodeProto, data: Axis, out: Axis, filters: GroupedFilters) -> None:
    """Tie the channels of a convolution in groups to its filters one by one."""
    axes.tie((filters.weight, 0), filters.rows)
    if filters.weight not in axes.constants:
        axes.freeze(filters.columns, "its filters are computed")
    if filters.rows == data:
        axes.sum(node, data, (filters.weight, 0))
    else:
        axes.sum(node, data, None, "conv", filters)
    axes.filters.append(filters)


def tie_normalization(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the channels of a batch or instance normalisation to its vectors."""
    for axis in range(len(axes.dims(node.input[0]) or ())):
        axes.tie((node.input[0], axis), (node.output[0], axis))
    for name in node.input[1:]:
        axes.tie((node.output[0], CHANNELS), (name, 0))


def tie_pool(axes: AxisGraph, node: NodeProto) -> None:
    """Tie batch and channels of a pool; positions stay."""
    for axis in range(2):
        axes.tie((node.input[0], axis), (node.output[0], axis))
    if len(node.output) > 1:
        axes.freeze_all([node.input[0], node.output[1]], "a pool returns the places of its values")


def tie_layer_normalization(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the axes before the normalised ones; those stay, as each element changes the mean of all."""
    dims = axes.dims(node.input[0]) or ()
    first = int(attribute(node, "axis", -1)) % max(len(dims), 1)
    for axis in range(len(dims)):
        axes.tie((node.input[0], axis), (node.output[0], axis))
        if axis >= first:
            axes.freeze((node.input[0], axis), f"{node.op_type} takes its mean")
    axes.freeze_all([*node.input[1:], *node.output[1:]], f"an operand of {node.op_type}")


def tie_softmax(axes: AxisGraph, node: NodeProto) -> None:
    """Tie all axes of a softmax but those that it is taken over."""
    dims = axes.dims(node.input[0]) or ()
    old = axes.opset < 13
    over = int(attribute(node, "axis", 1 if old else -1)) % max(len(dims), 1)
    tie_elementwise(axes, node)
    for axis in range(len(dims)):
        if axis == over or (old and axis > over):
            axes.freeze((node.input[0], axis), f"{node.op_type} works over it")


FAMILY = {
    "Conv": tie_convolution, "ConvTranspose": tie_convolution, "BatchNormalization": tie_normalization,
    "InstanceNormalization": tie_normalization, "LayerNormalization": tie_layer_normalization,
    "RMSNormalization": tie_layer_normalization, "SimplifiedLayerNormalization": tie_layer_normalization,
    "Softmax": tie_softmax, "LogSoftmax": tie_softmax, "Hardmax": tie_softmax, **dict.fromkeys(POOLS, tie_pool),
}  # fmt: skip
"""The operators of this file."""
