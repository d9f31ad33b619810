"""GF201: a node whose result is not used."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Fix, Severity
from graphfix.linter.example import Example


class UnreachableNode(Check):
    """A node that no output of the graph depends on.

    Why: it adds to the model's size, and some compilers reject a model because of an operator in it that is never run.
    Instead: remove it; every graph optimizer does so, `graphfix fix` included.
    """

    code = "GF201"
    name = "unreachable-node"
    severity = Severity.NOTE
    fix = Fix("drop-unreachable", "exact")
    per_target = False
    valid = (Example("y = Relu(x)"),)
    invalid = (Example("dead = Relu(x)\ny = Relu(x)", says="reaches no output"),)

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every node of the main graph that reaches no output."""
        from graphfix.analysis.reachability import unreachable_nodes

        for position in sorted(unreachable_nodes(look.facts)):
            node = look.facts.nodes[position]
            if not node.scope:
                yield self.at(look, node, f"`{node.op}` reaches no output of the model")
