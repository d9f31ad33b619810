"""Whether a Loop ends by its data, a condition that is known at run time only, and whether it can be unrolled at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from onnx import GraphProto, NodeProto, TensorProto

from graphfix.ir.traversal import branch_scope

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts, NodeFacts


MOST_NODES = 2000
"""Maximum number of nodes into which one loop is unrolled."""
MOST_MASKED = 64
"""The largest trip count of an unrolled loop that ends by its data: every iteration is computed."""
COMPARISONS = frozenset({"Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal", "Not"})
COUNTING = frozenset({"Add", "Sub", "Mul", "Cast", "Identity"})
"""Operators of counters."""


class NodesByScope(defaultdict[tuple[str, ...], "list[NodeFacts]"]):
    """The nodes of each scope of a model, in order; computed once for the facts of a model."""

    @classmethod
    def of(cls, facts: Facts) -> NodesByScope:
        """Return the nodes of a model by scope, from the cache of its facts."""
        if cls not in facts.derived:
            found = cls(list)
            for node in facts.nodes:
                found[node.scope].append(node)
            facts.derived[cls] = found
        cached: NodesByScope = facts.derived[cls]
        return cached


class EndlessLoops(frozenset[tuple[tuple[str, ...], str]]):
    """The scopes and labels of the loops that can surely not be unrolled; computed once for the facts of a model."""

    @classmethod
    def of(cls, facts: Facts) -> EndlessLoops:
        """Return these loops of a model, from the cache of its facts."""
        if cls not in facts.derived:
            facts.derived[cls] = cls((node.scope, node.label) for node in facts.of_operator("Loop") if cannot_unroll(node, facts))
        found: EndlessLoops = facts.derived[cls]
        return found


def cannot_unroll(node: NodeFacts, facts: Facts) -> bool:
    """Whether a Loop ends by its data and has no small bound, or stacks results, so that it can surely not be unrolled."""
    body = next((item.g for item in node.proto.attribute if item.name == "body"), None)
    if body is None or not ends_by_data(node, facts):
        return False
    limit = node.inputs[0] if node.inputs else None
    if any(node.proto.output[len(body.input) - 2 :]):
        return True
    if counts_to_an_end(body):
        return False
    if limit is None:
        return True
    count = None if limit.constant is None or limit.constant.size != 1 else int(limit.constant.reshape(()))
    return count is not None and (count > MOST_MASKED or count * len(body.node) > MOST_NODES)


def counts_to_an_end(body: GraphProto) -> bool:
    """Whether the condition that a body gives, or a part of it where it is a conjunction, may be about a counter alone.

    That is a comparison of what is computed from the iteration number, integers that the body hands on, and constants.
    """
    if not body.output:
        return False
    made = {name: node for node in body.node for name in node.output}
    queue = [body.output[0].name]
    while queue:
        maker = made.get(queue.pop())
        if maker is None:
            continue
        if maker.op_type in ("And", "Where", "Identity"):
            queue += maker.input
        elif maker.op_type in COMPARISONS and _counted(maker.input, body, made):
            return True
    return False


def _counted(names: Iterable[str], body: GraphProto, made: Mapping[str, NodeProto]) -> bool:
    """Whether values are computed by counting: from integers that the body takes, and constants, by sums and products."""
    integers = {info.name for info in body.input if info.type.tensor_type.elem_type == TensorProto.INT64}
    taken = {info.name for info in body.input}
    queue, seen, counters = list(names), set[str](), 0
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        maker = made.get(name)
        counters += name in integers
        if maker is not None and maker.op_type in COUNTING:
            queue += maker.input
        elif maker is not None:
            if maker.op_type != "Constant":
                return False
        elif name in taken and name not in integers:
            return False
    return counters > 0


def unrolls(node: NodeFacts, facts: Facts) -> bool:
    """Whether the iterations of a Loop are known: its trip count is constant, or it has none and ends by its own counting."""
    limit = node.inputs[0] if node.inputs else None
    counted = limit is None or limit.constant is not None
    return counted and not cannot_unroll(node, facts)


def ends_by_data(node: NodeFacts, facts: Facts) -> bool:
    """Whether the condition of a Loop depends on values that are not known before run time.

    Not so where the condition follows from constants, fixed sizes and the number of the iteration.
    """
    body = next((item.g for item in node.proto.attribute if item.name == "body"), None)
    if body is None or len(body.input) < 2 or not body.output:
        return False
    names = node.proto.input
    if len(names) > 1 and names[1] and _unknown(names[1], node.scope, facts):
        return True
    scope = branch_scope(node.scope, node.proto, "body")
    carried = [info.name for info in body.input[2:]]
    data = {name for name, given in zip(carried, names[2:], strict=False) if _unknown(given, node.scope, facts)}
    settled = {info.name for info in body.input} - data
    inside = NodesByScope.of(facts)[scope]
    while True:
        for inner in inside:
            read = [*inner.proto.input, *inner.captured]
            if any(name in data or (name not in settled and _unknown(name, scope, facts)) for name in read if name):
                data |= {name for name in inner.proto.output if _unknown(name, scope, facts)}
            settled |= {name for name in inner.proto.output if name not in data}
        fresh = {name for name, end in zip(carried, body.output[1:], strict=False) if end.name in data} - data
        if not fresh:
            return body.output[0].name in data
        data |= fresh
        settled = {info.name for info in body.input} - data


def _unknown(name: str, scope: tuple[str, ...], facts: Facts) -> bool:
    """Whether the value of a name is not a constant; a result of shape arithmetic with fixed sizes is one."""
    value = facts.value(name, scope)
    return value is not None and value.constant is None
