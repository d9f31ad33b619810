"""A constant that only quantisation reads, as a zero point, a scale or quantised weights, also by way of Identity nodes.

Compilers that have no tensors of eight bits take such a constant as a parameter of the nodes that read it. Exporters that
merge equal initializers put an Identity before all their readers but one.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told

QUANTIZING = frozenset({"QuantizeLinear", "DequantizeLinear"})
HOLDING = frozenset({"Constant", "Identity"})
POINT = 2
"""The position of the zero point."""


def _origins(context: Context) -> dict[str, str]:
    """Return what Identity nodes pass on, by the names of their results."""
    passed: dict[str, str] = {}
    for at in context.at({"Identity"}):
        node = context.nodes[at].proto
        passed[node.output[0]] = passed.get(node.input[0], node.input[0])
    return passed


def _held(context: Context) -> Mapping[int, Told]:
    """Return the facets of the nodes that hold or pass on a value that quantisation alone reads."""
    if QUANTIZING.isdisjoint(context.by_op):
        return {}
    passed = _origins(context)
    quantizing, other = set[str](), {output.name for output in context.graph.output}
    for facts in context.nodes.values():
        other.update(facts.captured)
        if facts.op != "Identity":
            (quantizing if facts.op in QUANTIZING else other).update(facts.proto.input)
    held = {passed.get(name, name) for name in quantizing} - {passed.get(name, name) for name in other}
    made = {at: context.nodes[at].proto.output[0] for at in context.at(HOLDING)}
    return {at: {"quantizes": True} for at, name in made.items() if passed.get(name, name) in held}


def _passed(context: Context) -> Mapping[int, Told]:
    """Return the facets of the nodes whose zero point is a constant behind an Identity."""
    passed = _origins(context)
    found: dict[int, Told] = {}
    for at in context.at(QUANTIZING) if passed else ():
        operands = context.nodes[at].proto.input
        origin = passed.get(operands[POINT]) if len(operands) > POINT else None
        maker = context.producer(origin) if origin is not None else None
        if origin is not None and (maker is None or maker.op == "Constant"):
            found[at] = {"point.passed": True}
    return found


CONSTANT = StructuralPattern(
    HOLDING,
    {"quantizes": False},
    _held,
    kind="dtype",
    own=True,
)
PASSED = StructuralPattern(
    QUANTIZING,
    {"point.passed": False},
    _passed,
    own=True,
)
