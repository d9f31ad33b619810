"""The usual call of an ATen operator and the changes that probes make to it, as data."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

COMMON = ("float32", "float16", "bfloat16", "float64", "int64", "int32", "int8", "uint8", "bool")
"""The dtypes that data is tried in."""
FLOATS = COMMON[:4]
PAIRED = ("float16", "int64")
"""The dtypes that are also tried together with other changes."""
PAIRS = 4
"""The number of pairs of changes that are tried with a form, spread evenly over all of them."""
SHAPES = {0: (), 1: (4,), 2: (3, 4), 3: (2, 3, 4), 4: (2, 3, 4, 4), 5: (2, 3, 2, 4, 2), 6: (2, 2, 3, 2, 2, 2)}
"""The usual shape of data by rank."""

Change = tuple[str, Mapping[str, Any]]
"""A change: its label, and what it replaces, by the positions or names of arguments, or by `dtype`, `rank`, `dims`, `empty`."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One operand: its shape, where it comes from, and its numbers, which lie in [low, high].

    `dtype` is fixed where given, else that of the probe. The axes in `dynamic` may have any size.
    """

    shape: tuple[int, ...]
    source: str = "runtime"
    dtype: str = ""
    low: float = -2.0
    high: float = 2.0
    dynamic: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the operand as the worker takes it."""
        return {
            "shape": list(self.shape), "source": self.source, "dtype": self.dtype, "low": self.low, "high": self.high,
            "dynamic": list(self.dynamic),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """A size of the first operand, as an argument that is known only when the program runs."""

    axis: int

    def to_json(self) -> dict[str, Any]:
        """Return the size as the worker takes it."""
        return {"axis": self.axis}


@dataclass(frozen=True, slots=True)
class DType:
    """A dtype as an argument."""

    name: str

    def to_json(self) -> dict[str, Any]:
        """Return the dtype as the worker takes it."""
        return {"named": self.name}


def data(*shape: int, **more: Any) -> Tensor:
    """Return an operand that is an input of the program."""
    return Tensor(shape, **more)


def weight(*shape: int, **more: Any) -> Tensor:
    """Return an operand that is a parameter."""
    return Tensor(shape, more.pop("source", "constant"), **more)


def index(*shape: int, most: int, **more: Any) -> Tensor:
    """Return an operand of whole numbers below `most`."""
    return Tensor(shape, dtype=more.pop("dtype", "int64"), low=0, high=most - 1, **more)


@dataclass(frozen=True, slots=True)
class Form:
    """The usual call of an operator, and what is changed in it.

    `ranks` are tried for all data operands together; `changes` are the operator's own. `dims` are the axes that may be
    dynamic, by the class that this makes; none where the operator's other arguments fix them.
    """

    op: str
    args: tuple[Any, ...]
    named: Mapping[str, Any] = field(default_factory=dict)
    dtypes: Sequence[str] = COMMON
    ranks: Sequence[int] = ()
    dims: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: {"batch": (0,), "dynamic": (1,)})
    changes: Sequence[Change] = ()
    empty: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """One probe: the operator, its arguments as data, the label that tells it from others, and what it varies."""

    op: str
    label: str
    varied: tuple[str, ...]
    args: tuple[Any, ...]
    named: Mapping[str, Any]
    dtype: str

    def to_json(self) -> dict[str, Any]:
        """Return the probe as the worker takes it."""
        return {
            "op": self.op, "dtype": self.dtype, "args": [_json(one) for one in self.args],
            "named": {name: _json(one) for name, one in self.named.items()},
        }  # fmt: skip


def _json(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_json(one) for one in value]
    return value.to_json() if isinstance(value, (Tensor, Size, DType)) else value


def calls(form: Form) -> Iterator[Call]:
    """Yield the probes of a form: the usual one, one change at a time, and pairs of changes that compilers may treat together."""
    single = [*form.changes, *_common(form)]
    combined = [(dtype, other) for dtype, other in itertools.product(_dtypes(form, PAIRED), single) if not _typed(other)]
    dynamic = [change for change in single if "dims" in change[1]]
    combined += list(itertools.product(dynamic, [*form.changes, *_ranks(form)]))
    combined += list(itertools.combinations([one for one in form.changes if not _typed(one)], 2))
    step = max(1, -(-len(combined) // PAIRS))
    for chosen in ((), *((one,) for one in single), *combined[::step]):
        yield _changed(form, chosen)


def _typed(change: Change) -> bool:
    return "dtype" in change[1]


def _dtypes(form: Form, among: Sequence[str]) -> list[Change]:
    return [(dtype, {"dtype": dtype}) for dtype in among if dtype in form.dtypes and dtype != form.dtypes[0]]


def _ranks(form: Form) -> list[Change]:
    return [(f"rank {rank}", {"rank": rank}) for rank in form.ranks]


def _common(form: Form) -> Iterator[Change]:
    yield from _dtypes(form, form.dtypes)
    yield from _ranks(form)
    yield from ((name, {"dims": name}) for name in form.dims)
    if form.empty:
        yield "empty", {"empty": 0}
    operands = [at for at, one in enumerate(form.args) if isinstance(one, Tensor)]
    for at in operands if len(operands) > 1 else ():
        other = "runtime" if form.args[at].source != "runtime" else "constant"
        yield f"{other} {at}", {f"{at}": replace(form.args[at], source=other)}


def _changed(form: Form, chosen: Sequence[Change]) -> Call:
    args, named, dtype = list(form.args), dict(form.named), form.dtypes[0]
    what = {name: value for _, change in chosen for name, value in change.items()}
    for name, value in what.items():
        if name.isdigit():
            args[len(args) :] = [None] * (int(name) + 1 - len(args))
            args[int(name)] = value
        elif name == "dtype":
            dtype = value
        elif name not in ("rank", "dims", "empty"):
            named[name] = value
    args = [_reshaped(one, form, what) for one in args]
    label = "; ".join(label for label, _ in chosen) or "usual"
    return Call(form.op, label, tuple(sorted(what)), tuple(args), named, dtype)


def _reshaped(value: Any, form: Form, what: Mapping[str, Any]) -> Any:
    """Return an argument with the rank, the dynamic dims and the size 0 of a change, where it is data."""
    if isinstance(value, (list, tuple)):
        return [_reshaped(one, form, what) for one in value]
    if not isinstance(value, Tensor):
        return value
    if "rank" in what and value.source == "runtime" and not value.dtype:
        value = replace(value, shape=SHAPES[what["rank"]])
    if "empty" in what and value.shape and value.source == "runtime" and value.shape[0] > 1:
        value = replace(value, shape=(0, *value.shape[1:]))
    if "dims" in what and value.source == "runtime":
        axes = form.dims[what["dims"]]
        value = replace(value, dynamic=tuple(axis for axis in axes if axis < len(value.shape) and value.shape[axis] > 1))
    return value
