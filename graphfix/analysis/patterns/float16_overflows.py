"""Forms in which exporters write what overflows float16: exponentials that are summed, and squares under a root."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from graphfix.analysis.facts import Facts, NodeFacts
from graphfix.analysis.patterns.facts_view import FactsView
from graphfix.analysis.patterns.matcher import Pattern, Patterns

ONE = {"one": 1.0}
SUMS = Patterns({
    "quotient-to-softmax": [Pattern("e = Exp(x)  s = ReduceSum(e)  y = Div(e, s)")],
    "log-sum-exp-by-max": [Pattern("e = Exp(x)  s = ReduceSum(e)  y = Log(s)")],
    "softplus-by-max": [Pattern("e = Exp(x)  a = Add(e, one)  y = Log(a)", ONE)],
    "quotient-to-sigmoid": [Pattern("e = Exp(x)  a = Add(e, one)  y = Div(e, a)", ONE)],
})  # fmt: skip
"""The forms, by the rewrite that keeps them in range."""
EITHER = {"R": ("ReduceMean", "ReduceSum"), "Root": ("Sqrt", "Pow")}
NORMS = Patterns({
    "norm": [
        Pattern(f"{square}  s = R(q)  {tail}", {"two": 2.0}, EITHER)
        for square in ("q = Mul(x, x)", "q = Pow(x, two)")
        for tail in ("v = Add(s, e)  y = Root(v)", "y = Root(s)")
    ]
})  # fmt: skip
BOUNDED = ("ReduceMax", "Neg", "Min", "Clip")
"""Makers of an operand that bound its exponential."""
DIVISORS = ("ReduceMax", "Max", "Add")
"""Makers of what numbers were divided by before they are squared."""


def summed_exponentials(facts: Facts, asked: Callable[[NodeFacts], bool]) -> Iterator[tuple[str, NodeFacts]]:
    """Yield the Exp of each sum whose last node is asked about, with the rewrite for it; not those of bounded operands."""
    ends = filter(asked, facts.of_operator(*SUMS.roots))
    for rewrite, found in SUMS.find(FactsView(facts), ends):
        node = found.nodes["e"]
        maker = facts.producer(node.proto.input[0], node.scope)
        if maker is None or not _is_bounded(facts, maker):
            yield rewrite, node


def rooted_squares(facts: Facts, asked: Callable[[NodeFacts], bool]) -> Iterator[NodeFacts]:
    """Yield the square under each root that is asked about; not those of numbers that were scaled first."""
    ends = filter(asked, facts.of_operator(*NORMS.roots))
    for _, found in NORMS.find(FactsView(facts), ends):
        node = found.nodes["q"]
        maker = facts.producer(node.proto.input[0], node.scope)
        divisor = facts.producer(maker.proto.input[1], maker.scope) if maker is not None and maker.op == "Div" else None
        if divisor is None or divisor.op not in DIVISORS:
            yield node


def _is_bounded(facts: Facts, maker: NodeFacts) -> bool:
    """Whether a node makes what is at most 0, or has an upper bound of its own."""
    if maker.op in BOUNDED:
        return True
    makers = [facts.producer(name, maker.scope) for name in maker.proto.input if name]
    return maker.op == "Sub" and any(one is not None and one.op == "ReduceMax" for one in makers)
