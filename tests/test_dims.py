"""The algebra of dims, held against sympy on random expressions, and its normal form."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from graphfix.analysis.dims import DimExpr, ceil, expression, floor, maximum, minimum, nearest, read, symbol, trunc, written

H, N = symbol("H"), symbol("N")
NAMES = ("H", "N", "W")
Pair = tuple[DimExpr, Any]


def random_pair(rng: random.Random, sympy: Any, depth: int) -> Pair:
    """An expression, and what sympy makes of the same steps."""
    if depth == 0 or rng.random() < 0.15:
        if rng.random() < 0.6:
            name = rng.choice(NAMES)
            return symbol(name), sympy.Symbol(name, integer=True, nonnegative=True)
        number = rng.randint(-4, 6)
        return expression(number), sympy.Integer(number)
    one, two = random_pair(rng, sympy, depth - 1), random_pair(rng, sympy, depth - 1)
    share = rng.randint(2, 6)
    steps: dict[str, Callable[[], Pair]] = {
        "+": lambda: (one[0] + two[0], one[1] + two[1]),
        "-": lambda: (one[0] - two[0], one[1] - two[1]),
        "*": lambda: (one[0] * two[0], one[1] * two[1]),
        "/": lambda: (one[0] / share, one[1] / sympy.Integer(share)),
        "//": lambda: (one[0] // share, sympy.floor(one[1] / sympy.Integer(share))),
        "ceil": lambda: (ceil(one[0] / share), sympy.ceiling(one[1] / sympy.Integer(share))),
        "max": lambda: (maximum(one[0], two[0]), sympy.Max(one[1], two[1])),
        "min": lambda: (minimum(one[0], two[0]), sympy.Min(one[1], two[1])),
        "trunc": lambda: (trunc(one[0] / share), sympy.sign(one[1]) * sympy.floor(sympy.Abs(one[1]) / share)),
    }
    return steps[rng.choice([*steps])]()


def value(size: DimExpr, sizes: dict[str, int]) -> tuple[int, int]:
    found = size.substitute(sizes).rational
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(120))
def test_random_expressions_are_worth_what_sympy_says(seed: int) -> None:
    sympy = pytest.importorskip("sympy")
    rng = random.Random(seed)
    made, wanted = random_pair(rng, sympy, 4)
    for _ in range(6):
        sizes = {name: rng.randint(0, 12) for name in NAMES}
        exact = sympy.Rational(wanted.subs({sympy.Symbol(n, integer=True, nonnegative=True): s for n, s in sizes.items()}))
        assert value(made, sizes) == (exact.p, exact.q), f"{made} at {sizes}"


@pytest.mark.parametrize("seed", range(120))
def test_comparisons_hold_for_every_size(seed: int) -> None:
    sympy = pytest.importorskip("sympy")
    rng = random.Random(1000 + seed)
    one, other = (random_pair(rng, sympy, 2)[0] for _ in range(2))
    told = one.equals(other)
    for _ in range(20):
        sizes = {name: rng.choice((0, 1, 2, 3, rng.randint(0, 50))) for name in NAMES}
        if told is not None:
            assert (value(one, sizes) == value(other, sizes)) is told, f"{one} and {other} at {sizes}"
        if one.never_negative:
            assert value(one, sizes)[0] >= 0


@pytest.mark.parametrize("seed", range(60))
def test_sums_of_products_have_one_normal_form(seed: int) -> None:
    sympy = pytest.importorskip("sympy")
    rng = random.Random(2000 + seed)
    (a, x), (b, y), (c, z) = (random_pair(rng, sympy, 1) for _ in range(3))
    assert (a + b) * c == c * b + a * c
    assert hash(a * b - c) == hash(-c + b * a)
    if sympy.expand((x - y) * z - x * z + y * z) == 0:
        assert (a - b) * c - a * c + b * c == expression(0)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (H * 6 * N, "6*H*N"),
        (H - 1, "H - 1"),
        (H - H, "0"),
        (-H + 2, "-H + 2"),
        ((H - 3) // 2, "floor((H + 1)/2) - 2"),
        (((H - 3) // 2 + 5) // 3, "floor((H + 1)/6) + 1"),
        ((H * 2) // 2, "H"),
        ((H * 4 + 3) // 8, "floor(H/2)"),
        ((H * 2 + N) // 2, "H + floor(N/2)"),
        (H / N, "(H)/(N)"),
        (H * N / N, "H"),
        ((H + N) / (H * 2 + N * 2), "1/2"),
        (nearest(H / 2), "round(H/2)"),
        (nearest(expression(5) / 2), "2"),
        (trunc((H - 1) / 2), "trunc((H - 1)/2)"),
        (trunc(-H / 2), "-floor(H/2)"),
        (maximum(H, expression(0)), "H"),
        (minimum(H, N), "min(H, N)"),
        (symbol("`3*N`") * 2, "2*(3*N)"),
        (symbol("`3*N`"), "3*N"),
        (floor(H / N), "floor((H)/(N))"),
    ],
)
def test_expressions_are_written_in_one_way(made: DimExpr, text: str) -> None:
    assert str(made) == text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(H, H, True), (H, N, None), (H + 1, H, False), (H, -1, False), (H, 0, None), (H * N + 1, 0, False), (H, -N, None),
     (H // 2 + 1, 0, False), (H - H, 0, True), ((H - 1) // 2, -1, None), ((H - 1) // 2, -2, False)],
)  # fmt: skip
def test_sizes_are_equal_different_or_unknown(one: DimExpr, other: DimExpr | int, same: bool | None) -> None:
    assert one.equals(other) is same


@pytest.mark.parametrize("dim", [7, 0, "N", "16*N", "H*N", "2*`3*N`", "`*`", "`a``b`*x.0", "-1*N"])
def test_dims_of_shapes_are_read_and_written(dim: int | str) -> None:
    assert written(read(dim)) == dim


def test_what_is_no_product_is_no_dim_of_a_shape() -> None:
    assert [written(size) for size in (H + 1, H / 2, H // 2)] == [None] * 3


def test_a_size_divided_by_nothing_is_none() -> None:
    with pytest.raises(ZeroDivisionError):
        H / 0
    assert expression(0).share(H) is None


def test_the_algebra_imports_nothing_heavy() -> None:
    code = "import sys, graphfix.analysis.dims; print(sorted({'sympy', 'fractions', 'numpy', 'onnx'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
