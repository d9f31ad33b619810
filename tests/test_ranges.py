"""Dims as ranges: what --shape takes, and the bounds that a compiler is given."""

from __future__ import annotations

import pytest

from graphfix.errors import UsageError
from graphfix.ir.dim_ranges import DimRange, parse_ranges, parse_shape_ranges, shape_profile, without_ranges
from graphfix.linter.example import Example


@pytest.mark.parametrize(
    ("text", "name", "dims"),
    [
        ("x=1..8x3x224x224", "x", [DimRange(1, 8, 8), 3, 224, 224]),
        ("x=1..4..8x3", "x", [DimRange(1, 4, 8), 3]),
        ("1..8,3", None, [DimRange(1, 8, 8), 3]),
        ("x=Nx3", "x", ["N", 3]),
        ("a=b=2..3xNx4..5", "a=b", [DimRange(2, 3, 3), "N", DimRange(4, 5, 5)]),
    ],
)
def test_ranges_are_read_among_sizes_and_symbols(text: str, name: str | None, dims: list[object]) -> None:
    assert parse_shape_ranges(text) == (name, dims)


@pytest.mark.parametrize("text", ["x=8..1x3", "x=0..8", "x=1..9..8", "x=1..x3", "x=..8", "x=1..2..3..4"])
def test_a_range_without_order_or_bounds_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="range"):
        parse_shape_ranges(text)


def test_a_range_leaves_its_dim_as_the_model_has_it() -> None:
    assert without_ranges([DimRange(1, 2, 8), 3, "N", None]) == [None, 3, "N", None]
    assert parse_ranges(["1..8", "N", 3, None]) == [DimRange(1, 8, 8), "N", 3, None]


FREE = Example(
    "y = MatMul(x, w)\nz = Add(v, v)", inputs="float[n,3] x, float[3,4] w, float[n,k] v", outputs="float y, float z"
).model


def test_bounds_follow_the_symbol_to_other_inputs_and_sizes_fill_the_rest() -> None:
    found = shape_profile(FREE, {"x": [DimRange(1, 4, 8), 3]}, {"v": (5, 7)})
    assert found == {"x": ([1, 3], [4, 3], [8, 3]), "v": ([1, 7], [4, 7], [8, 7])}


def test_without_a_word_the_sizes_are_the_bounds() -> None:
    assert shape_profile(FREE, {}, {"x": (6, 3), "v": (6, 2)}) == {"x": ([6, 3],) * 3, "v": ([6, 2],) * 3}


def test_contradictions_are_refused() -> None:
    with pytest.raises(UsageError, match=r"dim 1 of `x` is 3, which is not in 4\.\.8\.\.8"):
        shape_profile(FREE, {"x": [1, DimRange(4, 8, 8)]}, {})
    with pytest.raises(UsageError, match="dim `n` cannot be both"):
        shape_profile(FREE, {"x": [DimRange(1, 2, 2), 3], "v": [DimRange(1, 3, 3), 2]}, {})
    with pytest.raises(UsageError, match="no input `q`"):
        shape_profile(FREE, {"q": [1]}, {})
    with pytest.raises(UsageError, match="`x` has rank 2, and 1 dims"):
        shape_profile(FREE, {"x": [DimRange(1, 2, 2)]}, {})
    with pytest.raises(UsageError, match="a shape without a name"):
        shape_profile(FREE, {"": [1, 3]}, {})
