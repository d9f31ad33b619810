"""The windows of a convolution or pool: kernel, strides, dilations and pads, computed for fixed spatial dims."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from graphfix.rewriting.replacement import ReplacementBuilder

MOST_TAPS = 64
"""Maximum number of kernel positions that are written out one by one."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of a node, one entry for each spatial axis; `before` and `after` are the pads, `out` the output sizes."""

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    out: tuple[int, ...]

    @property
    def extent(self) -> tuple[int, ...]:
        """The extent of the kernel, dilation included."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations, strict=True))

    @property
    def taps(self) -> int:
        """The number of kernel positions."""
        return int(np.prod(self.kernel))

    @property
    def reach(self) -> tuple[int, ...]:
        """The pads after each axis that the last window needs; with floor rounding that may be less than `after`."""
        return tuple(
            (o - 1) * s + e - n - b
            for o, s, e, n, b in zip(self.out, self.strides, self.extent, self.size, self.before, strict=True)
        )

    def places(self) -> Iterator[tuple[int, ...]]:
        """Yield the kernel positions in order, each as the offset from a window's start."""
        for place in product(*map(range, self.kernel)):
            yield tuple(p * d for p, d in zip(place, self.dilations, strict=True))

    def view(self, draft: ReplacementBuilder, padded: str, place: Sequence[int]) -> str:
        """Return the value of every window at one offset, from an input padded by `before` and `reach`."""
        axes = [2 + axis for axis in range(len(self.kernel))]
        ends = [p + (o - 1) * s + 1 for p, o, s in zip(place, self.out, self.strides, strict=True)]
        return draft.op("Slice", padded, starts=list(place), ends=ends, axes=axes, steps=list(self.strides))


def windows(draft: ReplacementBuilder) -> Windows | str:
    """Return the windows of the node over its first operand, or why they are not known."""
    shape = draft.shape()
    if shape is None:
        return f"the rank of `{draft.node.inputs[0].name}` is unknown"
    size = [dim for dim in shape[2:] if isinstance(dim, int)]
    if len(size) != len(shape) - 2:
        return f"the spatial dims of `{draft.node.inputs[0].name}` are not fixed"
    count = len(size)
    kernel = draft.attribute("kernel_shape")
    if kernel is None:
        weight = draft.shape(1)
        if weight is None or not all(isinstance(dim, int) for dim in weight[2:]):
            return "the size of its kernel is not known"
        kernel = weight[2:]
    strides, dilations = (tuple(draft.attribute(name) or (1,) * count) for name in ("strides", "dilations"))
    auto, pads = draft.attribute("auto_pad", "NOTSET"), list(draft.attribute("pads") or (0,) * 2 * count)
    before, after, out = [], [], []
    for i, (n, k, s, d) in enumerate(zip(size, kernel, strides, dilations, strict=True)):
        extent = (int(k) - 1) * d + 1
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            total = max(0, (-(-n // s) - 1) * s + extent - n)
            less, more = total // 2, total - total // 2
            low, high = (less, more) if auto == "SAME_UPPER" else (more, less)
        else:
            low, high = (0, 0) if auto == "VALID" else (pads[i], pads[i + count])
        room = n + low + high - extent
        steps = room // s + 1
        if draft.attribute("ceil_mode", 0):
            steps = -(-room // s) + 1
            if (steps - 1) * s >= n + low:  # a window must start within the input or the pads before it
                steps -= 1
        if steps < 1:
            return "its kernel is larger than its input"
        before.append(low)
        after.append(high)
        out.append(steps)
    return Windows(tuple(size), tuple(map(int, kernel)), strides, dilations, tuple(before), tuple(after), tuple(out))


def padded(draft: ReplacementBuilder, name: str, before: Sequence[int], after: Sequence[int], fill: float = 0.0) -> str:
    """Return the value with its spatial axes padded, or cropped by negative amounts; no node is added if all are 0."""
    cut = [min(0, amount) for amount in (*before, *after)]
    if any(cut):
        half = len(before)
        axes = [2 + axis for axis in range(half)]
        ends = [amount if amount else int(np.iinfo(np.int64).max) for amount in cut[half:]]
        name = draft.op("Slice", name, starts=[-amount for amount in cut[:half]], ends=ends, axes=axes)
    amounts = [max(0, amount) for amount in (*before, *after)]
    if not any(amounts):
        return name
    half = len(before)
    return draft.op("Pad", name, pads=[0, 0, *amounts[:half], 0, 0, *amounts[half:]], value=fill, mode="constant")


def lowest(draft: ReplacementBuilder) -> float:
    """Return the pad value that is neutral for a maximum: -inf for floats, the least value of an integer dtype."""
    dtype = draft.surgery.dtype(draft.node.inputs[0])
    return float(np.iinfo(dtype).min) if dtype is not None and dtype.kind in "iu" else float("-inf")
