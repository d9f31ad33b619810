"""The axis along which a CumSum sums, for the rewrites that need it and its size as numbers."""

from __future__ import annotations

from graphfix.rewriting.replacement import ReplacementBuilder


def summed_axis(draft: ReplacementBuilder) -> tuple[int, int, int] | str:
    """Return the axis, counted from 0, its size, and the rank of the data; or why they are not known."""
    name, dims, known = draft.node.inputs[0].name, draft.shape(), draft.known(1)
    if known is None:
        return f"the axis `{draft.node.inputs[1].name}` is not known"
    if not dims:
        return f"the rank of `{name}` is unknown"
    axis = int(known.reshape(-1)[0]) % len(dims)
    size = dims[axis]
    return (axis, size, len(dims)) if isinstance(size, int) else f"dim {axis} of `{name}` is not fixed"
