"""Kinds of values: what is known of an expression without running it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

PLAIN, MAYBE_TENSOR, CONTAINER, SIZE, TENSOR, EXTRACTED = range(6)
"""Kinds: of no interest, perhaps a tensor, a container, sizes, a tensor, a Python number extracted from a tensor's values.

Where several meet, the higher kind prevails.
"""
UNKNOWN = object()
"""Marks an object that does not exist before a run."""
MAX_ELEMENTS = 64
"""The number of elements up to which a container is followed element by element."""


class Value:
    """The value of an expression as far as it is known.

    `kind` is its kind, `known` the object itself where it exists before any run. `items` are the parts of a tuple or list,
    `each` is any element of a container of unknown length, and `length_source` the value that determines this length. A SIZE
    is `computed` where arithmetic made it, and `plural` where it is several, like a shape. A TENSOR is `certain` where it can
    be neither a tuple nor None, and a `weight` where it does not depend on the inputs. `conversions` are the notes on the
    conversions that an EXTRACTED value went through.
    """

    __slots__ = ("certain", "computed", "conversions", "each", "items", "kind", "known", "length_source", "plural", "weight")

    def __init__(
        self, kind: int = PLAIN, *, known: Any = UNKNOWN, items: Sequence[Value] | None = None, each: Value | None = None
    ) -> None:
        self.kind, self.known = kind, known
        self.items = list(items) if items is not None else None
        self.each = each
        self.length_source: Value | None = None
        self.computed = self.plural = self.certain = self.weight = False
        self.conversions: frozenset[Any] = frozenset()

    @property
    def truth(self) -> bool | None:
        """The value as a condition; None where it is unknown."""
        if self.items is not None:
            return bool(self.items)
        if self.known is UNKNOWN or not isinstance(self.known, bool | int | float | str | bytes | tuple | list | dict | None):
            return None
        return bool(self.known)

    @property
    def is_computed(self) -> bool:
        """Whether this is a size computed by arithmetic, or contains one."""
        return (self.kind == SIZE and self.computed) or any(item.is_computed for item in self.items or ())

    @property
    def strongest_kind(self) -> int:
        """The highest kind among the value and its parts."""
        parts = [*(self.items or ()), *([self.each] if self.each is not None else ())]
        return max((part.strongest_kind for part in parts if self.kind in (PLAIN, CONTAINER)), default=self.kind)

    def cache_key(self) -> tuple[Any, ...]:
        """Return what distinguishes the value from others, for a cache of calls."""
        known = None if self.known is UNKNOWN else id(self.known)
        items = tuple(item.cache_key() for item in self.items[:MAX_ELEMENTS]) if self.items is not None else None
        each = self.each.strongest_kind if self.each is not None else None
        return self.kind, known, items, each, self.certain, self.weight, self.computed, self.plural

    def add_element(self, more: Value) -> None:
        """Add an element, as `append` does; the container's length is unknown from then on."""
        more = Value(MAYBE_TENSOR) if more is self else more
        self.each = join([*(self.items or ()), *([self.each] if self.each else ()), more])
        self.kind, self.items, self.known = CONTAINER, None, UNKNOWN


def tensor(*operands: Value, certain: bool = True, weight: bool | None = None) -> Value:
    """Return a tensor computed from operands; it is a weight where all of them are weights or constants."""
    value = Value(TENSOR)
    value.certain = certain
    value.weight = all(is_constant(operand) for operand in operands) if weight is None else weight
    return value


def size(*operands: Value, plural: bool = False, computed: bool = False) -> Value:
    """Return a size, or several; it is computed where an operand is."""
    result = Value(SIZE)
    result.plural, result.computed = plural, computed or any(value.is_computed for value in operands)
    return result


def extracted(value: Value, note: Any = None) -> Value:
    """Return a Python number extracted from a tensor; `note` is the note on this conversion."""
    result = Value(EXTRACTED)
    result.weight, result.conversions = value.weight, value.conversions | ({note} if note is not None else set())
    return result


def container(each: Value | None = None, length_source: Value | None = None) -> Value:
    """Return a container of unknown length."""
    value = Value(CONTAINER, each=each or Value())
    value.length_source = length_source
    return value


def is_constant(value: Value) -> bool:
    """Return whether a value is the same for all inputs."""
    if value.kind in (TENSOR, EXTRACTED):
        return value.weight
    return value.kind == PLAIN and all(is_constant(item) for item in value.items or ())


def join(values: Iterable[Value]) -> Value:
    """Return what is known of an expression that has one of several values."""
    alternatives = list(values)
    if not alternatives:
        return Value()
    if len(alternatives) == 1:
        return alternatives[0]
    joined = Value(max(value.kind for value in alternatives))
    strongest = [value for value in alternatives if value.kind == joined.kind]
    joined.computed = any(value.computed for value in alternatives)
    joined.plural = any(value.plural for value in strongest)
    joined.certain = all(value.certain for value in alternatives)
    joined.weight = all(value.weight for value in strongest)
    joined.conversions = frozenset().union(*(value.conversions for value in alternatives))
    if all(value.known is alternatives[0].known for value in alternatives):
        joined.known = alternatives[0].known
    lengths = {None if value.items is None else len(value.items) for value in alternatives}
    if len(lengths) == 1 and None not in lengths:
        joined.items = [join(parts) for parts in zip(*(value.items or () for value in alternatives), strict=True)]
    elif any(value.items is not None or value.each is not None for value in alternatives):
        joined.each = join(
            part for value in alternatives for part in (*(value.items or ()), *([value.each] if value.each else ()))
        )
        joined.kind = max(joined.kind, CONTAINER)
    joined.length_source = next((value.length_source for value in alternatives if value.length_source is not None), None)
    return joined


def element(value: Value) -> Value:
    """Return any one element of a value that is iterated over."""
    if value.items is not None:
        return join(value.items)
    if value.each is not None:
        return value.each
    if value.kind == TENSOR:
        return tensor(value, certain=value.certain)
    if value.kind == SIZE:
        return size(value)
    return extracted(value) if value.kind == EXTRACTED else Value(MAYBE_TENSOR if value.kind == MAYBE_TENSOR else PLAIN)
