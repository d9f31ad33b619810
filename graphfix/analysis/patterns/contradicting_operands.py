"""Nodes of the main graph whose operands contradict each other, such as an Add of [2, 3] and [2, 4]: no input lets them run.

A wrong export or an edit by hand leaves such a node behind. What a branch holds that is never taken is told by operand_conflicts.
"""

from __future__ import annotations

from graphfix.analysis.operand_conflicts import conflicts
from graphfix.analysis.operand_constraints import OPERAND_LAWS
from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.patterns.words import CONFLICT

OPS = frozenset(OPERAND_LAWS)


def _find(context: Context) -> dict[int, Told]:
    """Return the nodes of the main graph with the first conflict between their fixed sizes."""
    found: dict[int, Told] = {}
    for at in context.at(OPS):
        node = context.nodes[at]
        word = next(conflicts(node), None) if not node.scope else None
        if word is not None:
            found[at] = {CONFLICT: word}
    return found


PATTERN = StructuralPattern(
    OPS,
    {CONFLICT: "none"},
    _find,
)
