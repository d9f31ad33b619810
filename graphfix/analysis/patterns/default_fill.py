"""ConstantOfShape nodes without a value whose result is combined with other operands, where the default's dtype matters.

ONNX fills with float32 zeros. A compiler that fills with another dtype fails only where a node requires one dtype of the
filled tensor and of another operand, directly or after nodes that pass a tensor on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from onnx import GraphProto, NodeProto

from graphfix.analysis.patterns.structural_pattern import StructuralPattern
from graphfix.ir.operator_set import is_standard
from graphfix.ir.schemas import formal_types

Reader = tuple[NodeProto, int]


def combined_fills(graph: GraphProto, opsets: Mapping[str, int]) -> set[int]:
    """The positions of the ConstantOfShape nodes without a value whose result some node takes together with another operand."""
    filled = [(position, node) for position, node in enumerate(graph.node) if _fills(node)]
    if not filled:
        return set()
    readers: dict[str, list[Reader]] = defaultdict(list)
    for node in graph.node:
        for index, name in enumerate(node.input):
            readers[name].append((node, index))
    return {position for position, node in filled if _met(node.output[0], readers, opsets)}


def _fills(node: NodeProto) -> bool:
    return node.op_type == "ConstantOfShape" and is_standard(node) and not node.attribute


def _met(name: str, readers: Mapping[str, list[Reader]], opsets: Mapping[str, int]) -> bool:
    waiting, seen = [name], {name}
    while waiting:
        for node, index in readers.get(waiting.pop(), ()):
            domain = "" if node.domain == "ai.onnx" else node.domain
            ins, outs = formal_types(node.op_type, domain, opsets.get(domain, 0))
            kind = ins[min(index, len(ins) - 1)] if ins else ""
            others = [i for i, other in enumerate(node.input) if i != index and other and other not in seen]
            if "(" in kind:  # a type, not a variable that another operand could share
                continue
            if kind and any(ins[min(i, len(ins) - 1)] == kind for i in others):
                return True
            passed = {
                made for made, given in zip(node.output, outs, strict=False) if kind and (given == kind or _like(node))
            } - seen
            seen |= passed
            waiting += passed
    return False


def _like(node: NodeProto) -> bool:
    """Return whether a node's result has the dtype of its operand although the two are stated as different variables."""
    return node.op_type == "EyeLike" and all(item.name != "dtype" for item in node.attribute)


PATTERN = StructuralPattern(
    frozenset({"ConstantOfShape"}),
    {"accompanied": False},
    lambda context: {at: {"accompanied": True} for at in combined_fills(context.graph, context.opsets)},
)
