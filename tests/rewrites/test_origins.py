"""Every rewrite's examples with an origin on each node: what is new comes from where the node stood that it replaces."""

from __future__ import annotations

from collections.abc import Iterator

import onnx
import pytest
from onnx import ModelProto, NodeProto

from graphfix.ir.location_propagation import propagate_locations
from graphfix.ir.source_location import SourceLocation, source_location, write_location
from graphfix.ir.traversal import graphs
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Case, Rewrite, apply_with_locations

from .fired import fired

FIRES = [pytest.param(r, c, id=f"{r.name}-{i}") for r in registry().values() for i, c in enumerate(r.fires)]
ADDS = {"identity-outputs": "puts a node behind one that stays"}
"""Rewrites whose new nodes stand for none that goes, with the reason."""


def nodes(model: ModelProto) -> Iterator[NodeProto]:
    """The nodes of a model and of its functions, at every depth."""
    for graph in graphs(model.graph):
        yield from graph.node
    for function in model.functions:
        for node in function.node:
            yield node
            for item in node.attribute:
                if item.type == onnx.AttributeProto.GRAPH:
                    for inner in graphs(item.g):
                        yield from inner.node


@pytest.mark.parametrize(("rewrite", "case"), FIRES)
def test_new_nodes_come_from_where_the_nodes_stood_that_went(rewrite: Rewrite, case: Case) -> None:
    model = onnx.parser.parse_model(case.text)
    for number, node in enumerate(nodes(model)):
        write_location(node, SourceLocation(f"layers.{number}", "model.py", number))
    before = {node.SerializeToString(): source_location(node) for node in nodes(model)}
    made = apply_with_locations(rewrite, model).model
    assert made is not None
    after = list(nodes(made))
    left = {node.SerializeToString() for node in after}
    gone = {found for node, found in before.items() if node not in left}
    for node in after:
        if node.SerializeToString() not in before:
            found = source_location(node)
            assert found in before.values(), f"{node.op_type} {node.name} {list(node.output)}"
            assert found in gone or rewrite.name in ADDS, f"{node.op_type} {node.name} comes from {found}, which stayed"


@pytest.mark.parametrize(("rewrite", "case"), FIRES)
def test_paths_in_names_outlive_the_names(rewrite: Rewrite, case: Case) -> None:
    model = onnx.parser.parse_model(case.text)
    model.producer_name = "pytorch"
    for number, node in enumerate(nodes(model)):
        node.name = f"/net/layers.{number}/{node.op_type[0].upper()}{node.op_type[1:]}_1"
    known = {source_location(node, "pytorch") for node in nodes(model)}
    old = {node.SerializeToString() for node in nodes(model)}
    made = apply_with_locations(rewrite, model).model
    assert made is not None
    assert {source_location(node, "pytorch") for node in nodes(made)} <= known
    kept = [node for node in nodes(made) if node.SerializeToString() in old]
    assert not any(node.metadata_props for node in kept), "what no rewrite touched carries no marks"


@pytest.mark.parametrize(("rewrite", "case"), FIRES)
def test_a_model_without_origins_stays_without(rewrite: Rewrite, case: Case) -> None:
    made = ModelProto()
    made.CopyFrom(fired(rewrite, case).after)
    propagate_locations(fired(rewrite, case).model, made)
    assert not any(node.metadata_props for node in nodes(made))
