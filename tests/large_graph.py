"""A model of many nodes, for tests of the page that draws it: blocks of a transformer's kind, with and without module paths."""

from __future__ import annotations

from onnx import ModelProto, NodeProto, TensorProto, helper

from graphfix.ir.source_location import LINE, MODULE

STEPS = (("norm", "Softplus"), ("attention.query", "Identity"), ("attention.key", "Abs"), ("attention.value", "Neg"),
         ("attention", "Mul"), ("attention", "Softmax"), ("attention.out", "Mish"), ("mlp.up", "Erf"), ("mlp.act", "HardSwish"),
         ("mlp.down", "Elu"))  # fmt: skip
"""The module and the operator of each node of a block."""
TWO_INPUTS = frozenset({"Mul"})


def large_model(nodes: int, *, modules: bool = True) -> ModelProto:
    """A model of so many nodes in blocks of ten, each with a residual connection."""
    made: list[NodeProto] = []
    last = residual = "x"
    for index in range(nodes - 1):
        block, at = divmod(index, len(STEPS))
        module, op = STEPS[at]
        residual = last if at == 0 else residual
        inputs = [last, residual] if op in TWO_INPUTS else [last]
        node = helper.make_node(op, inputs, [f"t{index}"], name=f"node_{op}_{index}")
        notes = {MODULE: f"encoder.layers.{block}.{module}", LINE: f"/src/model.py:{10 + at}"} if modules else {}
        for key, value in notes.items():
            node.metadata_props.add(key=key, value=value)
        made.append(node)
        last = f"t{index}"
    made.append(helper.make_node("Relu", [last], ["y"], name="node_last"))
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 64]) for name in "xy")
    graph = helper.make_graph(made, "large", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
