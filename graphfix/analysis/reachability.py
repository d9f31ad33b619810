"""Nodes that never run: those that no output depends on, those in branches never taken, and those computed beforehand."""

from __future__ import annotations

from onnx import AttributeProto

from graphfix.analysis.facts import Facts
from graphfix.analysis.values import Value
from graphfix.ir.traversal import branch_scope

FOLDED = frozenset({"bool", "float32", "int32", "int64"})
"""Dtypes for which onnxruntime has kernels of nearly all operators."""
LOGICAL = frozenset({
    "And", "Cast", "Concat", "Constant", "Equal", "Expand", "Gather", "Greater", "GreaterOrEqual", "Identity", "IsNaN", "Less",
    "LessOrEqual", "Not", "Or", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze", "Where", "Xor",
})  # fmt: skip
"""Operators of which it has kernels with a bool as the result."""


class Unreachable(frozenset[int]):
    """The positions of the nodes that no model output depends on; computed once for the facts of a model."""


def unreachable_nodes(facts: Facts) -> frozenset[int]:
    """Return the positions in `facts.nodes` of nodes that no model output depends on, with the nodes of their subgraphs."""
    if Unreachable not in facts.derived:
        facts.derived[Unreachable] = Unreachable(_unreachable(facts))
    found: Unreachable = facts.derived[Unreachable]
    return found


def _unreachable(facts: Facts) -> set[int]:
    wanted = {output.name for output in facts.model.graph.output}
    found: set[int] = set()
    dead = False
    for position in range(len(facts.nodes) - 1, -1, -1):  # a node comes after the nodes of its subgraphs
        node = facts.nodes[position]
        if not node.scope:
            dead = wanted.isdisjoint(node.made)
            if not dead:
                wanted.update(node.given)
                wanted.update(node.captured)
        if dead:
            found.add(position)
    return found


def folded_nodes(facts: Facts, *, sizes: bool) -> set[int]:
    """Return the positions of the nodes of the main graph that depend on constants alone, and make no model output.

    With `sizes` fixed dims that a Shape returns count as constants. Left out are nodes with subgraphs and dtypes for which
    onnxruntime, with which compilers fold, lacks kernels of many operators.
    """
    wanted = {output.name for output in facts.model.graph.output}
    return {
        at for at, node in enumerate(facts.nodes)
        if not node.scope and not node.branches and node.outputs and wanted.isdisjoint(node.made)
        and all(_is_known(value, sizes) for value in node.outputs)
        and (node.op in LOGICAL or all(value is None or value.dtype != "bool" for value in node.outputs))
        and ((sizes and node.op == "Shape") or all(_is_known(value, sizes) for value in node.inputs))
    }  # fmt: skip


def _is_known(value: Value | None, sizes: bool) -> bool:
    if value is None:
        return True
    is_size = value.measured or value.counted
    return value.source in ("constant", "folded") and value.dtype in FOLDED and (sizes or not is_size)


def untaken_nodes(facts: Facts, *, folded: bool) -> set[int]:
    """Return the positions of the nodes in those branches of Ifs that the condition rules out.

    The condition is a constant of the model; with `folded` it may also be computed from constants and fixed dims.
    """
    ruled_out: set[tuple[str, ...]] = set()
    for node in facts.of_operator("If"):
        condition = node.inputs[0] if not node.domain and node.inputs else None
        if condition is None or condition.constant is None or condition.constant.size != 1:
            continue
        if condition.source != "constant" and not folded:
            continue
        other = "else_branch" if condition.constant.reshape(-1)[0] else "then_branch"
        if any(item.name == other and item.type == AttributeProto.GRAPH for item in node.proto.attribute):
            ruled_out.add(branch_scope(node.scope, node.proto, other))
    if not ruled_out:
        return set()
    depths = range(1, max(map(len, ruled_out)) + 1)
    return {at for at, node in enumerate(facts.nodes) if node.scope and any(node.scope[:depth] in ruled_out for depth in depths)}
