"""Effects of Python's built-in functions and of containers' methods on kinds of values."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import functions
from .kinds import (
    CONTAINER,
    EXTRACTED,
    MAYBE_TENSOR,
    PLAIN,
    SIZE,
    TENSOR,
    UNKNOWN,
    Value,
    container,
    element,
    extracted,
    join,
    size,
    tensor,
)

if TYPE_CHECKING:
    from .frame import Reader

CallEffect = Callable[["Reader", Sequence[Value], Any], Value]
"""A function that returns the value of a call, from the reader, the arguments and the call's node."""
ADDING = frozenset({"append", "add", "insert", "extend", "update", "appendleft"})
"""Methods that add elements to a container."""
UNCHANGED = frozenset({"copy", "values", "reverse", "sort"})
"""Methods whose result has the elements of the container."""


def call_builtin(reader: Reader, target: Any, node: ast.Call | None, args: Sequence[Value]) -> Value | None:
    """Return the value of a call of a built-in function; None where `target` is none."""
    try:
        effect = BUILTINS.get(target)
    except TypeError:  # not hashable, so no built-in function
        return None
    return None if effect is None else effect(reader, args, node)


def call_container_method(reader: Reader, base: Value, name: str, args: Sequence[Value]) -> Value:
    """Return the value of a call of a method of a list, tuple, set or dict; elements that it adds are recorded."""
    if name in ADDING and args:
        base.add_element(element(args[-1]) if name in ("extend", "update") and args[-1].kind != TENSOR else args[-1])
        return Value(known=None)
    if name == "items":
        return container(Value(items=[Value(), element(base)]), base.length_source)
    if name in UNCHANGED:
        return base
    if name in ("pop", "get", "setdefault", "popleft", "__getitem__"):
        return element(base)
    return Value()


def call_known_method(owner: Any, name: str, args: Sequence[Value]) -> Value | None:
    """Return the keys, values or children of an existing dict or module; None for any other method."""
    entries = owner if isinstance(owner, dict) else getattr(owner, "_modules", {})
    if name == "get" and args and args[0].known in entries:
        return functions.value_of(entries[args[0].known])
    if name in ("values", "children"):
        return Value(items=[functions.value_of(entry) for entry in entries.values()])
    if name in ("items", "named_children"):
        return Value(items=[Value(items=[functions.value_of(key), functions.value_of(entry)]) for key, entry in entries.items()])
    return Value(items=[functions.value_of(key) for key in entries]) if name == "keys" else None


def _len(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    exact = reader.elements(args[0]) if args else None
    if exact is not None:
        return Value(known=len(exact))
    return size() if args and args[0].kind == TENSOR and args[0].certain and not args[0].weight else Value()


def _to_number(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    if not args or args[0].kind in (PLAIN, CONTAINER, MAYBE_TENSOR):
        return Value(known=args[0].known) if args and isinstance(args[0].known, bool) else Value()
    if args[0].kind == SIZE:
        return size(*args)
    return reader.to_number(node, args[0]) if node is not None else extracted(args[0])


def _range(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    joined = join(args)
    known = [value.known for value in args]
    if known and all(isinstance(each, int) for each in known) and len(known) <= 3 and (len(known) < 3 or known[2]):
        return Value(known=range(*known))
    length_source = (
        joined
        if joined.kind in (SIZE, EXTRACTED)
        else reader.to_number(node, joined)
        if joined.kind == TENSOR and joined.certain
        else None
    )
    return container(Value(), length_source)


def _reduce(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    parts = [part for value in args for part in (value.items or [value])]
    kind = max((element(part).kind if part.kind == CONTAINER else part.kind for part in parts), default=PLAIN)
    if kind == SIZE:
        return size(*parts, computed=True)
    if kind == EXTRACTED:
        return extracted(join([part for part in parts if part.kind == EXTRACTED] or [Value(EXTRACTED)]))
    return tensor(*parts, certain=False) if kind == TENSOR else Value(MAYBE_TENSOR if kind == MAYBE_TENSOR else PLAIN)


def _any_or_all(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    return element(args[0]) if args and element(args[0]).kind in (SIZE, TENSOR, EXTRACTED) else Value()


def _container(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    if not args:
        return Value(items=[])
    exact = reader.elements(args[0])
    if exact is not None:
        return Value(items=exact)
    return args[0] if args[0].kind == SIZE else container(element(args[0]), _length_source(args[0]))


def _reversed(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    result = _container(reader, args, node)
    return Value(items=result.items[::-1]) if result.items is not None else result


def _enumerate(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    exact = reader.elements(args[0]) if args else None
    if exact is not None:
        return Value(items=[Value(items=[Value(known=place), each]) for place, each in enumerate(exact)])
    over = args[0] if args else Value()
    return container(Value(items=[Value(), element(over)]), _length_source(over))


def _zip(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    exact = [reader.elements(value) for value in args]
    known = [each for each in exact if each is not None]
    if known:  # zip ends with the shortest
        count = min(map(len, known))
        rows = [each if each is not None else [element(value)] * count for each, value in zip(exact, args, strict=True)]
        return Value(items=[Value(items=list(row)) for row in zip(*rows, strict=False)])
    bounds = [bound for bound in map(_length_source, args) if bound is not None]
    return container(Value(items=[element(value) for value in args]), bounds[0] if bounds else None)


def _length_source(over: Value) -> Value | None:
    """Return the value that determines a container's length, or None."""
    return over.length_source or (over if over.kind == TENSOR and over.certain else None)


def _next(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    return element(args[0]) if args else Value()


def _map(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    if not args:
        return Value()
    exact = [reader.elements(value) for value in args[1:]]
    if exact and all(each is not None for each in exact):
        rows = itertools.zip_longest(*(each or [] for each in exact), fillvalue=Value())
        return Value(items=[reader.call(args[0], None, row, {}) for row in rows])
    return container(reader.call(args[0], None, [element(value) for value in args[1:]], {}))


def _getattr(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    if len(args) < 2 or not isinstance(args[1].known, str):
        return Value(MAYBE_TENSOR)
    if len(args) > 2 and args[0].known is not UNKNOWN and functions.static_attribute(args[0].known, args[1].known) is UNKNOWN:
        return args[2]
    return reader.attribute(args[0], args[1].known)


def _hasattr(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    if len(args) < 2 or not isinstance(args[1].known, str) or not functions.is_module(args[0].known):
        return Value()
    return Value(known=functions.static_attribute(args[0].known, args[1].known) is not UNKNOWN)


def _isinstance(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    if len(args) != 2:
        return Value()
    value, kinds = args[0], [each.known for each in args[1].items or [args[1]]]
    if not all(isinstance(kind, type) for kind in kinds):
        return Value()
    if functions.is_module(value.known) or isinstance(value.known, str | int | float | None):
        return Value(known=isinstance(value.known, tuple(kinds)))
    if value.kind == TENSOR and value.certain:
        return Value(known=any(kind.__name__ in ("Tensor", "Parameter", "object") for kind in kinds))
    if value.kind == CONTAINER or value.items is not None:
        return Value(known=False) if all(kind.__name__ == "Tensor" for kind in kinds) else Value()
    return Value()


def _other(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    return Value()


BUILTINS: dict[Any, CallEffect] = {
    len: _len, int: _to_number, float: _to_number, bool: _to_number, complex: _to_number, round: _to_number, range: _range,
    min: _reduce, max: _reduce, sum: _reduce, pow: _reduce, abs: _reduce, divmod: _reduce, any: _any_or_all, all: _any_or_all,
    list: _container, tuple: _container, set: _container, frozenset: _container, sorted: _container, iter: _container,
    reversed: _reversed, enumerate: _enumerate, zip: _zip, next: _next, map: _map, getattr: _getattr, hasattr: _hasattr,
    isinstance: _isinstance, issubclass: _other, callable: _other, type: _other, id: _other, print: _other, repr: _other,
    str: _other, format: _other, hash: _other, dict: _other, slice: _other,
}  # fmt: skip
"""The effects of Python's built-in functions and types."""
