"""Reshape, Transpose, Reshape in a row: how exporters regroup elements, by way of more dims than compilers allow elsewhere.

Space-to-depth, pixel shuffle and window attention are written so. Compilers that bound ranks often know the three as one.
"""

from __future__ import annotations

from collections import defaultdict

from onnx import GraphProto, NodeProto

from graphfix.pattern import Pattern


def regroupings(graph: GraphProto) -> set[int]:
    """The positions of the nodes of a graph, not of its subgraphs, that stand in such a row and feed nothing else."""
    if not any(node.op_type == "Transpose" for node in graph.node):
        return set()
    readers: dict[str, list[int]] = defaultdict(list)
    makers: dict[str, int] = {}
    for position, node in enumerate(graph.node):
        for name in node.input[:]:
            readers[name].append(position)
        makers.update(dict.fromkeys(node.output, position))
    given = {output.name for output in graph.output}
    found: set[int] = set()
    for position, node in enumerate(graph.node):
        if node.op_type != "Transpose" or node.domain not in ("", "ai.onnx"):
            continue
        before = makers.get(node.input[0])
        after = readers[node.output[0]]
        if before is None or len(after) != 1 or readers[node.input[0]] != [position]:
            continue
        ends = graph.node[before], graph.node[after[0]]
        kept = not given & {node.input[0], node.output[0]} and ends[1].input[0] == node.output[0]
        if kept and all(_reshapes(end) for end in ends):
            found |= {before, position, after[0]}
    return found


def _reshapes(node: NodeProto) -> bool:
    return node.op_type == "Reshape" and node.domain in ("", "ai.onnx")


PATTERN = Pattern(
    frozenset({"Reshape", "Transpose"}),
    {"regroups": False},
    lambda context: {at: {"regroups": True} for at in regroupings(context.graph)},
)
