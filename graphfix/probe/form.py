"""An operator's usual form and the ways a probe deviates from it, as data.

A form says how an operator is commonly written: operands by their formal names in the newest schema, attributes,
dtypes of the type variables that are not float32. A change is a dict that replaces some of these:

    {"mode": "linear"}              an attribute; None leaves it out
    {"X": data(1, 4, 8)}            an operand; None leaves it out
    {"axes.from": "runtime"}        where an operand comes from
    {"dims": "batch"}               the dims of every runtime operand; {"X.dims": ...} of one
    {"T": "int64"}                  a type variable
    {"since": 11}                   the schema version
    {"outputs": ("Y", "")}          which outputs are used

`deviations` gives the changes that every operator undergoes, then those the form lists.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import onnx

from graphfix.facets import DATA, WEIGHTS
from graphfix.facts import DTYPES

Change = Mapping[str, Any]

COMMON = ("float32", "float16", "float64", "bfloat16", "int64", "int32", "int8", "uint8", "bool")
"""Dtypes tried for every type variable that allows them."""
SHAPES = {0: (), 1: (4,), 2: (2, 4), 3: (2, 3, 4), 4: (2, 3, 4, 5), 5: (2, 3, 2, 4, 2), 6: (2, 2, 3, 2, 2, 2)}
"""The usual data of each rank."""
OPEN = ("batch", "spatial", "sequence", "dynamic")
"""Dims classes that data may have beside static."""
OLDEST = 1
DEFAULTS = ("float32", "int64", "bool", "int32", "uint8", "string")


@dataclass(frozen=True, slots=True)
class Tensor:
    """One operand: its shape, where it comes from, its numbers (seeded random ones in [low, high] by default)."""

    shape: tuple[int, ...]
    source: str = "runtime"
    values: tuple[Any, ...] | None = None
    low: float = -1.0
    high: float = 1.0
    dims: str = "static"
    dtype: str = ""


def data(*shape: int, low: float = -1.0, high: float = 1.0, dtype: str = "") -> Tensor:
    """A graph input."""
    return Tensor(shape, low=low, high=high, dtype=dtype)


def weight(*shape: int, low: float = -1.0, high: float = 1.0, dtype: str = "") -> Tensor:
    """An initializer with random numbers."""
    return Tensor(shape, "constant", low=low, high=high, dtype=dtype)


def numbers(*values: Any, dtype: str = "") -> Tensor:
    """An initializer of rank 1 with these numbers."""
    return Tensor((len(values),), "constant", values, dtype=dtype)


def scalar(value: Any, dtype: str = "") -> Tensor:
    """An initializer of rank 0."""
    return Tensor((), "constant", (value,), dtype=dtype)


@dataclass(frozen=True, slots=True)
class Form:
    """How one operator is usually written, and its own deviations; see the module's docstring.

    `ranks` lists ranks that all data operands take together; `changes` the operator's own deviations; `arithmetic`
    is what else changes where exporters use the operator on shapes (None: they do not); `dtypes` bounds the dtypes tried, by type variable. `aliases` maps
    operand names to the attribute that older schemas have in their place.
    """

    op: str
    operands: Mapping[str, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    ranks: Sequence[int] = ()
    outputs: Sequence[str] | int = 1
    domain: str = ""
    arithmetic: Change | None = None
    random: bool = False
    dtypes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    oldest: int = OLDEST


@dataclass(frozen=True, slots=True)
class Sketch:
    """A whole probe model in ONNX's text format, for operators that one node does not show.

    `op` names the node of interest, or is `@model` for the model itself; `varied` are the facets it is about. `names`
    renames values and open dims afterwards, an empty name leaving a dim without one.
    """

    op: str
    label: str
    text: str
    varied: Sequence[str] = ()
    names: Sequence[tuple[str, str]] = ()


def each(**options: Sequence[Any]) -> list[Change]:
    """One change for each value of each key."""
    return [{name: value} for name, values in options.items() for value in values]


@functools.cache
def history(op: str, domain: str) -> list[onnx.defs.OpSchema]:
    """The schemas of an operator, oldest first; empty when ONNX defines none."""
    found = [s for s in onnx.defs.get_all_schemas_with_history() if s.name == op and s.domain == domain]
    return sorted(found, key=lambda schema: schema.since_version)


def newest(form: Form) -> onnx.defs.OpSchema | None:
    """The newest schema of the form's operator that is not deprecated."""
    found = [schema for schema in history(form.op, form.domain) if not schema.deprecated]
    return found[-1] if found else None


def allowed(schema: onnx.defs.OpSchema, variable: str) -> list[str]:
    """The tensor dtypes that a type variable, or a type itself, allows."""
    words = [variable]
    for constraint in schema.type_constraints:
        if constraint.type_param_str == variable:
            words = list(constraint.allowed_type_strs)
    found = [w.removeprefix("tensor(").removesuffix(")") for w in words if w.startswith("tensor(")]
    return [{"float": "float32", "double": "float64"}.get(word, word) for word in found]


def default_dtype(form: Form, schema: onnx.defs.OpSchema, variable: str) -> str:
    """The dtype of a type variable where nothing is said."""
    choices = allowed(schema, variable)
    named = form.types.get(variable)
    if named in choices:
        return str(named)
    return next((dtype for dtype in DEFAULTS if dtype in choices), choices[0] if choices else "")


def variables(form: Form, schema: onnx.defs.OpSchema) -> dict[str, list[str]]:
    """The type variables of the operands in use, with the dtypes to try."""
    out: dict[str, list[str]] = {}
    known = {c.type_param_str for c in schema.type_constraints}
    for formal in schema.inputs:
        if formal.name in form.operands and formal.type_str in known:
            given = form.operands[formal.name]
            first = given[0] if isinstance(given, (list, tuple)) else given
            if first is None or first.dtype:
                continue
            wanted = form.dtypes.get(formal.type_str, COMMON)
            out[formal.type_str] = [d for d in wanted if d in allowed(schema, formal.type_str)]
    return out


def weights(form: Form) -> list[str]:
    """The operands whose source is a facet, in order."""
    named = [n for n, t in form.operands.items() if isinstance(t, Tensor)]
    return [n for n in named if n not in DATA or n in WEIGHTS.get(form.op, ())]


def deviations(form: Form) -> Iterator[Change]:
    """Every change a form undergoes: the common singles, their pairs by design, then the form's own."""
    schema = newest(form)
    yield {}
    if schema is None:
        yield from ({"dims": dims} for dims in OPEN)
        yield from form.changes
        return
    sinces = [s.since_version for s in history(form.op, form.domain) if s.since_version >= form.oldest]
    older = [since for since in sinces if since != schema.since_version]
    reformed = [since for since in older if since in _reformed(form)]
    typed = variables(form, schema)
    main = next(iter(typed), "")
    for since in older:
        yield {"since": since}
    for variable, dtypes in typed.items():
        yield from ({variable: dtype} for dtype in dtypes)
    for rank in form.ranks:
        yield {"rank": rank}
    runtime = any((isinstance(t, Tensor) and t.source == "runtime") or isinstance(t, (list, tuple))
                  for t in form.operands.values())  # fmt: skip
    if runtime:
        for dims in OPEN:
            yield {"dims": dims}
            yield from ({"dims": dims, "since": since} for since in older if since in reformed or since == older[-1])
        yield {"foldable": True}
        for dtype in ("int64", "int32", "bool", "float16", "float64"):
            if dtype in typed.get(main, ()):
                yield {"foldable": True, main: dtype}
    for name in weights(form):
        for source in ("constant", "folded", "shape", "cast-shape", "runtime"):
            if form.operands[name].source != source:
                yield {f"{name}.from": source}
                if source in ("folded", "shape", "cast-shape"):
                    yield from ({f"{name}.from": source, "dims": dims} for dims in OPEN)
    if form.arithmetic is not None and "int64" in typed.get(main, ()):
        for source in ("runtime", "folded", "shape", "cast-shape"):
            vector = {"arithmetic": source, main: "int64", **form.arithmetic}
            yield vector
            yield from ({**vector, "since": since} for since in older if since in reformed or since == older[-1])
        yield from ({"arithmetic": "shape", **form.arithmetic, main: dtype} for dtype in ("int32", "float32") if dtype in typed[main])
        yield from ({"rank": rank, main: dtype} for rank in (0, 1, 2, 3) for dtype in ("int64", "int32") if rank in form.ranks)
    for change in _opened(form.changes):
        yield change
        if "since" not in change:
            yield from ({**change, "since": since} for since in reformed)


def _reformed(form: Form) -> set[int]:
    """The older schema versions after which operands or attributes changed: where the form itself is another."""
    schemas = [schema for schema in history(form.op, form.domain) if not schema.deprecated]
    shapes = [([(i.name, i.type_str) for i in schema.inputs], sorted(schema.attributes)) for schema in schemas]
    return {
        schemas[at].since_version
        for at in range(len(schemas) - 1)
        if shapes[at] != shapes[at + 1] and schemas[at].since_version >= form.oldest
    }


def _opened(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes, each followed by its kin: some dims open for all dims open, sizes cast for sizes read."""
    for change in changes:
        for kin in (change, _cast(change)):
            if kin is None:
                continue
            yield kin
            for name, value in kin.items():
                if name.endswith("dims") and value == "dynamic":
                    yield {**kin, name: "spatial"}
                    yield {**kin, name: "sequence"}


def _cast(change: Change) -> Change | None:
    """The change with what is read from dims cast on its way; None when it reads nothing."""
    out = dict(change)
    for name, value in change.items():
        if isinstance(value, Tensor) and value.source == "shape":
            out[name] = replace(value, source="cast-shape")
        elif value == "shape":
            out[name] = "cast-shape"
    return out if out != dict(change) else None


def apply(form: Form, change: Change) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """The operands, attributes and type bindings of a changed form."""
    operands, attributes, types = dict(form.operands), dict(form.attributes), dict(form.types)
    schema = newest(form)
    typed = {c.type_param_str for c in schema.type_constraints} if schema else set()
    formals = {i.name for i in schema.inputs} if schema else {name for name in operands if name.startswith("in")}
    for key, value in change.items():
        name, _, aspect = key.partition(".")
        if key in ("since", "outputs", "opset"):
            continue
        if key == "rank":
            operands = {n: _resized(t, SHAPES[value]) if n in DATA or not _fixed(t) else t for n, t in operands.items()}
        elif key == "dims":
            operands = {n: _with(t, dims=value) if not _fixed(t) else t for n, t in operands.items()}
        elif key == "foldable":
            operands = {n: _with(t, source="constant") for n, t in operands.items()}
        elif key == "arithmetic":
            operands = {n: _vector(t, value) if n in DATA or not _fixed(t) else t for n, t in operands.items()}
        elif aspect in ("from", "dims", "dtype"):
            operands[name] = _with(operands[name], **{"source" if aspect == "from" else aspect: value})
        elif key in typed and key not in formals:
            types[key] = value
        elif key in formals or isinstance(value, Tensor):
            operands[key] = value
        else:
            attributes[key] = value
    return operands, attributes, types


def _fixed(given: Any) -> bool:
    return isinstance(given, Tensor) and given.source != "runtime"


def _with(given: Any, **changes: Any) -> Any:
    if isinstance(given, (list, tuple)):
        return [_with(one, **changes) for one in given]
    return given if given is None else replace(given, **changes)


def _resized(given: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(given, (list, tuple)):
        return [_resized(one, shape) for one in given]
    return given if given is None or given.values is not None else replace(given, shape=shape)


def _vector(given: Any, source: str) -> Any:
    """A data operand made the rank-1 vector that shape arithmetic works on; other operands of a list stay constant."""
    if isinstance(given, (list, tuple)):
        return [_vector(given[0], source), *[_vector(one, "constant") for one in given[1:]]]
    return given if given is None else replace(given, shape=(4,), source=source, values=(2, 3, 4, 5))


__all__ = ["COMMON", "DTYPES", "Change", "Form", "Sketch", "Tensor", "apply", "data", "deviations", "each", "newest",
           "numbers", "scalar", "weight"]  # fmt: skip
