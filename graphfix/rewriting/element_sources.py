"""Sources of elements: where each element of a small integer tensor comes from, through operators that only move elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.integer_ranges import onnx_maker

MOST = 64
"""The most elements of a tensor that is followed."""
INTEGERS = frozenset({"int32", "int64"})

Places = npt.NDArray[np.int64]


class ElementSources:
    """Follows the elements of small integer tensors back to constants and to the tensors that compute them.

    The tensors are arrays of places in `items`; an item is a number, or a tensor and the flat index of its element.
    """

    def __init__(self, surgery: GraphEditor) -> None:
        self.surgery = surgery
        self.items: list[int | tuple[Any, int]] = []
        self._found: dict[int, Places | None] = {}

    def of(self, tensor: Any) -> list[int | tuple[Any, int]] | None:
        """Return the items of a tensor's elements, in row-major order; None where the number of elements is not known."""
        places = self._places(tensor)
        return None if places is None else [self.items[place] for place in places.reshape(-1).tolist()]

    def _places(self, tensor: Any) -> Places | None:
        if id(tensor) not in self._found:
            self._found[id(tensor)] = None  # ends the recursion on a cycle, which no valid model has
            self._found[id(tensor)] = self._followed(tensor)
        return self._found[id(tensor)]

    def _followed(self, tensor: Any) -> Places | None:
        known = self.surgery.known(tensor)
        if known is not None:
            return self._entered(known.reshape(-1).tolist(), known.shape) if known.size <= MOST else None
        value = self.surgery.value(tensor)
        if value is None or value.dtype not in INTEGERS or value.shape is None:
            return None
        dims = [dim for dim in value.shape if isinstance(dim, int)]
        if len(dims) < len(value.shape) or np.prod(dims, dtype=np.int64) > MOST:
            return None
        node = onnx_maker(tensor)
        move = MOVES.get(node.op) if node is not None else None
        moved = move(self, node) if move is not None else None
        if moved is not None and moved.size == np.prod(dims):
            return moved.reshape(dims)
        return self._entered([(tensor, index) for index in range(int(np.prod(dims)))], tuple(dims))

    def _entered(self, items: list[Any], shape: tuple[int, ...]) -> Places:
        start = len(self.items)
        self.items += items
        return np.arange(start, len(self.items), dtype=np.int64).reshape(shape)

    def _same(self, node: Any) -> Places | None:
        return self._places(node.inputs[0])

    def _joined(self, node: Any) -> Places | None:
        parts = [self._places(operand) for operand in node.inputs]
        known = [part for part in parts if part is not None]
        return np.concatenate(known, node.attrs["axis"]) if len(known) == len(parts) else None

    def _transposed(self, node: Any) -> Places | None:
        places = self._places(node.inputs[0])
        return None if places is None else places.transpose(node.attrs.get("perm"))

    def _gathered(self, node: Any) -> Places | None:
        places, picked = self._places(node.inputs[0]), self.surgery.known(node.inputs[1])
        return None if places is None or picked is None else places.take(picked, node.attrs.get("axis", 0))

    def _sliced(self, node: Any) -> Places | None:
        places, (starts, ends, axes, steps) = self._places(node.inputs[0]), (self._bounds(node, i) for i in range(1, 5))
        if places is None or starts is None or ends is None:
            return None
        for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
            axis, step = axes[i] if axes else i, steps[i] if steps else 1
            stop = None if step < 0 and end < -places.shape[axis] else end
            places = np.moveaxis(np.moveaxis(places, axis, 0)[start:stop:step], 0, axis)
        return places

    def _bounds(self, node: Any, at: int) -> list[int] | None:
        """Return a constant operand of a Slice, or the attribute of older opsets; None where there is neither."""
        if at < len(node.inputs) and node.inputs[at].name:
            known = self.surgery.known(node.inputs[at])
            return None if known is None else known.reshape(-1).tolist()
        given = node.attrs.get(("starts", "ends", "axes", "steps")[at - 1])
        return None if given is None else [int(each) for each in given]


MOVES: dict[str, Callable[[ElementSources, Any], Places | None]] = {
    **dict.fromkeys(("Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten"), ElementSources._same),
    "Concat": ElementSources._joined, "Transpose": ElementSources._transposed,
    "Gather": ElementSources._gathered, "Slice": ElementSources._sliced,
}  # fmt: skip
