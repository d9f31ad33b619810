"""Which axes of a value become which others when it is reshaped."""

from __future__ import annotations

import math

from graphfix.pruning.axis_graph import Dims

Group = tuple[tuple[int, ...], tuple[int, ...]]
"""Axes before and after that hold the same elements; axes of size 1 are in no group."""


def regrouped(before: Dims, after: Dims) -> list[Group] | None:
    """Return the groups of a reshape from left to right; None where dynamic dims leave open which they are."""
    old = [axis for axis, dim in enumerate(before) if dim != 1]
    new = [axis for axis, dim in enumerate(after) if dim != 1]
    head: list[Group] = []
    while old and new and _same(before[old[0]], after[new[0]]):
        head.append(((old.pop(0),), (new.pop(0),)))
    tail: list[Group] = []
    while old and new and _same(before[old[-1]], after[new[-1]]):
        tail.insert(0, ((old.pop(),), (new.pop(),)))
    if not old and not new:
        return head + tail
    left, right = [before[axis] for axis in old], [after[axis] for axis in new]
    if not all(isinstance(dim, int) for dim in (*left, *right)):
        if len(old) == len(new) == 1:
            return [*head, ((old[0],), (new[0],)), *tail]
        return None
    middle = _by_product(before, after, old, new)
    return None if middle is None else [*head, *middle, *tail]


def _same(one: int | str | None, other: int | str | None) -> bool:
    return one is not None and one == other


def _by_product(before: Dims, after: Dims, old: list[int], new: list[int]) -> list[Group] | None:
    """Return the groups of static dims: the shortest runs with equal products."""
    found: list[Group] = []
    while old or new:
        if not old or not new:
            return None
        left, right = [old.pop(0)], [new.pop(0)]
        while (one := _product(before, left)) != (other := _product(after, right)):
            shorter, rest = (left, old) if one < other else (right, new)
            if not rest:
                return None
            shorter.append(rest.pop(0))
        found.append((tuple(left), tuple(right)))
    return found


def _product(dims: Dims, axes: list[int]) -> int:
    return math.prod(dim for axis in axes if isinstance(dim := dims[axis], int))
