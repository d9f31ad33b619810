"""`dataclass` for modules that every command loads: the standard library's with slots, at a tenth of the time to create a class.

The standard library compiles six methods for each class when its module is loaded, which for the classes that lint loads takes
more time than linting a small model. Here methods are shared by all classes, and `__init__` is compiled when the first
instance is made. `dataclasses.fields`, `replace` and `asdict` work as usual.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, slots: bool, frozen: bool = False, eq: bool = True, repr: bool = True) -> Callable[[type], type]:
        """Return a decorator like `dataclasses.dataclass` with these options; `slots` must be True."""
        assert slots
        return lambda cls: _finished(cls, frozen, eq, repr)


@dataclasses.dataclass(init=False, repr=False, eq=False)
class _Template:
    """A standard dataclass, of which the kind of a field and the parameters are copied."""

    field: None


_KIND = _Template.__dataclass_fields__["field"]._field_type  # type: ignore[attr-defined]
_PARAMETERS = type(_Template.__dataclass_params__)  # type: ignore[attr-defined]
_MISSING = dataclasses.MISSING


def _finished(cls: type, frozen: bool, eq: bool, shown: bool) -> type:
    """Return a new class with slots and the methods of a dataclass, in place of one with annotations."""
    words = dict(vars(cls))
    fields: dict[str, dataclasses.Field[Any]] = {}
    for base in cls.__mro__[:0:-1]:
        fields |= vars(base).get("__dataclass_fields__", {})
    inherited = set(fields)
    for name, kind in words.get("__annotations__", {}).items():
        if not kind.startswith("ClassVar"):
            fields[name] = _field(name, kind, words.pop(name, _MISSING))
    words["__dataclass_fields__"] = fields
    words["__dataclass_params__"] = _parameters(frozen, eq, shown)
    words["__slots__"] = tuple(name for name in fields if name not in inherited)
    words["__match_args__"] = tuple(name for name, field in fields.items() if field.init)
    for name in ("__dict__", "__weakref__"):
        words.pop(name, None)
    found: list[type] = []
    methods = {"__init__": _first_init(found), **(_FROZEN if frozen else {}), **({"__repr__": _repr} if shown else {})}
    if eq:
        methods |= _comparing(tuple(name for name, field in fields.items() if field.compare), frozen)
    for name, method in methods.items():
        words.setdefault(name, method)
    if frozen and eq and words["__hash__"] is None:  # a class that defines `__eq__` gets a `__hash__` of None
        words["__hash__"] = methods["__hash__"]
    made = type(cls)(cls.__name__, cls.__bases__, words)
    made.__qualname__ = cls.__qualname__
    found.append(made)
    return made


def _field(name: str, kind: str, given: Any) -> dataclasses.Field[Any]:
    """Return the description of a field, from its annotation and what is assigned to it."""
    field: Any = given if isinstance(given, dataclasses.Field) else dataclasses.field(default=given)
    field.name, field.type, field._field_type, field.kw_only = name, kind, _KIND, False
    return field  # type: ignore[no-any-return]


def _parameters(frozen: bool, eq: bool, shown: bool) -> Any:
    made: Any = object.__new__(_PARAMETERS)
    made.frozen, made.eq, made.repr, made.init, made.order, made.unsafe_hash = frozen, eq, shown, True, False, False
    return made


def _first_init(found: list[type]) -> Callable[..., None]:
    """Return an `__init__` that puts the compiled one in its place when it is first called."""

    def __init__(self: Any, *values: Any, **named: Any) -> None:
        found[0].__init__ = compiled = _compiled_init(found[0])  # type: ignore[misc]
        compiled(self, *values, **named)

    return __init__


def _compiled_init(cls: Any) -> Callable[..., None]:
    """Compile the `__init__` of a class."""
    names: dict[str, Any] = {"_MISSING": _MISSING}
    heads, lines = ["self"], []
    for name, field in cls.__dataclass_fields__.items():
        names[f"_set_{name}"] = getattr(cls, name).__set__
        value = name
        if field.default_factory is not _MISSING:
            names[f"_make_{name}"] = field.default_factory
            value = f"_make_{name}() if {name} is _MISSING else {name}" if field.init else f"_make_{name}()"
        elif field.default is not _MISSING:
            names[f"_default_{name}"] = field.default
        if field.init:
            default = "_MISSING" if field.default_factory is not _MISSING else f"_default_{name}"
            optional = field.default_factory is not _MISSING or field.default is not _MISSING
            heads.append(f"{name}={default}" if optional else name)
        elif field.default is not _MISSING:
            value = f"_default_{name}"
        elif field.default_factory is _MISSING:
            continue
        lines.append(f" _set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec(f"def __init__({', '.join(heads)}):\n" + ("\n".join(lines) or " pass"), names)
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _comparing(names: tuple[str, ...], frozen: bool) -> Mapping[str, Any]:
    """Return `__eq__`, and `__hash__` of a frozen class, by the values of these fields."""
    if not names:
        return {"__eq__": lambda self, other: True if other.__class__ is self.__class__ else NotImplemented, "__hash__": None}
    key = attrgetter(*names)

    def __eq__(self: object, other: object) -> bool:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: object) -> int:
        return hash(key(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name, field in self.__dataclass_fields__.items() if field.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _refused(self: object, name: str, *value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__dataclass_fields__]


def _restore(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__dataclass_fields__, state, strict=True):
        object.__setattr__(self, name, value)


_FROZEN = {"__setattr__": _refused, "__delattr__": _refused, "__getstate__": _state, "__setstate__": _restore}
