"""Reshapes that infer a dim by a division through a sum of sizes, such as `n*(p + 1)` by `p + 1`.

A cache of keys with one more step has such a dim. A compiler with symbolic sizes multiplies the sizes out, and does not find
the sum in them again where another dynamic dim is left for the inferred one.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.dims import expression, read
from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import Dim, NodeFacts, integers


def _find(context: Context) -> dict[int, Told]:
    """Return the Reshapes whose target names a sum of sizes and leaves a dynamic dim to be inferred."""
    sums: set[str] = set()
    for at in context.at(("Concat",)):
        sums |= _joined(context.nodes[at])
    found: dict[int, Told] = {}
    for at in context.at(("Reshape",)):
        node = context.nodes[at]
        data, target = node.inputs[0], node.inputs[1] if len(node.inputs) > 1 else None
        sizes: Sequence[Dim] | None = integers(target) or (target.sizes if target is not None else None)
        if data is None or not data.shape or not sizes or -1 not in sizes:
            continue
        named = [data.shape[place] if size == 0 and place < len(data.shape) else size for place, size in enumerate(sizes)]
        left = [dim for dim in data.shape if not isinstance(dim, int)]
        for size in named:
            if size in left:
                left.remove(size)
        if left and any(isinstance(size, str) and (size in sums or _is_sum(size)) for size in named):
            found[at] = {"sums": "divide"}
    return found


def _joined(node: NodeFacts) -> set[str]:
    """The name of the dim along which a Concat joins sizes whose sum is no multiple of one of them; none for fixed sizes."""
    made = node.outputs[0]
    axis = attribute(node.proto, "axis", 0)
    if made is None or made.shape is None or not -len(made.shape) <= axis < len(made.shape):
        return set()
    dim, parts = made.shape[axis], [value.shape[axis] if value is not None and value.shape else None for value in node.inputs]
    if not isinstance(dim, str) or None in parts:
        return set()
    size = sum((read(part) for part in parts if part is not None), start=expression(0))
    return {dim} if len(size.terms) > 1 else set()


def _is_sum(dim: str) -> bool:
    return len(read(dim).terms) > 1


PATTERN = StructuralPattern(
    frozenset({"Reshape"}),
    {"sums": "none"},
    _find,
    kind="dynamic",
    own=True,
)
