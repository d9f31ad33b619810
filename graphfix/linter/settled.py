"""Findings that `fix` removes with the control flow they are about, once its condition or trip count is constant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphfix.analysis.loop_conditions import unrolls
from graphfix.analysis.reachability import untaken_nodes
from graphfix.ir.records import dataclass
from graphfix.ir.traversal import branch_scope
from graphfix.linter.diagnostics import Finding

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts

SUBGRAPHS = frozenset({"subgraphs", "branch-constants"})
"""Facets of the whole model that are about its subgraphs."""


@dataclass(frozen=True, slots=True)
class SettledPlaces:
    """The nodes that disappear, by scope and output, and the scopes of branches whose nodes move to the graph around them."""

    nodes: frozenset[tuple[tuple[str, ...], str]]
    branches: frozenset[tuple[str, ...]]
    every: bool = False
    """Whether no subgraph is left."""

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is about a node that disappears, about being inside a branch that does, or about subgraphs at all."""
        if not finding.op and self.every and SUBGRAPHS.intersection(finding.traits or ()):
            return True
        if (finding.scope, finding.output) in self.nodes:
            return True
        depths = range(1, len(finding.scope) + 1)
        moved = bool(finding.scope) and all(finding.scope[:depth] in self.branches for depth in depths)
        return moved and "inside" in (finding.traits or ())


def settled_places(facts: Facts) -> SettledPlaces:
    """Return what `fix` removes: Ifs with a constant condition, branches never taken, and Loops with a constant trip count.

    It is computed once for the facts of a model.
    """
    if SettledPlaces not in facts.derived:
        facts.derived[SettledPlaces] = _settled(facts)
    found: SettledPlaces = facts.derived[SettledPlaces]
    return found


def _settled(facts: Facts) -> SettledPlaces:
    gone: set[int] = untaken_nodes(facts, folded=True)
    branches: set[tuple[str, ...]] = set()
    for at, node in enumerate(facts.nodes):
        if node.domain or node.op not in ("If", "Loop"):
            continue
        first = node.inputs[0] if node.inputs else None
        if unrolls(node, facts) if node.op == "Loop" else first is not None and first.constant is not None:
            gone.add(at)
            branches |= {branch_scope(node.scope, node.proto, item.name) for item in node.proto.attribute if item.HasField("g")}
    nodes = frozenset((facts.nodes[at].scope, name) for at in gone for name in facts.nodes[at].proto.output if name)
    holders = [at for at, node in enumerate(facts.nodes) if any(item.HasField("g") for item in node.proto.attribute)]
    return SettledPlaces(nodes, frozenset(branches), all(at in gone for at in holders))
