"""A rank that plain shape inference loses: behind a product of data reshaped by a target that it does not evaluate.

Older exporters join the target of a Reshape with `axis = -1`, which before version 14 of Reshape neither ONNX's shape inference
nor a simplifier evaluates. A converter that decomposes MatMul gives its result a rank of 1 then, and so do some element-wise
operators behind it, until an axis above 0 is out of range. Some operators read an axis right behind the product, or behind an
Identity, all the same, and fail behind element-wise ones: the facet tells the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts

READING = frozenset({"ArgMax", "Concat", "LogSoftmax", "Slice", "Softmax", "Split"})
"""Operators with an axis, which exported models have behind products."""
ELEMENTWISE = frozenset({"Add", "Sub", "Mul", "Div", "Relu"})
"""Operators behind which the rank stays lost; behind a Sigmoid it does not."""
SILENT = frozenset({"Identity", "Dropout"})
EVALUATED_SINCE = 14
"""The version of Reshape from which shape inference evaluates targets that are computed from sizes."""


def _find(context: Context) -> dict[int, Told]:
    if not any(_by_old_target(context, context.nodes[at]) for at in context.at({"Reshape"})):
        return {}
    states: dict[str, str] = {}
    for node in context.nodes.values():
        state = _state(context, node, {states.get(name, "") for name in _read(node)})
        if state:
            states.update(dict.fromkeys([value.name for value in node.outputs if value is not None], state))
    found: dict[int, Told] = {}
    for at in context.at(READING):
        read = {states.get(name, "") for name in _read(context.nodes[at])}
        if told := next((state for state in ("lost", "product") if state in read), None):
            found[at] = {"ranked": told}
    return found


def _state(context: Context, node: NodeFacts, given: set[str]) -> str:
    """Of the results of a node: `reshaped` so, a `product` of what is, `lost` behind operators on one, or none of these."""
    if node.domain:
        return ""
    if node.op == "Reshape":
        return "reshaped" if _by_old_target(context, node) else ""
    given = given - {""}
    if not given:
        return ""
    if node.op == "MatMul":
        return "product"
    if node.op in SILENT:
        return "reshaped" if given == {"reshaped"} else "product"
    if node.op in ELEMENTWISE:
        return "reshaped" if given == {"reshaped"} else "lost"
    return ""


def _by_old_target(context: Context, node: NodeFacts) -> bool:
    """Return whether a node is a Reshape by sizes of dynamic dims that a Concat along a negative axis joins."""
    target = node.inputs[1] if node.op == "Reshape" and not node.domain and len(node.inputs) > 1 else None
    if target is None or node.since >= EVALUATED_SINCE or target.source not in ("shape", "cast-shape"):
        return False
    maker = context.producer(target.name)
    return maker is not None and maker.op == "Concat" and not maker.domain and attribute(maker.proto, "axis", 0) < 0


def _read(node: NodeFacts) -> Iterable[str]:
    return (value.name for value in node.inputs if value is not None)


PATTERN = StructuralPattern(
    READING,
    {"ranked": "known"},
    _find,
    kind="dynamic",
    loading=True,
)
