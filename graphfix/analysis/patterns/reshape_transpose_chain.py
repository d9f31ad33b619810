"""Reshape, Transpose, Reshape in a row: how exporters regroup elements, by way of more dims than compilers allow elsewhere.

Space-to-depth, pixel shuffle and window attention are written so. Compilers that bound ranks often know the three as one.
"""

from __future__ import annotations

from onnx import GraphProto

from graphfix.analysis.patterns.matcher import Pattern
from graphfix.analysis.patterns.proto_view import ProtoView
from graphfix.analysis.patterns.structural_pattern import StructuralPattern

ROW = Pattern("before = Reshape(x, s)  turned = Transpose(before)  y = Reshape(turned, t)", closed=True)


def reshape_transpose_chains(graph: GraphProto) -> set[int]:
    """The positions of the nodes of a graph, not of its subgraphs, that stand in such a row and feed nothing else."""
    before = {name for node in graph.node if node.op_type == "Reshape" for name in node.output[:1]}
    turned = {name for node in graph.node if node.op_type == "Transpose" and node.input[0] in before for name in node.output[:1]}
    if not turned or not any(node.op_type == "Reshape" and node.input[0] in turned for node in graph.node):
        return set()
    view = ProtoView(graph)
    rows = (ROW.match(view, position) for position in range(len(view.nodes)) if view.op(position) == "Reshape")
    return {position for row in rows if row is not None for position in row.nodes.values()}


PATTERN = StructuralPattern(
    frozenset({"Reshape", "Transpose"}),
    {"regroups": False},
    lambda context: {at: {"regroups": True} for at in reshape_transpose_chains(context.graph)},
)
