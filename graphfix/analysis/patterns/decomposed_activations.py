"""Activations outside the common few, and the shapes exporters write them in when they take them apart."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.analysis.facts import Facts, NodeFacts
from graphfix.analysis.patterns.facts_view import FactsView
from graphfix.analysis.patterns.matcher import Pattern, Patterns
from graphfix.ir.records import dataclass

NUMBERS = {"one": 1.0, "three": 3.0, "six": 6.0, "sixth": 1 / 6}
EITHER = {"Cap": ("Clip", "Min"), "Scale": ("Div", "Mul")}
RELU6 = (
    "shifted = Add(v, three)  held = Cap(shifted)",
    "shifted = Add(v, three)  raised = Relu(shifted)  held = Cap(raised)",
    "shifted = Add(v, three)  raised = Max(shifted, zero)  held = Cap(raised)",
)
"""Clip(v + 3, 0, 6), the bounds of which are taken on trust."""


def _forms(*texts: str) -> list[Pattern]:
    return [Pattern(text, NUMBERS, EITHER) for text in texts]


DECOMPOSED = Patterns({
    "hard-sigmoid": _forms(*(f"{text}  y = Div(held, six)" for text in RELU6),
                           *(f"{text}  y = Mul(held, sixth)" for text in RELU6)),
    "hard-swish": _forms(*(f"{text}  wide = Mul(x, held)  y = Div(wide, six)" for text in RELU6),
                         "gate = HardSigmoid(x)  y = Mul(x, gate)"),
    "gelu": _forms("a = Scale(x, by)  e = Erf(a)  s = Add(e, one)  y = Mul(v, s)"),
    "gelu (tanh form)": _forms("a = Scale(x, by)  e = Tanh(a)  s = Add(e, one)  y = Mul(v, s)"),
    "swish": _forms("gate = Sigmoid(x)  y = Mul(x, gate)"),
    "mish": _forms("soft = Softplus(x)  gate = Tanh(soft)  y = Mul(x, gate)",
                   "soft = Log(e)  gate = Tanh(soft)  y = Mul(x, gate)"),
    "softsign": _forms("size = Abs(x)  s = Add(size, one)  y = Div(x, s)"),
})  # fmt: skip
"""What exporters write in their place, the first that fits; gelu is x/2 * (1 + erf(x / sqrt 2)), multiplied in any order."""


@dataclass(frozen=True, slots=True)
class Decomposed:
    """An activation found as a group of nodes: its name, and the node that gives its result."""

    activation: str
    node: NodeFacts


def decomposed(facts: Facts) -> list[Decomposed]:
    """Return every activation that stands in the graph as elementary operators; found once for the facts of a model."""
    if Decomposed not in facts.derived:
        facts.derived[Decomposed] = list(_found(facts))
    found: list[Decomposed] = facts.derived[Decomposed]
    return found


def _found(facts: Facts) -> Iterator[Decomposed]:
    """Yield the activations; each is named once, by its last node."""
    ends = (node for node in facts.nodes if node.op in DECOMPOSED.roots)  # cheaper than to ask the view of every node
    for name, found in DECOMPOSED.find(FactsView(facts), ends):
        yield Decomposed(name, found.nodes["y"])
