"""The domain and the version of ONNX's own operators, in the ways in which files and graph libraries write them."""

from __future__ import annotations

import onnx_graphsurgeon as gs
import pytest
from onnx import NodeProto, helper

from graphfix.ir.operator_set import is_standard, opset_version


@pytest.mark.parametrize(("domain", "standard"), [("", True), ("ai.onnx", True), ("ai.onnx.ml", False), ("com.microsoft", False)])
def test_both_names_of_the_domain_are_standard(domain: str, standard: bool) -> None:
    assert is_standard(NodeProto(op_type="Relu", domain=domain)) is standard


def test_a_node_of_graphsurgeon_without_a_domain_is_standard() -> None:
    assert is_standard(gs.Node("Relu", domain=None))


def test_the_version_of_another_domain_is_not_the_standard_one() -> None:
    graph = helper.make_graph([], "g", [], [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("com.microsoft", 1), helper.make_opsetid("ai.onnx", 17)])
    assert opset_version(model) == 17
    del model.opset_import[1]
    assert opset_version(model) == 1
    assert opset_version(model, missing=0) == 0
