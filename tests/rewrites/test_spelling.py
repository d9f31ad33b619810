"""Replacement text is written once, and spelled for every opset as that opset has it."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper

from graphfix.rewriting.graph_rewrite import parse_nodes
from graphfix.rewriting.opset_forms import in_opset_form
from graphfix.rewriting.registry import registry
from graphfix.verify.reference import Reference, Tolerance

TEXTS = {
    "y = ReduceSum<axes = [1]>(x)": 13,
    "y = ReduceMean<axes = [1]>(x)": 18,
    "y = ReduceMax<axes = [0], keepdims = 0>(x)": 18,
    "y = Unsqueeze<axes = [0]>(x)": 13,
    "y = Clip<min = 0.25, max = 0.75>(x)": 11,
    "y = Clip<max = 0.75>(x)": 11,
    "y = Slice<starts = [0], ends = [1], axes = [1]>(x)": 10,
}
"""A node with attributes, and the opset from which they are operands."""


def model(text: str, opset: int) -> ModelProto:
    """The node as the opset spells it, in a model."""
    nodes, operands = in_opset_form(parse_nodes(text, opset), opset, np.float32)
    rank = 3 if "Unsqueeze" in text else 1 if "keepdims" in text else 2
    weights = [onnx.numpy_helper.from_array(array, name) for name, array in operands.items()]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["a", "b", "c"][:rank])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


@pytest.mark.parametrize("text", TEXTS)
def test_a_node_is_lawful_and_computes_the_same_at_opsets_on_both_sides(text: str) -> None:
    since = TEXTS[text]
    old, new = model(text, since - 1), model(text, since)
    onnx.checker.check_model(old, full_check=True)
    onnx.checker.check_model(new, full_check=True)
    assert len(old.graph.node[0].input) == 1
    assert len(new.graph.node[0].input) > 1
    assert Reference(old).check(new, Tolerance(ulps=0)).passed


@pytest.mark.parametrize("opset", [11, 13, 17, 18, 21])
def test_a_split_without_sizes_says_how_many_parts_from_opset_18(opset: int) -> None:
    nodes, operands = in_opset_form(parse_nodes("a, b = Split<axis = 1>(x)", opset), opset, None)
    assert [a.i for a in nodes[0].attribute if a.name == "num_outputs"] == ([2] if opset >= 18 else [])
    assert operands == {}


@pytest.mark.parametrize("opset", [11, 13, 18])
def test_a_drafted_rewrite_is_spelled_for_the_model_it_is_in(opset: int) -> None:
    text = f"""<ir_version: 8, opset_import: ["" : {opset}]> g (float[2, 3] x) => (float[2, 3] y) {{ y = LpNormalization(x) }}"""
    made = registry()["decompose-lp-normalization"].apply(onnx.parser.parse_model(text)).model
    assert made is not None
    onnx.checker.check_model(made, full_check=True)
    total = next(node for node in made.graph.node if node.op_type == "ReduceSum")
    assert len(total.input) == (2 if opset >= 13 else 1)
