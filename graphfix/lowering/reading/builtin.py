"""Python's own functions and containers, told of kinds of values."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import functions
from .kinds import DATUM, LOOSE, MANY, PLAIN, SIZE, TENSOR, UNKNOWN, Value, datum, element, join, many, size, tensor

if TYPE_CHECKING:
    from .frame import Reader

Make = Callable[["Reader", Sequence[Value], Any], Value]
"""What a function of Python's gives: the reader, the arguments, the call."""
GROWING = frozenset({"append", "add", "insert", "extend", "update", "appendleft"})
SAME = frozenset({"copy", "values", "reverse", "sort"})


def of_builtin(reader: Reader, target: Any, node: ast.Call | None, args: Sequence[Value]) -> Value | None:
    """What a call of one of Python's functions gives; None where `target` is no such function."""
    try:
        make = MAKERS.get(target)
    except TypeError:  # no hash, no function of Python's
        return None
    return None if make is None else make(reader, args, node)


def of_container(reader: Reader, base: Value, name: str, args: Sequence[Value]) -> Value:
    """What a method of a list, tuple, set or dict gives; those that add to it are remembered."""
    if name in GROWING and args:
        base.grow(element(args[-1]) if name in ("extend", "update") and args[-1].kind != TENSOR else args[-1])
        return Value(known=None)
    if name == "items":
        return many(Value(items=[Value(), element(base)]), base.bound)
    if name in SAME:
        return base
    if name in ("pop", "get", "setdefault", "popleft", "__getitem__"):
        return element(base)
    return Value()


def of_known(owner: Any, name: str, args: Sequence[Value]) -> Value | None:
    """The keys, values or children of a dict or module that is there; None for any other method."""
    held = owner if isinstance(owner, dict) else getattr(owner, "_modules", {})
    if name == "get" and args and args[0].known in held:
        return functions.known(held[args[0].known])
    if name in ("values", "children"):
        return Value(items=[functions.known(each) for each in held.values()])
    if name in ("items", "named_children"):
        return Value(items=[Value(items=[functions.known(key), functions.known(each)]) for key, each in held.items()])
    return Value(items=[functions.known(key) for key in held]) if name == "keys" else None


def _length(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    exact = reader.elements(args[0]) if args else None
    if exact is not None:
        return Value(known=len(exact))
    return size() if args and args[0].kind == TENSOR and args[0].certain and not args[0].weight else Value()


def _number(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    if not args or args[0].kind in (PLAIN, MANY, LOOSE):
        return Value(known=args[0].known) if args and isinstance(args[0].known, bool) else Value()
    if args[0].kind == SIZE:
        return size(*args)
    return reader.number(node, args[0]) if node is not None else datum(args[0])


def _range(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    bound = join(args)
    known = [value.known for value in args]
    if known and all(isinstance(each, int) for each in known) and len(known) <= 3 and (len(known) < 3 or known[2]):
        return Value(known=range(*known))
    kept = (
        bound if bound.kind in (SIZE, DATUM) else reader.number(node, bound) if bound.kind == TENSOR and bound.certain else None
    )
    return many(Value(), kept)


def _least(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    parts = [part for value in args for part in (value.items or [value])]
    kind = max((element(part).kind if part.kind == MANY else part.kind for part in parts), default=PLAIN)
    if kind == SIZE:
        return size(*parts, computed=True)
    if kind == DATUM:
        return datum(join([part for part in parts if part.kind == DATUM] or [Value(DATUM)]))
    return tensor(*parts, certain=False) if kind == TENSOR else Value(LOOSE if kind == LOOSE else PLAIN)


def _whether(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    return element(args[0]) if args and element(args[0]).kind in (SIZE, TENSOR, DATUM) else Value()


def _container(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    if not args:
        return Value(items=[])
    exact = reader.elements(args[0])
    if exact is not None:
        return Value(items=exact)
    return args[0] if args[0].kind == SIZE else many(element(args[0]), _bound(args[0]))


def _backwards(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    made = _container(reader, args, node)
    return Value(items=made.items[::-1]) if made.items is not None else made


def _enumerate(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    exact = reader.elements(args[0]) if args else None
    if exact is not None:
        return Value(items=[Value(items=[Value(known=place), each]) for place, each in enumerate(exact)])
    over = args[0] if args else Value()
    return many(Value(items=[Value(), element(over)]), _bound(over))


def _zip(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    exact = [reader.elements(value) for value in args]
    known = [each for each in exact if each is not None]
    if known:  # the shortest ends it, and the others are as long where it is right
        count = min(map(len, known))
        rows = [each if each is not None else [element(value)] * count for each, value in zip(exact, args, strict=True)]
        return Value(items=[Value(items=list(row)) for row in zip(*rows, strict=False)])
    bounds = [bound for bound in map(_bound, args) if bound is not None]
    return many(Value(items=[element(value) for value in args]), bounds[0] if bounds else None)


def _bound(over: Value) -> Value | None:
    """What the number of elements hangs on."""
    return over.bound or (over if over.kind == TENSOR and over.certain else None)


def _next(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    return element(args[0]) if args else Value()


def _map(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    if not args:
        return Value()
    exact = [reader.elements(value) for value in args[1:]]
    if exact and all(each is not None for each in exact):
        rows = itertools.zip_longest(*(each or [] for each in exact), fillvalue=Value())
        return Value(items=[reader.call(args[0], None, row, {}) for row in rows])
    return many(reader.call(args[0], None, [element(value) for value in args[1:]], {}))


def _attribute(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    if len(args) < 2 or not isinstance(args[1].known, str):
        return Value(LOOSE)
    if len(args) > 2 and args[0].known is not UNKNOWN and functions.attribute(args[0].known, args[1].known) is UNKNOWN:
        return args[2]
    return reader.attribute(args[0], args[1].known)


def _has(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    if len(args) < 2 or not isinstance(args[1].known, str) or not functions.is_module(args[0].known):
        return Value()
    return Value(known=functions.attribute(args[0].known, args[1].known) is not UNKNOWN)


def _is(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    if len(args) != 2:
        return Value()
    value, kinds = args[0], [each.known for each in args[1].items or [args[1]]]
    if not all(isinstance(kind, type) for kind in kinds):
        return Value()
    if functions.is_module(value.known) or isinstance(value.known, str | int | float | None):
        return Value(known=isinstance(value.known, tuple(kinds)))
    if value.kind == TENSOR and value.certain:
        return Value(known=any(kind.__name__ in ("Tensor", "Parameter", "object") for kind in kinds))
    if value.kind == MANY or value.items is not None:
        return Value(known=False) if all(kind.__name__ == "Tensor" for kind in kinds) else Value()
    return Value()


def _plain(reader: Reader, args: Sequence[Value], node: Any) -> Value:
    return Value()


MAKERS: dict[Any, Make] = {
    len: _length, int: _number, float: _number, bool: _number, complex: _number, round: _number, range: _range, min: _least,
    max: _least, sum: _least, pow: _least, abs: _least, divmod: _least, any: _whether, all: _whether, list: _container,
    tuple: _container, set: _container, frozenset: _container, sorted: _container, iter: _container, reversed: _backwards,
    enumerate: _enumerate, zip: _zip, next: _next, map: _map, getattr: _attribute, hasattr: _has, isinstance: _is,
    issubclass: _plain, callable: _plain, type: _plain, id: _plain, print: _plain, repr: _plain, str: _plain, format: _plain,
    hash: _plain, dict: _plain, slice: _plain,
}  # fmt: skip
