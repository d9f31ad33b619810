"""Nodes whose operands a runtime checks only when it runs, as a node before them has a result whose size it cannot plan.

A runtime that plans its memory node by node stops at the first tensor whose size it computes when it runs. It loads whatever
stands behind that, also operands that contradict each other where dynamic dims are 1.
"""

from __future__ import annotations

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.symbolic_shapes import sizes_of
from graphfix.analysis.unit_dim_conflicts import LAWS
from graphfix.analysis.values import NodeFacts, Value

OPS = frozenset(LAWS) - {"NonMaxSuppression"}
"""The operators that the runtime checks; converters check the operands of a NonMaxSuppression."""
CLASH = ("clashes", True)
DYNAMIC = ("shape", "cast-shape", "runtime")
"""The sources of values that are not known before a run."""
ALWAYS = frozenset({"NonZero", "Unique", "Compress"})
"""Operators whose results are as long as their data says."""
COMPUTED = frozenset({"Resize", "Upsample"})
"""Operators that converters give computed sizes where a dim of the data is dynamic."""
INFERABLE = 1
"""How many unknown sizes a Reshape's target may have to be written with a -1."""


def _find(context: Context) -> dict[int, Told]:
    """Return whether clashing operands depend on a result of unknown size, or stand `beside` one, in what order is open."""
    if not any(CLASH in context.nodes[at].structure for at in context.at(OPS)):
        return {}
    told: dict[int, Told] = {}
    unplanned: set[str] = set()
    for at in sorted(context.nodes):
        node = context.nodes[at]
        behind = not unplanned.isdisjoint(node.proto.input)
        if unplanned and node.op in OPS and not node.domain and CLASH in node.structure:
            told[at] = {"postponed": "behind" if behind else "beside"}
        if behind or is_unplanned(node, context):
            unplanned.update(node.proto.output)
    return told


def is_unplanned(node: NodeFacts, context: Context) -> bool:
    """Return whether the size of a node's result is computed at run time."""
    if node.domain or not node.inputs:
        return False
    data = node.inputs[0]
    if node.op in ALWAYS:
        return True
    if node.op == "Range":
        return any(value is not None and value.source in DYNAMIC for value in node.inputs)
    if node.op in COMPUTED:
        return data is not None and not data.fixed
    if node.op == "Unsqueeze":
        return data is not None and data.shape is not None and _unknown(data) > INFERABLE
    return node.op == "Reshape" and _is_reshaped_at_runtime(node, context)


def _is_reshaped_at_runtime(node: NodeFacts, context: Context) -> bool:
    """Return whether a target has more unknown sizes than one, which simplifiers write as -1, and is no Shape that is planned."""
    data, target = node.inputs[0], node.inputs[1] if len(node.inputs) > 1 else None
    made = node.outputs[0] if node.outputs else None
    if data is None or target is None or data.fixed or (made is not None and made.shape == data.shape):
        return False
    sizes = sizes_of(target)
    if sizes is None:
        return target.source in DYNAMIC
    copies = not attribute(node.proto, "allowzero", 0)
    shape = data.shape or ()
    filled = [shape[at] if size == 0 and copies and at < len(shape) else size for at, size in enumerate(sizes)]
    maker = context.producer(target.name)
    direct = maker is not None and maker.op == "Shape" and not maker.domain
    return not direct and sum(not isinstance(size, int) or size < 0 for size in filled) > INFERABLE


def _unknown(value: Value) -> int:
    return sum(not isinstance(dim, int) for dim in value.shape or ())


PATTERN = StructuralPattern(
    OPS,
    {"postponed": "nothing"},
    _find,
    kind="dynamic",
    loading=True,
)
