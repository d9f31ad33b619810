"""The usual form of an operator and the changes that probes make to it, as data.

A form describes how an operator is commonly written: operands by their formal names in the newest schema, attributes,
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
    {"settled": True}               the outputs' shapes as they turn out, whatever inference tells of them
    {"sized": ((3, 5),)}            other sizes for those of all operands; {"X.sized": ((0, 5),)} by position for one

`change.apply_change` applies a change; deviations.py lists the changes that are tried with every operator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Change = Mapping[str, Any]

COMMON = ("float32", "float16", "float64", "bfloat16", "int64", "int32", "int8", "uint8", "bool",
          "int16", "uint16", "uint32", "uint64")  # fmt: skip
"""Dtypes tried for every type variable that allows them, and paired with dims and ranks."""
RARE = ("string", "complex64", "complex128", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "float8e8m0",
        "float6e2m3", "float6e3m2", "float4e2m1", "int4", "uint4", "int2", "uint2")  # fmt: skip
"""Other dtypes to try; the evaluators do not support many of them, so that outputs may not be compared."""
SHAPES = {0: (), 1: (4,), 2: (2, 4), 3: (2, 3, 4), 4: (2, 3, 4, 5), 5: (2, 3, 2, 4, 2), 6: (2, 2, 3, 2, 2, 2),
          7: (2, 2, 2, 3, 2, 2, 2)}  # fmt: skip
"""The usual shape of data by rank."""
SPELLED = {"float": 1, "float16": 10, "bfloat16": 16, "double": 11, "int64": 7, "int32": 6, "int8": 3, "uint8": 2, "int16": 5,
         "uint16": 4, "uint32": 12, "uint64": 13, "bool": 9, "string": 8}  # fmt: skip
"""TensorProto codes by the dtype names of ONNX's text format."""
DYNAMIC_DIMS = ("batch", "spatial", "sequence", "dynamic")
"""Dims classes of data other than `static`."""
OLDEST = 1


@dataclass(frozen=True, slots=True)
class Tensor:
    """One operand: its shape, its source, and its values (by default seeded random values in [low, high])."""

    shape: tuple[int, ...]
    source: str = "runtime"
    values: tuple[Any, ...] | None = None
    low: float = -1.0
    high: float = 1.0
    dims: str = "static"
    dtype: str = ""


def data(*shape: int, low: float = -1.0, high: float = 1.0, dtype: str = "") -> Tensor:
    """Return an operand that is a graph input."""
    return Tensor(shape, low=low, high=high, dtype=dtype)


def weight(*shape: int, low: float = -1.0, high: float = 1.0, dtype: str = "") -> Tensor:
    """Return an operand that is an initializer with random values."""
    return Tensor(shape, "constant", low=low, high=high, dtype=dtype)


def numbers(*values: Any, dtype: str = "") -> Tensor:
    """Return an operand that is an initializer of rank 1 with these values."""
    return Tensor((len(values),), "constant", values, dtype=dtype)


def scalar(value: Any, dtype: str = "") -> Tensor:
    """Return an operand that is an initializer of rank 0."""
    return Tensor((), "constant", (value,), dtype=dtype)


@dataclass(frozen=True, slots=True)
class Limit:
    """A size for which compilers may have a limit: how a form changes with it, and the sizes between which to search.

    `facet` is the one that tells the size; `label` tells this search from others of the same form.
    """

    facet: str
    label: str
    change: Callable[[int], Change]
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Form:
    """The usual form of one operator, and its own deviations; see the module's docstring.

    `ranks` are tried for all data operands together; `changes` are the operator's own deviations; `arithmetic` is what
    also changes where exporters use the operator in shape arithmetic (None where they do not); `dtypes` limits the dtypes
    by type variable. `limits` are searched for each compiler (limits.py).
    `aliases` maps operand names to the attribute that older schemas have instead. `empties` are the dims
    tried with size 0, none where onnxruntime divides by a size. `random` marks operators whose outputs are random.
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
    limits: Sequence[Limit] = ()
    empties: Sequence[int] = (0, 1)


NUMBERS_ONLY = "numbers"
"""The entry in `varied` of a probe that only tries input numbers for which compilers may compute wrong results."""


AGAIN = "again"
"""The entry in `varied` of a probe whose node has the facets of another probe's, in other surroundings: both are measured."""


VARIANT = "variant"
"""The entry in `varied` of a probe that was made to find out whether an entry of a table holds; see recipe.py."""

SIMPLIFIED = "simplified"
"""The entry in `varied` of a probe that is asked only with a compiler's optional simplifier, which writes what it is about."""

CONTEXT = "context"
"""The entry in `varied` of a probe that is a node of an exported model with its neighbours: see `measure.evidence_of`."""


@dataclass(frozen=True, slots=True)
class TextProbe:
    """A complete probe model in ONNX's text format, for operators that need more than one node.

    `op` names the node of interest, or is `@model` for the model itself; `varied` are the facets it is about. `names`
    renames values and symbolic dims afterwards; an empty name removes a dim's symbol. `feeds` are the numbers of some
    inputs in order: such a probe tries the numbers in its label, and gives no evidence about support, unless they are only
    what the model `needs` to run, such as sizes. `random` marks models whose outputs are random. `weights` are initializers
    too large to be written out, by name, dtype, shape and bounds: seeded random numbers are between these.
    """

    op: str
    label: str
    text: str
    varied: Sequence[str] = ()
    names: Sequence[tuple[str, str]] = ()
    feeds: Sequence[tuple[str, Sequence[float]]] = ()
    needs: bool = False
    random: bool = False
    weights: Sequence[tuple[str, str, Sequence[int], float, float]] = ()


SETTLED = "settled"
"""The key of a change that states the outputs' shapes as they turn out."""


def each(**options: Sequence[Any]) -> list[Change]:
    """Return one change for each value of each key."""
    return [{name: value} for name, values in options.items() for value in values]


def aged(*versions: int, changes: Sequence[Change]) -> list[Change]:
    """Return the changes in older schema versions, where attributes may have another meaning or converters another branch."""
    return [{"since": version, **change} for version in versions for change in changes]


def settled(*operands: str, changes: Sequence[Change]) -> list[Change]:
    """Return the changes with operands that are computed at run time, and the shapes stated that the outputs turn out to have."""
    computed = {f"{operand}.from": "runtime" for operand in operands}
    return [{**change, **computed, SETTLED: True} for change in changes]
