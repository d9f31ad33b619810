"""Arithmetic on dims of which some are symbols: sums of products of symbols and rounded quotients, in one normal form.

Symbols are opaque and stand for whole numbers that are not negative. Shapes write a dim as an int or a str, see dim_names.py:
`read` makes an expression of it, `written` a dim of an expression.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from graphfix.analysis.dim_names import WORD, shown

NUMBER = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True)
class Call:
    """What is no sum of products: `floor`, `trunc`, `round`, `quotient`, `max` or `min` of other expressions."""

    function: str
    operands: tuple[DimExpr, ...]

    def __str__(self) -> str:
        if self.function == "quotient":
            return "/".join(f"({operand})" for operand in self.operands)
        return f"{self.function}({', '.join(map(str, self.operands))})"

    @property
    def integral(self) -> bool:
        """Whether it is a whole number for sure."""
        return self.function in ("floor", "trunc", "round") or (
            self.function != "quotient" and all(operand.integral for operand in self.operands)
        )


Atom = str | Call
Product = tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class DimExpr:
    """A size: the sum of whole multiples of products, divided by `over`. Equal expressions are equal objects.

    Products hold their factors in the order of their names, and terms stand in one order, longer products first; the
    denominator is positive and shares no factor with all of the multiples.
    """

    terms: tuple[tuple[Product, int], ...] = ()
    over: int = 1

    @property
    def rational(self) -> tuple[int, int] | None:
        """Numerator and denominator where it has no symbols, else None."""
        return (self.constant, self.over) if not self.terms or not self.terms[0][0] else None

    @property
    def number(self) -> int | None:
        """The size where it is a whole number, else None."""
        found = self.rational
        return found[0] if found is not None and found[1] == 1 else None

    @property
    def name(self) -> str | None:
        """Its symbol where it is one symbol and nothing else, else None."""
        (product, count), *more = self.terms or (((), 0),)
        alone = product[0] if not more and count == self.over == len(product) == 1 else None
        return alone if isinstance(alone, str) else None

    @property
    def symbols(self) -> set[str]:
        """All symbols in it, at any depth."""
        found = set[str]()
        for product, _ in self.terms:
            for atom in product:
                found |= {atom} if isinstance(atom, str) else {name for operand in atom.operands for name in operand.symbols}
        return found

    @property
    def integral(self) -> bool:
        """Whether it is a whole number for sure, whatever its symbols are."""
        return self.over == 1 and all(_integral(product) for product, _ in self.terms)

    @property
    def constant(self) -> int:
        """The numerator of the term that has no symbols."""
        return self.terms[-1][1] if self.terms and not self.terms[-1][0] else 0

    @property
    def never_negative(self) -> bool:
        """Whether it is no negative number for sure, whatever its symbols are."""
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
        """The exact quotient; ZeroDivisionError where the divisor is 0."""
        other = expression(other)
        found = self.share(other)
        return found if found is not None else _atom(Call("quotient", (self, other)))

    def __floordiv__(self, other: DimExpr | int) -> DimExpr:
        return floor(self / other)

    def share(self, other: DimExpr) -> DimExpr | None:
        """The exact quotient where it is a sum of products again: the symbols of the divisor cancel; else None."""
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
        """Whether two sizes are equal: True or False where that holds whatever the symbols are, else None."""
        rest = self - other
        if rest.rational is not None:
            return not rest.terms
        return False if rest.constant and (rest.never_negative or (-rest).never_negative) else None

    def substitute(self, sizes: Mapping[str, DimExpr | int]) -> DimExpr:
        """The expression with sizes in the place of some of its symbols."""
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
    """The expression that is one symbol, its name as shapes write it."""
    return _atom(name)


def expression(size: DimExpr | int) -> DimExpr:
    """A whole number as an expression."""
    return size if isinstance(size, DimExpr) else _normal({(): size})


@functools.lru_cache(4096)
def read(dim: int | str) -> DimExpr:
    """The expression that a dim of a shape is."""
    if isinstance(dim, int):
        return expression(dim)
    found = expression(1)
    for word in WORD.findall(dim):
        found *= int(word) if NUMBER.fullmatch(word) else _atom(word)
    return found


def written(size: DimExpr) -> int | str | None:
    """A dim for shapes; None for what is neither a whole number nor a whole multiple of a product of symbols."""
    if (number := size.number) is not None:
        return number
    (product, count), *more = size.terms
    if more or size.over != 1 or not all(isinstance(atom, str) for atom in product):
        return None
    return "*".join([*([str(count)] if count != 1 else []), *map(str, product)])


def floor(size: DimExpr) -> DimExpr:
    """The largest whole number that is not larger."""
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
    """The floor of a quotient that can be written with a smaller denominator or fewer floors; None where it cannot."""
    if not all(_integral(product) for product, _ in left.terms):
        return None
    shared = math.gcd(left.over, *(count for product, count in left.terms if product))
    if shared > 1:
        return floor(_normal({p: count // shared for p, count in left.terms}, left.over // shared))
    alone = [product[0] for product, count in left.terms if count == 1 and len(product) == 1]
    floors = [atom for atom in alone if isinstance(atom, Call) and atom.function == "floor"]
    return floor(left + (floors[0].operands[0] - _atom(floors[0])) / left.over) if len(floors) == 1 else None


def ceil(size: DimExpr) -> DimExpr:
    """The smallest whole number that is not smaller."""
    return -floor(-size)


def trunc(size: DimExpr) -> DimExpr:
    """The whole number next to it towards zero, as integers divide."""
    if size.never_negative or size.integral:
        return floor(size)
    return ceil(size) if (-size).never_negative else _atom(Call("trunc", (size,)))


def nearest(size: DimExpr) -> DimExpr:
    """The nearest whole number, the even one of two."""
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
