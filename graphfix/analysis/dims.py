"""Symbolic arithmetic on dims: sums of products of symbols and rounded quotients, in one normal form.

Symbols are opaque and stand for non-negative integers. Shapes write a dim as an int or a str, see dim_names.py: `read` converts
a dim to an expression, `written` an expression to a dim.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping

from graphfix.analysis.dim_names import WORD, shown
from graphfix.ir.records import dataclass

NUMBER = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True)
class Call:
    """A function of other expressions: `floor`, `trunc`, `round`, `quotient`, `max` or `min`."""

    function: str
    operands: tuple[DimExpr, ...]

    def __str__(self) -> str:
        if self.function == "quotient":
            return "/".join(f"({operand})" for operand in self.operands)
        return f"{self.function}({', '.join(map(str, self.operands))})"

    @property
    def integral(self) -> bool:
        """Return whether it is an integer for all values of its symbols."""
        return self.function in ("floor", "trunc", "round") or (
            self.function != "quotient" and all(operand.integral for operand in self.operands)
        )


Atom = str | Call
Product = tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class DimExpr:
    """A size: the sum of integer multiples of products, divided by `over`. Equal expressions compare equal.

    The factors of a product are sorted by name, and terms have a fixed order, longer products first; the denominator is
    positive and has no factor in common with all of the multiples.
    """

    terms: tuple[tuple[Product, int], ...] = ()
    over: int = 1

    @property
    def rational(self) -> tuple[int, int] | None:
        """Return the numerator and denominator where it has no symbols, else None."""
        return (self.constant, self.over) if not self.terms or not self.terms[0][0] else None

    @property
    def number(self) -> int | None:
        """Return the size where it is an integer, else None."""
        found = self.rational
        return found[0] if found is not None and found[1] == 1 else None

    @property
    def name(self) -> str | None:
        """Return the symbol where the expression is a single symbol, else None."""
        (product, count), *more = self.terms or (((), 0),)
        alone = product[0] if not more and count == self.over == len(product) == 1 else None
        return alone if isinstance(alone, str) else None

    @property
    def symbols(self) -> set[str]:
        """Return all symbols in it, at any depth."""
        found = set[str]()
        for product, _ in self.terms:
            for atom in product:
                found |= {atom} if isinstance(atom, str) else {name for operand in atom.operands for name in operand.symbols}
        return found

    @property
    def integral(self) -> bool:
        """Return whether it is an integer for all values of its symbols."""
        return self.over == 1 and all(_integral(product) for product, _ in self.terms)

    @property
    def constant(self) -> int:
        """Return the numerator of the term that has no symbols."""
        return self.terms[-1][1] if self.terms and not self.terms[-1][0] else 0

    @property
    def never_negative(self) -> bool:
        """Return whether it is non-negative for all values of its symbols."""
        return all(count > 0 and all(map(_never_negative, product)) for product, count in self.terms)

    def __add__(self, other: DimExpr | int) -> DimExpr:
        other = expression(other)
        parts = {product: count * other.over for product, count in self.terms}
        for product, count in other.terms:
            parts[product] = parts.get(product, 0) + count * self.over
        return _normal(parts, self.over * other.over)

    def __sub__(self, other: DimExpr | int) -> DimExpr:
        return self + expression(other) * -1

    def __mul__(self, other: DimExpr | int) -> DimExpr:
        other = expression(other)
        parts: dict[Product, int] = {}
        for one, count in self.terms:
            for two, times in other.terms:
                product = tuple(sorted((*one, *two), key=str)) if one and two else one or two
                parts[product] = parts.get(product, 0) + count * times
        return _normal(parts, self.over * other.over)

    def __neg__(self) -> DimExpr:
        return self * -1

    def __truediv__(self, other: DimExpr | int) -> DimExpr:
        """Return the exact quotient; raises ZeroDivisionError where the divisor is 0."""
        other = expression(other)
        found = self.share(other)
        return found if found is not None else _atom(Call("quotient", (self, other)))

    def __floordiv__(self, other: DimExpr | int) -> DimExpr:
        return floor(self / other)

    def share(self, other: DimExpr) -> DimExpr | None:
        """Return the exact quotient where the symbols of the divisor cancel, so that it is a sum of products; else None."""
        if not other.terms:
            raise ZeroDivisionError("a size divided by 0")
        if len(other.terms) > 1:
            ratio = _normal({(): self.terms[0][1] * other.over}, self.over * other.terms[0][1]) if self.terms else self
            return ratio if self.terms and other * ratio == self else None
        (divisor, count), *_ = other.terms
        parts: dict[Product, int] = {}
        for product, times in self.terms:
            left = list(product)
            for atom in divisor:
                if atom not in left:
                    return None
                left.remove(atom)
            parts[tuple(left)] = times * other.over
        return _normal(parts, self.over * count) if parts or not divisor else None

    def equals(self, other: DimExpr | int) -> bool | None:
        """Return whether two sizes are equal: True or False where that holds for all values of the symbols, else None."""
        rest = self - other
        if rest.rational is not None:
            return not rest.terms
        return False if rest.constant and (rest.never_negative or (-rest).never_negative) else None

    def substitute(self, sizes: Mapping[str, DimExpr | int]) -> DimExpr:
        """Return the expression with sizes substituted for some of its symbols."""
        found = ZERO
        for product, count in self.terms:
            term = expression(count)
            for atom in product:
                if isinstance(atom, str):
                    term *= sizes[atom] if atom in sizes else _atom(atom)
                else:
                    term *= FUNCTIONS[atom.function](*(operand.substitute(sizes) for operand in atom.operands))
            found += term
        return found / self.over

    def __str__(self) -> str:
        words = ""
        for product, count in self.terms:
            named = [_word(atom, alone=len(product) == abs(count) == 1) for atom in product]
            term = "*".join([*([str(abs(count))] if abs(count) != 1 or not product else []), *named])
            words += (" - " if count < 0 else " + ") + term if words else ("-" if count < 0 else "") + term
        if self.over != 1:
            return f"({words})/{self.over}" if len(self.terms) > 1 else f"{words}/{self.over}"
        return words or "0"


def _word(atom: Atom, *, alone: bool) -> str:
    text = shown(atom) if isinstance(atom, str) else str(atom)
    return text if alone or not isinstance(atom, str) or "`" not in atom else f"({text})"


def _normal(parts: Mapping[Product, int], over: int = 1) -> DimExpr:
    kept = [(product, count) for product, count in parts.items() if count]
    if len(kept) > 1:
        kept.sort(key=lambda term: (-len(term[0]), tuple(map(str, term[0]))))
    if over == 1 or not kept:
        return DimExpr(tuple(kept))
    shared = math.gcd(over, *(count for _, count in kept)) * (1 if over > 0 else -1)
    return DimExpr(tuple([(product, count // shared) for product, count in kept]), over // shared)


def _atom(atom: Atom) -> DimExpr:
    return DimExpr((((atom,), 1),))


def _integral(product: Product) -> bool:
    return all(isinstance(atom, str) or atom.integral for atom in product)


def _never_negative(atom: Atom) -> bool:
    return isinstance(atom, str) or all(operand.never_negative for operand in atom.operands)


ZERO = DimExpr()


def symbol(name: str) -> DimExpr:
    """Return the expression of one symbol, named as shapes write it."""
    return _atom(name)


def expression(size: DimExpr | int) -> DimExpr:
    """Return an integer as an expression; expressions are returned unchanged."""
    return size if isinstance(size, DimExpr) else _normal({(): size})


@functools.lru_cache(4096)
def read(dim: int | str) -> DimExpr:
    """Return the expression of a dim of a shape."""
    if isinstance(dim, int):
        return expression(dim)
    found = expression(1)
    for word in WORD.findall(dim):
        found *= int(word) if NUMBER.fullmatch(word) else _atom(word)
    return found


def written(size: DimExpr) -> int | str | None:
    """Return the dim of an expression; None unless it is an integer or an integer multiple of a product of symbols."""
    if (number := size.number) is not None:
        return number
    (product, count), *more = size.terms
    if more or size.over != 1 or not all(isinstance(atom, str) for atom in product):
        return None
    return "*".join([*([str(count)] if count != 1 else []), *map(str, product)])


def floor(size: DimExpr) -> DimExpr:
    """Return the size rounded down."""
    if size.integral:
        return size
    whole, rest = dict[Product, int](), dict[Product, int]()
    for product, count in size.terms:
        whole[product], rest[product] = divmod(count, size.over) if _integral(product) else (0, count)
    left = _normal(rest, size.over)
    if left.rational is not None:
        return _normal(whole)
    return _normal(whole) + (_reduced(left) or _atom(Call("floor", (left,))))


def _reduced(left: DimExpr) -> DimExpr | None:
    """Return the floor of a quotient written with a smaller denominator or fewer floors; None where that is not possible."""
    if not all(_integral(product) for product, _ in left.terms):
        return None
    shared = math.gcd(left.over, *(count for product, count in left.terms if product))
    if shared > 1:
        return floor(_normal({p: count // shared for p, count in left.terms}, left.over // shared))
    alone = [product[0] for product, count in left.terms if count == 1 and len(product) == 1]
    floors = [atom for atom in alone if isinstance(atom, Call) and atom.function == "floor"]
    return floor(left + (floors[0].operands[0] - _atom(floors[0])) / left.over) if len(floors) == 1 else None


def ceil(size: DimExpr) -> DimExpr:
    """Return the size rounded up."""
    return -floor(-size)


def trunc(size: DimExpr) -> DimExpr:
    """Return the size rounded towards zero, as integer division does."""
    if size.never_negative or size.integral:
        return floor(size)
    return ceil(size) if (-size).never_negative else _atom(Call("trunc", (size,)))


def nearest(size: DimExpr) -> DimExpr:
    """Return the size rounded to the nearest integer, ties to even."""
    if size.integral:
        return size
    if (found := size.rational) is None:
        return _atom(Call("round", (size,)))
    low, rest = divmod(found[0], found[1])
    return expression(low + (2 * rest > found[1] or (2 * rest == found[1] and low % 2 == 1)))


def _extreme(function: str, sign: int) -> Callable[..., DimExpr]:
    def extreme(*operands: DimExpr) -> DimExpr:
        kept = list(dict.fromkeys(operands))
        for one in operands:
            if len(kept) > 1 and any(other != one and ((other - one) * sign).never_negative for other in kept):
                kept.remove(one)
        return kept[0] if len(kept) == 1 else _atom(Call(function, tuple(sorted(kept, key=str))))

    return extreme


maximum, minimum = _extreme("max", 1), _extreme("min", -1)
FUNCTIONS: Mapping[str, Callable[..., DimExpr]] = {
    "floor": floor, "ceil": ceil, "trunc": trunc, "round": nearest, "max": maximum, "min": minimum,
    "quotient": DimExpr.__truediv__,
}  # fmt: skip
