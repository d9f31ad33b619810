"""Outputs that are maps are compared by their keys, and by their numbers within the tolerance."""

from __future__ import annotations

import pytest

from graphfix.verify.compare import Tolerance, compare

LOOSE = Tolerance(ulps=8)


@pytest.mark.parametrize("new", [{0: 0.25, 1: 0.75}, {1: 0.75, 0: 0.25}, {0: 0.25, 1: 0.75 + 2**-24}])
def test_maps_whose_numbers_differ_by_rounding_are_equal(new: dict[int, float]) -> None:
    found = compare("z", [{0: 0.25, 1: 0.75}], [new], LOOSE)
    assert found.reason is None
    assert found.absolute <= 2**-24


@pytest.mark.parametrize("new", [{0: 0.25, 1: 0.7501}, {0: 0.25, 2: 0.75}, {0: 0.25}, 0.25, None])
def test_maps_with_other_keys_or_numbers_differ(new: object) -> None:
    assert compare("z", [{0: 0.25, 1: 0.75}], [new], LOOSE).reason is not None


def test_maps_to_text_have_to_be_the_same() -> None:
    assert compare("z", {0: "cat"}, {0: "cat"}, LOOSE).reason is None
    assert compare("z", {0: "cat"}, {0: "dog"}, LOOSE).reason == "`z` differs"
