"""The layers of a model with QuantizeLinear and DequantizeLinear: all, some or one of them quantised, from one calibration.

Only the operands of the chosen layers stay quantised: pairs behind a layer would split it from its activation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from onnx import ModelProto, NodeProto, TensorProto

from graphfix.ir.unused_nodes import drop_unused
from graphfix.precision.quantised_form import CORE

QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"


def quantised_layers(quantised: ModelProto) -> list[str]:
    """Return the names of the layers with a quantised operand, in the order of the graph."""
    makers = {name: node for node in quantised.graph.node for name in node.output}
    return [
        node.name
        for node in quantised.graph.node
        if node.op_type in CORE and any(name in makers and makers[name].op_type == DEQUANTIZE for name in node.input)
    ]


def only_layers(quantised: ModelProto, original: ModelProto, kept: Collection[str]) -> ModelProto:
    """Return the quantised model with these layers quantised, and all others as in the original."""
    made = ModelProto()
    made.CopyFrom(quantised)
    graph = made.graph
    makers: dict[str, NodeProto] = {name: node for node in graph.node for name in node.output}
    floats: dict[str, TensorProto] = {tensor.name: tensor for tensor in original.graph.initializer}
    operands = {node.name: list(node.input) for node in original.graph.node}
    present = {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type in (QUANTIZE, DEQUANTIZE) or (node.name in kept and node.op_type in CORE):
            continue
        for place, name in enumerate(node.input):
            source = _source(name, makers)
            if source is None:
                continue
            if source in makers or source in {info.name for info in graph.input}:
                node.input[place] = source
                continue
            weight = operands.get(node.name, [""] * (place + 1))[place]
            if weight in floats:
                node.input[place] = weight
                if weight not in present:
                    graph.initializer.append(floats[weight])
                    present.add(weight)
    for name in [info.name for info in graph.output]:
        source = _source(name, makers)
        if source is not None and source in makers:
            _rename(graph.node, source, name, makers)
    for node in graph.node:  # what a kept layer reads may be quantised from a value that was renamed
        for place, name in enumerate(node.input):
            source = _source(name, makers) if node.op_type == QUANTIZE else None
            if source is not None and source in makers:
                node.input[place] = source
    drop_unused(made)
    return made


def _source(name: str, makers: dict[str, NodeProto]) -> str | None:
    """Return the value or constant that a DequantizeLinear stands for; None where another node makes the value."""
    node = makers.get(name)
    if node is None or node.op_type != DEQUANTIZE:
        return None
    inner = makers.get(node.input[0])
    return str(inner.input[0] if inner is not None and inner.op_type == QUANTIZE else node.input[0])


def _rename(nodes: Iterable[NodeProto], source: str, output: str, makers: dict[str, NodeProto]) -> None:
    """Let the node that makes `source` make the model's output directly."""
    pair = makers[output]
    pair.output[0] = f"{output}_dequantized"
    for node in nodes:
        for place, name in enumerate(node.input):
            if name == output:
                node.input[place] = pair.output[0] if node.name and node.op_type in CORE else output
            elif name == source:
                node.input[place] = output
        for place, name in enumerate(node.output):
            if name == source:
                node.output[place] = output
    makers[output] = makers.pop(source)
    makers[pair.output[0]] = pair
