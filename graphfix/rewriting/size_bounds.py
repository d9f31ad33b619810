"""Lower bounds of sizes with rounded quotients: 8 * floor((n + 7) / 8) - n is at least 0."""

from __future__ import annotations

from graphfix.analysis.dims import ZERO, Call, DimExpr, expression, symbol


def least(size: DimExpr) -> DimExpr:
    """Return a lower bound of a size in which quotients that are rounded down alone are replaced by their own bounds.

    A quotient of integers by `k` loses at most (k - 1) / k when rounded down, and nothing at least.
    """
    found = ZERO
    for product, count in size.terms:
        bound = _bound(product, count > 0)
        found += bound * count
    return found / size.over if size.over != 1 else found


def _bound(product: tuple[str | Call, ...], below: bool) -> DimExpr:
    """Return what a product is at least, or at most: itself, unless it is one rounded quotient."""
    atom = product[0] if len(product) == 1 else None
    if isinstance(atom, Call) and atom.function == "floor":
        quotient = atom.operands[0]
        if (quotient * quotient.over).integral:
            return quotient - expression(quotient.over - 1) / quotient.over if below else quotient
    found = expression(1)
    for each in product:
        found *= symbol(each) if isinstance(each, str) else DimExpr((((each,), 1),))
    return found
