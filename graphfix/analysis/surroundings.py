"""What matters to fixes alone: the operators before and behind a node, its chain of tensors of many axes, and its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphfix.analysis.recurrent_steps import RUNS, STEPS, direction, step_class
from graphfix.analysis.wide_chains import CHAIN, wide_chain

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts, NodeFacts

BEFORE, BEHIND = "before", "behind"
"""The names of two facets; they are not among a node's own, because verdicts do not depend on them, only fixes do."""
OTHER = "other"
"""The value of both where there is no such operator, or not one alone."""
SURROUNDINGS = (BEFORE, BEHIND, CHAIN, STEPS, RUNS)
"""The names of all facets that only fixes depend on."""


class Readers:
    """The operators that read each value of a model, by scope and name; computed once for the facts of a model."""

    def __init__(self, facts: Facts) -> None:
        self.by_name: dict[tuple[tuple[str, ...], str], list[str]] = {}
        for node in facts.nodes:
            for name in node.proto.input:
                self.by_name.setdefault((node.scope, name), []).append(node.op)
        self.made = {(node.scope, name): node.op for node in facts.nodes for name in node.proto.output}

    @classmethod
    def of(cls, facts: Facts) -> Readers:
        """Return the readers of a model, from the cache of its facts."""
        if cls not in facts.derived:
            facts.derived[cls] = cls(facts)
        found: Readers = facts.derived[cls]
        return found


def surroundings(node: NodeFacts, facts: Facts) -> dict[str, str]:
    """Return the operator before a node, and the one behind it where only one kind reads its output; else `other`.

    For a node on tensors of many axes it also tells whether the chain of these tensors can be written on fewer axes, and for a
    recurrent node whether its steps are few, and its direction where that is none of its facets.
    """
    readers = Readers.of(facts)
    first = next(iter(node.proto.input), "")
    more = {CHAIN: wide_chain(node, facts), STEPS: step_class(node), RUNS: direction(node)}
    behind = set(readers.by_name.get((node.scope, next(iter(node.proto.output), "")), ()))
    return {
        BEFORE: readers.made.get((node.scope, first), OTHER),
        BEHIND: behind.pop() if len(behind) == 1 else OTHER,
        **{name: value for name, value in more.items() if value is not None},
    }
