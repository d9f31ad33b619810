"""The measured fix of a node: which rewrites fixed most probes like it, or what is left of them at fixed sizes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from graphfix.analysis.recurrent_steps import RECURRENT, too_long
from graphfix.analysis.surroundings import SURROUNDINGS, surroundings
from graphfix.linter.diagnostics import Fix
from graphfix.linter.option_hints import sizes
from graphfix.tables.target_facets import facets_for_target

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets
    from graphfix.analysis.facts import Facts, NodeFacts
    from graphfix.tables.evidence import Evidence

FREEZE = "freeze-dims"
"""The rewrite that fixes dynamic dims to sizes that the user gives."""
CLEANUP = frozenset({"fold-constants"})
"""Rewrites that prepare others, and are named only where they fix a probe alone."""


def beside(evidence: Evidence) -> bool:
    """Whether the fixes of a form depend on what stands around the node."""
    return any(name in fix.when for fix in evidence.fixed_by for name in SURROUNDINGS)


def told_apart(node: NodeFacts, evidence: Evidence) -> bool:
    """Whether the fix of a node depends on more than its facets: on its surroundings, or on the number of its steps."""
    return node.op in RECURRENT or beside(evidence)


def fix_fields(facts: Facts, target: str, node: NodeFacts | None, evidence: Evidence, facets: Facets) -> dict[str, Any]:
    """Return the measured fix of a rejected or wrong form as the fields `rewrite` and `cure` of a Finding.

    `target` is the one that was measured.
    """
    facets = facets_for_target(target, facets)
    if node is not None and beside(evidence):
        facets = {**facets, **surroundings(node, facts)}
    fix = evidence.fix(facets)
    if node is not None and fix is not None and fix.name != FREEZE and (ruled_out := too_long(node)):
        fix = evidence.fix(facets, ruled_out)
    if fix is None:
        return {"tried": 0 if evidence.fixed_by else evidence.tried}
    named = Fix(fix.name, fix.safety, fix.rewrites, fix.fixed, fix.of)
    if fix.name != FREEZE:
        return {"rewrite": named}
    if options := sizes(facts):
        return {"rewrite": named, "cure": options}
    left = _at_fixed_sizes(named)
    if left is None or (node is not None and (_is_sized_at_run_time(node) or too_long(node).intersection(left.rewrites))):
        return {"tried": 0}
    return {"rewrite": left}


def _is_sized_at_run_time(node: NodeFacts) -> bool:
    """Whether an operand has a dim that is known at run time only, where no input has one."""
    return any(value is not None and not value.fixed for value in node.inputs)


def _at_fixed_sizes(fix: Fix) -> Fix | None:
    """Return what is left of a fix where every input has its sizes already; None where sizes were all of it."""
    rest = tuple(name for name in fix.rewrites if name != FREEZE)
    deciding = next((name for name in rest if name not in CLEANUP), None)
    if deciding is None:
        return None
    safety = "exact" if fix.safety == "interface" else fix.safety  # a chain has the least safe class of its rewrites
    return dataclasses.replace(fix, name=deciding, safety=safety, rewrites=rest)
