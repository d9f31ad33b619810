"""An operator's usual form and the ways a probe deviates from it, as data.

A form says how an operator is commonly written: operands by their formal names in the newest schema, attributes,
dtypes of the type variables that are not float32. A change is a dict that replaces some of these:

    {"mode": "linear"}              an attribute; None leaves it out
    {"X": data(1, 4, 8)}            an operand; None leaves it out
    {"axes.from": "runtime"}        where an operand comes from
    {"dims": "batch"}               the dims of every runtime operand; {"X.dims": ...} of one
    {"T": "int64"}                  a type variable
    {"since": 11}                   the schema version
    {"derived": "shape"}            where all data operands come from
    {"outputs": ("Y", "")}          which outputs are used
    {"rank": 4}, {"empty": 0}       the rank of all data operands; which of their dims is of size 0

`apply` carries a change out; deviations.py lists the changes that every operator undergoes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import onnx

from graphfix.facets import DATA

Change = Mapping[str, Any]

COMMON = ("float32", "float16", "float64", "bfloat16", "int64", "int32", "int8", "uint8", "bool",
          "int16", "uint16", "uint32", "uint64")  # fmt: skip
"""Dtypes tried for every type variable that allows them, and paired with dims and ranks."""
RARE = ("string", "complex64", "complex128", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "float8e8m0",
        "float6e2m3", "float6e3m2", "float4e2m1", "int4", "uint4", "int2", "uint2")  # fmt: skip
"""Dtypes tried beside those; neither evaluator computes with many of them, so their numbers may go uncompared."""
SHAPES = {0: (), 1: (4,), 2: (2, 4), 3: (2, 3, 4), 4: (2, 3, 4, 5), 5: (2, 3, 2, 4, 2), 6: (2, 2, 3, 2, 2, 2),
          7: (2, 2, 2, 3, 2, 2, 2)}  # fmt: skip
"""The usual data of each rank."""
SPELLED = {"float": 1, "float16": 10, "bfloat16": 16, "double": 11, "int64": 7, "int32": 6, "int8": 3, "uint8": 2, "int16": 5,
         "uint16": 4, "uint32": 12, "uint64": 13, "bool": 9, "string": 8}  # fmt: skip
"""Dtypes as ONNX's text format calls them, with their numbers."""
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
    is what else changes where exporters use the operator on shapes (None: they do not); `dtypes` bounds the dtypes tried,
        by type variable. `aliases` maps
    operand names to the attribute that older schemas have in their place. `empties` are the dims tried with size 0:
    none where onnxruntime divides by a size.
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
    empties: Sequence[int] = (0, 1)


EDGE = "numbers"
"""What a probe varies that only tries numbers which compilers may get wrong."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A whole probe model in ONNX's text format, for operators that one node does not show.

    `op` names the node of interest, or is `@model` for the model itself; `varied` are the facets it is about. `names`
    renames values and open dims afterwards, an empty name leaving a dim without one. `feeds` are the numbers of some
    inputs in order: such a sketch tries numbers that its label names, and tells nothing of support.
    """

    op: str
    label: str
    text: str
    varied: Sequence[str] = ()
    names: Sequence[tuple[str, str]] = ()
    feeds: Sequence[tuple[str, Sequence[float]]] = ()


def each(**options: Sequence[Any]) -> list[Change]:
    """One change for each value of each key."""
    return [{name: value} for name, values in options.items() for value in values]


def aged(*versions: int, changes: Sequence[Change]) -> list[Change]:
    """The changes in older schema versions, which may mean something else by the same words, or which converters tell apart."""
    return [{"since": version, **change} for version in versions for change in changes]


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


def apply(form: Form, change: Change) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """The operands, attributes and type bindings of a changed form."""
    operands, attributes, types = dict(form.operands), dict(form.attributes), dict(form.types)
    schema = newest(form)
    typed = {c.type_param_str for c in schema.type_constraints} if schema else set()
    formals = {i.name for i in schema.inputs} if schema else {name for name in operands if name.startswith("in")}
    for key, value in change.items():
        name, _, aspect = key.partition(".")
        if key in ("since", "outputs", "opset", "inside"):
            continue
        if key == "rank":
            operands = {n: _resized(t, SHAPES[value]) if n in DATA or not _fixed(t) else t for n, t in operands.items()}
        elif key == "dims":
            operands = {n: _with(t, dims=value) if not _fixed(t) else t for n, t in operands.items()}
        elif key == "empty":
            operands = {n: _emptied(t, value) if n in DATA or not _fixed(t) else t for n, t in operands.items()}
        elif key == "derived":
            operands = {n: _with(t, source=value) if not _fixed(t) else t for n, t in operands.items()}
        elif key == "foldable" and value is True:
            operands = {n: _with(t, source="constant") for n, t in operands.items()}
        elif key == "foldable":  # what is constant anyway stays, as in models: data computed, axes written down
            operands = {n: _with(t, source=value) if not _fixed(t) else t for n, t in operands.items()}
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


def _emptied(given: Any, at: int) -> Any:
    if isinstance(given, (list, tuple)):
        return [_emptied(one, at) for one in given]
    if given is None or given.values is not None or len(given.shape) <= at:
        return given
    return replace(given, shape=(*given.shape[:at], 0, *given.shape[at + 1 :]))


def _vector(given: Any, source: str) -> Any:
    """A data operand made the rank-1 vector that shape arithmetic works on; other operands of a list stay constant."""
    if isinstance(given, (list, tuple)):
        return [_vector(given[0], source), *[_vector(one, "constant") for one in given[1:]]]
    return given if given is None else replace(given, shape=(4,), source=source, values=(2, 3, 4, 5))
