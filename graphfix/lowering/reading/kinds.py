"""What is known of an expression without running it: whether it is a tensor, a size, a number made of values, or plain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

PLAIN, LOOSE, MANY, SIZE, TENSOR, DATUM = range(6)
"""Kinds, the more telling the higher: of no account, perhaps a tensor, a container, sizes, a tensor, a number made of one."""
UNKNOWN = object()
MOST = 64
"""Elements of a container that are looked at one by one."""


class Value:
    """One expression's kind, the object itself where it is there before any run, and the parts of a tuple or list.

    `each` is any element of a container whose length is not known, `bound` what the number of them hangs on. A SIZE is
    `computed` by arithmetic, or `plural` as a shape is. A TENSOR is `certain` where it cannot be a tuple or None, and a
    `weight` where it does not hang on the inputs. `made` are the notes on the conversions that a DATUM went through.
    """

    __slots__ = ("bound", "certain", "computed", "each", "items", "kind", "known", "made", "plural", "weight")

    def __init__(
        self, kind: int = PLAIN, *, known: Any = UNKNOWN, items: Sequence[Value] | None = None, each: Value | None = None
    ) -> None:
        self.kind, self.known = kind, known
        self.items = list(items) if items is not None else None
        self.each = each
        self.bound: Value | None = None
        self.computed = self.plural = self.certain = self.weight = False
        self.made: frozenset[Any] = frozenset()

    @property
    def truth(self) -> bool | None:
        """Whether it holds as a condition, where that is known."""
        if self.items is not None:
            return bool(self.items)
        if self.known is UNKNOWN or not isinstance(self.known, bool | int | float | str | bytes | tuple | list | dict | None):
            return None
        return bool(self.known)

    @property
    def is_computed(self) -> bool:
        """Whether it is a size that arithmetic has made, or holds one."""
        return (self.kind == SIZE and self.computed) or any(item.is_computed for item in self.items or ())

    @property
    def gist(self) -> int:
        """The most telling kind among it and its parts."""
        parts = [*(self.items or ()), *([self.each] if self.each is not None else ())]
        return max((part.gist for part in parts if self.kind in (PLAIN, MANY)), default=self.kind)

    def marks(self) -> tuple[Any, ...]:
        """What tells it from other values, for a memory of calls."""
        known = None if self.known is UNKNOWN else id(self.known)
        items = tuple(item.marks() for item in self.items[:MOST]) if self.items is not None else None
        each = self.each.gist if self.each is not None else None
        return self.kind, known, items, each, self.certain, self.weight, self.computed, self.plural

    def grow(self, more: Value) -> None:
        """Take an element in, as `append` does."""
        more = Value(LOOSE) if more is self else more
        self.each = join([*(self.items or ()), *([self.each] if self.each else ()), more])
        self.kind, self.items, self.known = MANY, None, UNKNOWN


def tensor(*of: Value, certain: bool = True, weight: bool | None = None) -> Value:
    """A tensor computed from values: a weight where nothing but weights and constants went into it."""
    made = Value(TENSOR)
    made.certain = certain
    made.weight = all(settled(value) for value in of) if weight is None else weight
    return made


def size(*of: Value, plural: bool = False, computed: bool = False) -> Value:
    """A size, or several: computed where one of those it comes from is."""
    made = Value(SIZE)
    made.plural, made.computed = plural, computed or any(value.is_computed for value in of)
    return made


def datum(of: Value, note: Any = None) -> Value:
    """A number made of a tensor's values, by a conversion that was noted."""
    made = Value(DATUM)
    made.weight, made.made = of.weight, of.made | ({note} if note is not None else set())
    return made


def many(each: Value | None = None, bound: Value | None = None) -> Value:
    """A container of unknown length."""
    made = Value(MANY, each=each or Value())
    made.bound = bound
    return made


def settled(value: Value) -> bool:
    """Whether a value is the same whatever the inputs are."""
    if value.kind in (TENSOR, DATUM):
        return value.weight
    return value.kind == PLAIN and all(settled(item) for item in value.items or ())


def join(values: Iterable[Value]) -> Value:
    """What is known of an expression that is one of several."""
    every = list(values)
    if not every:
        return Value()
    if len(every) == 1:
        return every[0]
    made = Value(max(value.kind for value in every))
    telling = [value for value in every if value.kind == made.kind]
    made.computed = any(value.computed for value in every)
    made.plural = any(value.plural for value in telling)
    made.certain = all(value.certain for value in every)
    made.weight = all(value.weight for value in telling)
    made.made = frozenset().union(*(value.made for value in every))
    if all(value.known is every[0].known for value in every):
        made.known = every[0].known
    lengths = {None if value.items is None else len(value.items) for value in every}
    if len(lengths) == 1 and None not in lengths:
        made.items = [join(parts) for parts in zip(*(value.items or () for value in every), strict=True)]
    elif any(value.items is not None or value.each is not None for value in every):
        made.each = join(part for value in every for part in (*(value.items or ()), *([value.each] if value.each else ())))
        made.kind = max(made.kind, MANY)
    made.bound = next((value.bound for value in every if value.bound is not None), None)
    return made


def element(value: Value) -> Value:
    """Any one element of what is iterated over."""
    if value.items is not None:
        return join(value.items)
    if value.each is not None:
        return value.each
    if value.kind == TENSOR:
        return tensor(value, certain=value.certain)
    if value.kind == SIZE:
        return size(value)
    return datum(value) if value.kind == DATUM else Value(LOOSE if value.kind == LOOSE else PLAIN)
