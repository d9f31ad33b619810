"""The order of findings: what decides comes first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphfix.linter.diagnostics import Finding, Severity

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts

REQUESTED = frozenset({
    "freeze-dims", "bind-input", "drop-unused", "tensor-outputs", "padded-outputs", "inner-inputs", "widen-input",
    "vector-input",
})  # fmt: skip
"""The rewrites that need a size, a value or a name from the user."""


class Positions(dict[tuple[tuple[str, ...], str], int]):
    """The position of the node that makes each value, by scope and name; computed once for the facts of a model."""

    @classmethod
    def of(cls, facts: Facts) -> Positions:
        """Return the positions, from the cache of the facts."""
        if cls not in facts.derived:
            facts.derived[cls] = cls(
                ((node.scope, name), at) for at, node in enumerate(facts.nodes) for name in node.made if name
            )
        found: Positions = facts.derived[cls]
        return found


def in_order_of_decision(findings: Sequence[Finding], facts: Facts) -> list[Finding]:
    """Return the findings by severity, and errors by what they need, then in the order of the graph.

    Errors that need a size or a value from the user come first, then those without a fix, since nothing else matters until
    they are solved, then those with one.
    """
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    rest = [finding for finding in findings if finding.severity is not Severity.ERROR]
    if len(errors) > 1:
        positions = Positions.of(facts)
        errors.sort(key=lambda finding: (need(finding), positions.get((finding.scope, finding.output), -1)))
    return [*errors, *rest]


def need(finding: Finding) -> int:
    """Return the rank of an error by what it needs: 0 for a size or a value, 1 where nothing fixes it, 2 for a rewrite."""
    fix = finding.rewrite
    if finding.cure or (finding.kind == "dynamic" and fix is None) or (fix is not None and fix.name in REQUESTED):
        return 0
    return 1 if fix is None else 2
