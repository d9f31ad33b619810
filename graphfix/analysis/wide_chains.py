"""Chains of nodes on tensors of many axes that begin and end at fewer axes, and can be written on fewer axes throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts
    from graphfix.analysis.values import NodeFacts, Value
    from graphfix.ir.traversal import Place

MOST_AXES = 5
"""The rank that every compiler supports in most operators."""
UNARY = frozenset((
    "Abs", "Acos", "Asin", "Atan", "BitwiseNot", "Cast", "Ceil", "Celu", "Clip", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor",
    "Gelu", "HardSigmoid", "HardSwish", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Log", "Mish", "Neg", "Not", "Reciprocal",
    "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Tan", "Tanh",
    "ThresholdedRelu",
))  # fmt: skip
BROADCAST = frozenset((
    "Add", "And", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Expand", "Greater", "GreaterOrEqual", "Less",
    "LessOrEqual", "Max", "Mean", "Min", "Mod", "Mul", "Or", "Pow", "Sub", "Sum", "Where", "Xor",
))  # fmt: skip
REDUCTIONS = frozenset(
    f"Reduce{word}" for word in ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")
)
ALONG = frozenset({"Softmax", "LogSoftmax", "Concat", "Split", "Gather", "ArgMax", "ArgMin", "CumSum"})
"""Operators that work along one axis."""
VIEWS = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Flatten"})
"""Operators that change the dims alone."""
OTHERS = frozenset({"Slice", "Pad", "MatMul", "Transpose"})
MERGING = UNARY | BROADCAST | REDUCTIONS | ALONG | VIEWS | OTHERS
"""Operators in which neighbouring axes that are treated alike can be counted as one."""
CHAIN, CLOSED, OPEN = "wide-chain", "closed", "open"
"""The facet of a node's surroundings, and its values: the chain can be written on fewer axes, or something in it cannot."""


class WideChains(dict["Place", str]):
    """For each value of many axes whether its chain is closed or open; computed once for the facts of a model."""

    @classmethod
    def of(cls, facts: Facts) -> WideChains:
        """Return the chains of a model, from the cache of its facts."""
        if cls not in facts.derived:
            facts.derived[cls] = _chains(facts)
        found: WideChains = facts.derived[cls]
        return found


def wide_chain(node: NodeFacts, facts: Facts) -> str | None:
    """Return whether the chain that a node is in is closed or open; None where it reads and makes no tensor of many axes."""
    found = {WideChains.of(facts)[place] for place in _wide(node, facts)}
    return (OPEN if OPEN in found else CLOSED) if found else None


def _chains(facts: Facts) -> WideChains:
    """Join the wide values that a node reads and makes, and mark the chains in which a node or a value cannot be narrowed."""
    joined: dict[Place, Place] = {}

    def root(place: Place) -> Place:
        while joined.setdefault(place, place) != place:
            joined[place] = place = joined[joined[place]]
        return place

    barred: set[Place] = {((), info.name) for info in (*facts.model.graph.input, *facts.model.graph.output)}
    for node in facts.nodes:
        barred |= {facts.place(name, node.scope) for name in node.captured}
        wide = _wide(node, facts)
        if not wide:
            continue
        if node.scope or node.domain or node.op not in MERGING or not all(map(_countable, (*node.inputs, *node.outputs))):
            barred |= set(wide)
        for place in wide:
            joined[root(place)] = root(wide[0])
    bad = {root(place) for place in barred if place in joined}
    return WideChains((place, OPEN if root(place) in bad else CLOSED) for place in list(joined))


def _wide(node: NodeFacts, facts: Facts) -> list[Place]:
    """Return the values of many axes that a node reads or makes, except constants, which are reshaped beforehand."""
    named = zip((*node.proto.input, *node.proto.output), (*node.inputs, *node.outputs), strict=False)
    return [
        facts.place(name, node.scope)
        for name, value in named
        if name and value is not None and value.source != "constant" and value.rank is not None and value.rank > MOST_AXES
    ]


def _countable(value: Value | None) -> bool:
    """Whether at most one dim is not fixed, so that a Reshape to numbers can state the others."""
    if value is None:
        return True
    return value.shape is not None and 0 not in value.shape and sum(not isinstance(dim, int) for dim in value.shape) <= 1
