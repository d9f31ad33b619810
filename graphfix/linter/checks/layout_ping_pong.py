"""GF402: a Transpose that undoes another, with only element-wise operators between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts, NodeFacts

INDIFFERENT = frozenset({
    "Abs", "Cast", "Ceil", "Celu", "Clip", "Cos", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "Identity",
    "LeakyRelu", "Log", "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softplus",
    "Softsign", "Sqrt", "Tanh", "ThresholdedRelu",
})  # fmt: skip
"""Element-wise operators of one tensor, whose result does not depend on the layout."""
TWO = frozenset({"Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "PRelu"})
"""Element-wise operators of two tensors, independent of the layout where one of them is a single number."""
FARTHEST = 16
"""The most nodes between the two Transposes that are searched."""


class LayoutPingPong(Check):
    """Two Transposes that undo each other, with only element-wise operators between them.

    Why: each copies the whole tensor, and compilers that choose a layout of their own add two more.
    Instead: keep one layout throughout the export, or remove both; the operators between them compute the same numbers.
    """

    code = "GF402"
    name = "layout-ping-pong"
    severity = Severity.NOTE
    per_target = False
    kind = "layout"
    valid = (
        Example("a = Transpose<perm = [1, 0]>(x)\ny = Relu(a)"),
        Example("a = Transpose<perm = [0, 2, 1]>(x)\ny = Transpose<perm = [1, 0, 2]>(a)", inputs="float[2,3,4] x"),
        Example(
            "a = Transpose<perm = [1, 0]>(x)\nb = Softmax<axis = 0>(a)\ny = Transpose<perm = [1, 0]>(b)", inputs="float[2,3] x"
        ),
    )
    invalid = (
        Example("a = Transpose<perm = [1, 0]>(x)\ny = Transpose(a)", says="undoes the one that makes `a`"),
        Example(
            "a = Transpose<perm = [0, 2, 3, 1]>(x)\nb = Add(a, k)\nc = Relu(b)\ny = Transpose<perm = [0, 3, 1, 2]>(c)",
            inputs="float[1,3,4,4] x",
            weights="float k = {1.0}",
            says="undoes the one that makes `a`, with 2 nodes between",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every Transpose that undoes one before it."""
        for node in look.facts.of_operator("Transpose"):
            if node.domain:
                continue
            second = _permutation(node)
            found = _previous_transpose(look.facts, node)
            if second is None or found is None:
                continue
            other, between = found
            first = _permutation(other)
            if first is not None and [first[axis] for axis in second] == list(range(len(first))) != list(second):
                far = f", with {between} node{'s' if between != 1 else ''} between that mind no layout" if between else ""
                yield self.at(look, node, f"`Transpose` undoes the one that makes `{other.proto.output[0]}`{far}")


def _previous_transpose(facts: Facts, node: NodeFacts) -> tuple[NodeFacts, int] | None:
    """The Transpose that a node reads from through element-wise operators alone, and the number of nodes between."""
    for between in range(FARTHEST + 1):
        name = _data_operand(node) if between else next(iter(node.proto.input), None)
        producer = None if name is None else facts.producer(name, node.scope)
        if producer is None or producer.scope != node.scope or producer.domain:
            return None
        if producer.op == "Transpose":
            return producer, between
        node = producer
    return None


def _data_operand(node: NodeFacts) -> str | None:
    """The name of the one operand with a layout of an element-wise operator; None for any other operator."""
    if node.op in INDIFFERENT:
        return next(iter(node.proto.input), None)
    if node.op not in TWO:
        return None
    known = [value for value in node.inputs if value is not None and value.rank is not None]
    data = [value for value in known if any(dim != 1 for dim in value.shape or ())]
    if len(known) != len(node.inputs) or len(data) != 1 or any((value.rank or 0) > (data[0].rank or 0) for value in known):
        return None
    return data[0].name


def _permutation(node: NodeFacts) -> list[int] | None:
    """A Transpose's permutation; None where `perm` is left out and the rank is not known."""
    from graphfix.analysis.constant_folding import attribute

    written = attribute(node.proto, "perm")
    if written:
        return list(written)
    value = node.inputs[0] if node.inputs else None
    return None if value is None or value.rank is None else list(range(value.rank))[::-1]
