"""Shape arithmetic followed with letters: what each element of a vector of sizes is, where dims have names, not numbers.

`Shape` of `[N, 3, H, W]`, sliced, doubled and joined, is `[N, 3, 2*H, 2*W]`. A size is a rational factor times a product
of symbols; what is no product becomes a symbol of its own, named after how it was made, so that equals stay equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from graphfix.surgeon import Surgery

MOST = 64
"""Elements of a vector that is followed."""
DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Size:
    """One element of a shape: `factor` times the product of `symbols`, which are sorted and never negative."""

    factor: Fraction
    symbols: tuple[str, ...] = ()

    @classmethod
    def of(cls, dim: object, otherwise: str) -> Size:
        """The size of a dim of a shape: a number, a symbol, or unknown and then called `otherwise`."""
        if isinstance(dim, int):
            return cls(Fraction(dim))
        return cls(Fraction(1), (str(dim) if dim is not None else otherwise,))

    @property
    def number(self) -> int | None:
        """The size where it is a whole number, else None."""
        return int(self.factor) if not self.symbols and self.factor.denominator == 1 else None

    def times(self, other: Size) -> Size:
        """The product."""
        factor = self.factor * other.factor
        return Size(factor, tuple(sorted((*self.symbols, *other.symbols))) if factor else ())

    def over(self, other: Size) -> Size | None:
        """The quotient where the symbols cancel, else None."""
        left = list(self.symbols)
        for symbol in other.symbols:
            if symbol not in left:
                return None
            left.remove(symbol)
        return Size(self.factor / other.factor, tuple(left)) if other.factor else None

    def __str__(self) -> str:
        words = [str(self.factor)] if self.factor != 1 or not self.symbols else []
        return "*".join([*words, *self.symbols])


Sizes = tuple[Size, ...]


class Tracer:
    """Follows shape arithmetic through an open model."""

    def __init__(self, surgery: Surgery) -> None:
        self.surgery = surgery
        self._memo: dict[int, Sizes | None] = {}

    def shape(self, tensor: Any) -> Sizes | None:
        """The dims of a tensor; None where its rank is unknown."""
        value = self.surgery.value(tensor)
        if value is None or value.shape is None:
            return None
        return tuple(Size.of(dim, f"{tensor.name}.{i}") for i, dim in enumerate(value.shape))

    def elements(self, tensor: Any, depth: int = 0) -> Sizes | None:
        """What each element of a small vector or scalar is; None where it is no shape arithmetic."""
        if id(tensor) not in self._memo:
            self._memo[id(tensor)] = None  # a cycle, which no lawful model has, ends here
            self._memo[id(tensor)] = self._elements(tensor, depth)
        return self._memo[id(tensor)]

    def _elements(self, tensor: Any, depth: int) -> Sizes | None:
        known = self.surgery.known(tensor) if tensor.name else None
        if known is not None:
            return _numbers(known)
        if depth > DEEPEST or len(tensor.inputs) != 1:
            return None
        node = tensor.inputs[0]
        if node.domain not in (None, "", "ai.onnx") or node.outputs[0] is not tensor:
            return None
        if node.op == "Shape":
            dims = self.shape(node.inputs[0])
            return None if dims is None else dims[node.attrs.get("start", 0) : node.attrs.get("end", len(dims))]
        if node.op == "Size":
            dims = self.shape(node.inputs[0])
            return None if dims is None else (_product(dims),)
        parts = [self.elements(operand, depth + 1) if operand.name else () for operand in node.inputs]
        if any(part is None for part in parts):
            return None
        follow = FOLLOWED.get(node.op)
        made = follow(self, node, [part for part in parts if part is not None]) if follow is not None else None
        return made if made is not None and len(made) <= MOST else None

    def constant(self, node: Any, position: int, name: str = "") -> list[int] | None:
        """A constant operand, or the attribute that stood for it before, as a flat list; None where it is neither."""
        if len(node.inputs) > position and node.inputs[position].name:
            known = self.surgery.known(node.inputs[position])
            return None if known is None else [int(item) for item in known.reshape(-1)]
        found = node.attrs.get(name)
        return None if found is None else [int(item) for item in found]


def _numbers(array: np.ndarray[Any, Any]) -> Sizes | None:
    if array.dtype.kind not in "iufb" or array.size > MOST or not np.isfinite(array.astype(np.float64)).all():
        return None
    return tuple(Size(Fraction(float(item)) if array.dtype.kind == "f" else Fraction(int(item))) for item in array.reshape(-1))


def _product(sizes: Sizes) -> Size:
    made = Size(Fraction(1))
    for size in sizes:
        made = made.times(size)
    return made


def _gather(tracer: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    picked = tracer.constant(node, 1)
    if picked is None or not all(-len(parts[0]) <= place < len(parts[0]) for place in picked):
        return None
    return tuple(parts[0][place] for place in picked)


def _slice(tracer: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    bounds = [tracer.constant(node, 1, "starts"), tracer.constant(node, 2, "ends")]
    step = tracer.constant(node, 4) or [1]
    if any(bound is None or len(bound) != 1 for bound in bounds) or len(step) != 1 or step[0] == 0:
        return None
    (start,), (end,) = (bound for bound in bounds if bound is not None)
    return parts[0][start : end if step[0] > 0 or end >= -len(parts[0]) else None : step[0]]


def _pairwise(symbol: str, combine: Callable[[Size, Size], Size | None]) -> Callable[[Tracer, Any, list[Sizes]], Sizes | None]:
    def follow(_: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
        one, other = parts
        if not one or not other or (len(one) != len(other) and 1 not in (len(one), len(other))):
            return None
        length = max(len(one), len(other))
        made = []
        for a, b in zip(one * (length // len(one)), other * (length // len(other)), strict=True):
            whole = combine(a, b)
            made.append(whole if whole is not None else Size(Fraction(1), (f"({a}){symbol}({b})",)))
        return tuple(made)

    return follow


def _sum(a: Size, b: Size) -> Size | None:
    return Size(a.factor + b.factor, a.symbols if a.factor + b.factor else ()) if a.symbols == b.symbols else None


def _difference(a: Size, b: Size) -> Size | None:
    return _sum(a, Size(-b.factor, b.symbols))


def _divide(tracer: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    """Integers divide towards zero: only a quotient without a rest is one; floats keep their fraction."""
    value = tracer.surgery.value(node.outputs[0])
    whole = value is None or not value.dtype.startswith("float")

    def quotient(a: Size, b: Size) -> Size | None:
        found = a.over(b)
        if found is not None and whole and found.factor.denominator != 1:
            return Size(Fraction(int(found.factor))) if not found.symbols else None
        return found

    return _pairwise("/", quotient)(tracer, node, parts)


def _rounded(name: str) -> Callable[[Tracer, Any, list[Sizes]], Sizes | None]:
    rounders: dict[str, Callable[[Fraction], int]] = {"Floor": lambda f: f.__floor__(), "Ceil": lambda f: f.__ceil__(),
                                                      "Round": round, "Cast": int}  # fmt: skip

    def follow(tracer: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
        value = tracer.surgery.value(node.outputs[0])
        if name == "Cast" and value is not None and value.dtype.startswith(("float", "double")):
            return parts[0]
        made = []
        for size in parts[0]:
            if size.factor.denominator == 1:
                made.append(size)
            elif not size.symbols:
                made.append(Size(Fraction(rounders[name](size.factor))))
            else:
                made.append(Size(Fraction(1), (f"{name}({size})",)))
        return tuple(made)

    return follow


def _equal(_: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    """1 and 0 where it is certain: a size with symbols is never a negative number."""
    one, other = parts
    if not one or not other or (len(one) != len(other) and 1 not in (len(one), len(other))):
        return None
    length = max(len(one), len(other))
    made = []
    for a, b in zip(one * (length // len(one)), other * (length // len(other)), strict=True):
        if a == b or not (a.symbols or b.symbols):
            made.append(Size(Fraction(int(a == b))))
        elif (a.factor > 0) != (b.factor > 0) and 0 not in (a.factor, b.factor):
            made.append(Size(Fraction(0)))
        else:
            return None
    return tuple(made)


def _where(_: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    condition = parts[0]
    length = max(map(len, parts))
    if not all(len(part) in (1, length) for part in parts) or any(size.symbols for size in condition):
        return None
    rows = zip(*(part * (length // len(part)) for part in parts), strict=True)
    return tuple(a if c.factor else b for c, a, b in rows)


def _filled(tracer: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    count = parts[0][0].number if len(parts[0]) == 1 else None
    value = node.attrs.get("value")
    filling = _numbers(np.asarray(value.values)) if value is not None else (Size(Fraction(0)),)
    return filling * count if count is not None and filling is not None and 0 < count <= MOST else None


def _same(_: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    return parts[0]


FOLLOWED: dict[str, Callable[[Tracer, Any, list[Sizes]], Sizes | None]] = {
    "Concat": lambda _, node, parts: tuple(size for part in parts for size in part),
    "Gather": _gather, "Slice": _slice, "Identity": _same, "Unsqueeze": _same, "Squeeze": _same, "Reshape": _same,
    "Flatten": _same, "Cast": _rounded("Cast"), "Floor": _rounded("Floor"), "Ceil": _rounded("Ceil"), "Round": _rounded("Round"),
    "Mul": _pairwise("*", Size.times), "Div": _divide, "Add": _pairwise("+", _sum), "Sub": _pairwise("-", _difference),
    "ReduceProd": lambda _, node, parts: (_product(parts[0]),), "Equal": _equal, "Where": _where, "ConstantOfShape": _filled,
}  # fmt: skip


def whole(sizes: Sequence[Size]) -> list[int] | None:
    """The sizes as numbers where every one is; else None."""
    found = [size.number for size in sizes]
    numbers = [number for number in found if number is not None]
    return numbers if len(numbers) == len(found) else None
