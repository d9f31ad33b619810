"""A probe's node put into a branch that only running decides on, as it stands in exported models with an If.

Some compilers take an If only when they know every operator in its branches, however simple the branches are.
"""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, shape_inference

from graphfix.folding import Array

AROUND = "around"
"""The name of the If around a probe's node: it is what the probe is about, so it is none of those beside it."""


def in_branch(model: ModelProto, name: str, feeds: dict[str, Array]) -> ModelProto:
    """The model with the node of that name in both branches of an If; the condition is added to the feeds.

    ValueError where inference does not tell the type of what the node gives.
    """
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    known = {info.name: info for info in (*graph.value_info, *graph.output)}
    (at,) = (i for i, node in enumerate(graph.node) if node.name == name)
    node = graph.node[at]
    outputs = [output for output in node.output if output]
    if any(output not in known or not known[output].type.WhichOneof("value") for output in outputs):
        raise ValueError("what the node gives has no type")
    condition = f"{AROUND}_when"
    branches = {
        "then_branch": _branch(node, name, "then", [known[output] for output in outputs]),
        "else_branch": _branch(node, f"{AROUND}_twin", "else", [known[output] for output in outputs]),
    }
    choice = helper.make_node("If", [condition], outputs, name=AROUND)
    for word, body in branches.items():
        choice.attribute.append(helper.make_attribute(word, helper.make_graph([body[0]], word, [], body[1])))
    out = ModelProto()
    out.CopyFrom(model)
    out.graph.node[at].CopyFrom(choice)
    out.graph.input.append(helper.make_tensor_value_info(condition, TensorProto.BOOL, []))
    feeds[condition] = np.asarray(True)
    return out


def _branch(node: NodeProto, name: str, word: str, infos: list[ValueInfoProto]) -> tuple[NodeProto, list[ValueInfoProto]]:
    body = NodeProto()
    body.CopyFrom(node)
    body.name = name
    del body.output[:]
    body.output.extend(f"{output}_{word}" if output else "" for output in node.output)
    given = []
    for info in infos:
        copy = ValueInfoProto()
        copy.CopyFrom(info)
        copy.name = f"{info.name}_{word}"
        given.append(copy)
    return body, given
