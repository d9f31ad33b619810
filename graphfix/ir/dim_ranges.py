"""Shapes whose dims may be ranges: the parser of `--shape`, and the bounds for compilers that need them.

    x=1..8x3x224x224         a dim from 1 to 8, tuned for 8
    x=1..4..8x3x224x224      a dim from 1 to 8, tuned for 4

A dim given as a range stays dynamic; its bounds are used only by a compiler that builds for given sizes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from onnx import ModelProto

from graphfix.errors import UsageError, nearest
from graphfix.ir.bind_inputs import interface, parse_shape
from graphfix.ir.records import dataclass

RANGE = re.compile(r"\d+\.\.\d+(?:\.\.\d+)?")
STAND_IN = "_{}_range"  # contains no `x`, which would separate dims


@dataclass(frozen=True, slots=True)
class DimRange:
    """The sizes that a dim may have: from `low` to `high`; `usual` is the one to tune for."""

    low: int
    usual: int
    high: int

    @classmethod
    def parse(cls, text: str) -> DimRange:
        """Parse `1..8` or `1..4..8`; UsageError where the bounds are not in order."""
        numbers = [int(word) for word in text.split("..")]
        low, usual, high = numbers[0], numbers[-2] if len(numbers) == 3 else numbers[-1], numbers[-1]
        if not 0 < low <= usual <= high:
            raise UsageError(f"`{text}` is not a range of sizes", hint="write least..most or least..usual..most, such as 1..4..8")
        return cls(low, usual, high)

    def __str__(self) -> str:
        return f"{self.low}..{self.usual}..{self.high}"


Spanned = Sequence[int | str | DimRange | None]


def parse_shape_ranges(text: str) -> tuple[str | None, list[int | str | DimRange]]:
    """Parse a `--shape` into (input name or None, dims), with ranges as spans; UsageError for anything else."""
    name, equals, written = text.rpartition("=")
    found = RANGE.findall(written)
    indices = iter(range(len(found)))
    plain = RANGE.sub(lambda _: STAND_IN.format(next(indices)), written)
    if ".." in plain:
        raise UsageError(f"`{text}` holds a range without both bounds", hint="write for example 1..8x3x224x224")
    parsed, dims = parse_shape(f"{name}{equals}{plain}")
    spans = {STAND_IN.format(at): DimRange.parse(word) for at, word in enumerate(found)}
    return parsed, [spans.get(dim, dim) if isinstance(dim, str) else dim for dim in dims]


def parse_ranges(dims: str | Sequence[int | str | None], name: str = "") -> list[int | str | DimRange | None]:
    """Return an input's dims as given in Python, with strings such as `1..8` parsed as spans; a text is one shape, `1..8x3`."""
    if isinstance(dims, str):
        return list(parse_shape_ranges(f"{name}={dims}" if name else dims)[1])
    return [DimRange.parse(dim) if isinstance(dim, str) and RANGE.fullmatch(dim) else dim for dim in dims]


def without_ranges(dims: Spanned) -> list[int | str | None]:
    """Return the dims with None for every range, which leaves the model's dim unchanged."""
    return [None if isinstance(dim, DimRange) else dim for dim in dims]


def _only(names: Sequence[str]) -> str:
    if len(names) != 1:
        raise UsageError(f"a shape without a name, and the model has {len(names)} inputs", hint="write NAME=1x3x224x224")
    return names[0]


def shape_profile(
    model: ModelProto, shapes: Mapping[str, Spanned], sizes: Mapping[str, Sequence[int]]
) -> dict[str, tuple[list[int], list[int], list[int]]]:
    """Return the least, usual and greatest shape of every input with dynamic dims, by name.

    `shapes` are the user's, with an empty name for the only input; `sizes` are those of dims that `shapes` does not give.
    Dims with the same symbol have the same bounds.

    Raises:
        UsageError: a range is given for a dim that is fixed to a size outside it, or two ranges for one symbol.
    """
    names = [info.name for info in interface(model)]
    asked = {name or _only(names): dims for name, dims in shapes.items()}
    inputs = {info.name: info.type.tensor_type.shape.dim for info in interface(model)}
    shared: dict[str, DimRange] = {}
    for name, dims in asked.items():
        if name not in inputs:
            raise UsageError(f"the model has no input `{name}`", hint=nearest(name, inputs))
        if inputs[name] and len(inputs[name]) != len(dims):
            raise UsageError(f"`{name}` has rank {len(inputs[name])}, and {len(dims)} dims are given")
        for position, (dim, want) in enumerate(zip(inputs[name], dims, strict=False)):
            span = DimRange(want, want, want) if isinstance(want, int) else want
            if not isinstance(span, DimRange):
                continue
            if dim.HasField("dim_value") and dim.dim_value >= 0 and not span.low <= dim.dim_value <= span.high:
                raise UsageError(f"dim {position} of `{name}` is {dim.dim_value}, which is not in {span}")
            if dim.dim_param not in ("", "?") and shared.setdefault(dim.dim_param, span) != span:
                raise UsageError(f"dim `{dim.dim_param}` cannot be both {shared[dim.dim_param]} and {span}")
    found = {}
    for name, declared in inputs.items():
        wanted = asked.get(name, [None] * len(declared))
        spans = []
        for position, dim in enumerate(declared):
            want = wanted[position] if position < len(wanted) else None
            if dim.HasField("dim_value") and dim.dim_value >= 0:
                want = dim.dim_value
            elif not isinstance(want, int | DimRange):
                usual = sizes[name][position] if name in sizes and position < len(sizes[name]) else 1
                want = shared.get(want or "") or shared.get(dim.dim_param) or usual
            spans.append(want if isinstance(want, DimRange) else DimRange(want, want, want))
        fixed = all(dim.HasField("dim_value") and dim.dim_value >= 0 for dim in declared)
        if declared and not fixed:
            found[name] = ([s.low for s in spans], [s.usual for s in spans], [s.high for s in spans])
    return found
