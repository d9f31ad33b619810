"""Move a probe's node into both branches of an If whose condition is a runtime input, as in exported models.

Some compilers accept an If only when they support every operator in its branches. Integer operands such as axes and
shapes become Constant nodes inside the branch, as exporters write them; weights stay outside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, shape_inference

from graphfix.analysis.constant_folding import Array
from graphfix.probe.graph_builder import SUPPORT_PREFIX
from graphfix.probe.refusal import Inexpressible

INTEGERS = (TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL)
AROUND = "around"
"""The name of the If: it belongs to the probe, so it is not named like a supporting node."""


def in_branch(model: ModelProto, name: str, feeds: dict[str, Array]) -> ModelProto:
    """Return the model with the node of that name in both branches of an If; the condition is added to the feeds.

    Inexpressible where inference does not tell the type of what the node gives.
    """
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    known = {info.name: info for info in (*graph.value_info, *graph.output)}
    (at,) = (i for i, node in enumerate(graph.node) if node.name == name)
    node = graph.node[at]
    outputs = [output for output in node.output if output]
    if any(output not in known or not known[output].type.WhichOneof("value") for output in outputs):
        raise Inexpressible("what the node gives has no type")
    condition = f"{AROUND}_when"
    elsewhere = {name for other in graph.node if other.name != node.name for name in other.input}
    constants = [t for t in graph.initializer if t.name in node.input and t.name not in elsewhere and t.data_type in INTEGERS]
    choice = helper.make_node("If", [condition], outputs, name=AROUND)
    for word, label in (("then", name), ("else", f"{AROUND}_twin")):
        body = _branch(node, label, word, constants, [known[output] for output in outputs])
        choice.attribute.append(helper.make_attribute(f"{word}_branch", body))
    out = ModelProto()
    out.CopyFrom(model)
    del out.graph.initializer[:]
    out.graph.initializer.extend(tensor for tensor in graph.initializer if tensor not in constants)
    out.graph.node[at].CopyFrom(choice)
    out.graph.input.append(helper.make_tensor_value_info(condition, TensorProto.BOOL, []))
    feeds[condition] = np.asarray(True)
    return out


def _branch(
    node: NodeProto, name: str, word: str, constants: Sequence[TensorProto], infos: Sequence[ValueInfoProto]
) -> GraphProto:
    """One branch: the node under another name, and Constant nodes for its integer operands."""
    body = NodeProto()
    body.CopyFrom(node)
    body.name = name
    inner = {tensor.name: f"{tensor.name}_{word}" for tensor in constants}
    body.input[:] = [inner.get(given, given) for given in node.input]
    body.output[:] = [f"{output}_{word}" if output else "" for output in node.output]
    nodes = []
    for tensor in constants:
        value = TensorProto()
        value.CopyFrom(tensor)
        label = f"{SUPPORT_PREFIX}{inner[tensor.name]}"
        nodes.append(helper.make_node("Constant", [], [inner[tensor.name]], name=label, value=value))
    given = []
    for info in infos:
        copy = ValueInfoProto()
        copy.CopyFrom(info)
        copy.name = f"{info.name}_{word}"
        given.append(copy)
    return helper.make_graph([*nodes, body], word, [], given)
