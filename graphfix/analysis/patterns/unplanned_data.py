"""Nodes behind a result whose size a runtime cannot plan: it prepares them when it runs, and loads what it could not prepare.

Which results those are tells postponed_check.py, about operands that clash; this is about operators that a runtime refuses to
prepare for other reasons.
"""

from __future__ import annotations

from graphfix.analysis.patterns.postponed_check import is_unplanned
from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told

OPS = frozenset({"Where", "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"})
"""Operators that the runtime refuses to prepare in some forms."""


def _find(context: Context) -> dict[int, Told]:
    """Return which nodes depend on a result of unknown size, or only come after one."""
    told: dict[int, Told] = {}
    unplanned: set[str] = set()
    for at in sorted(context.nodes):
        node = context.nodes[at]
        behind = not unplanned.isdisjoint(node.proto.input)
        if unplanned and node.op in OPS and not node.domain:
            told[at] = {"planned": "behind" if behind else "beside"}
        if behind or is_unplanned(node, context):
            unplanned.update(node.proto.output)
    return told


PATTERN = StructuralPattern(OPS, {"planned": "before"}, _find, kind="dynamic", own=True)
