"""Facets of Resize: antialiasing only has something to do where a dim gets smaller."""

from __future__ import annotations

import pytest

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.analysis.values import Facet
from graphfix.linter.example import Example

WEIGHTS = (
    "float[4] half = {1, 1, 0.5, 0.5}, float[4] twice = {1, 1, 2, 2}, float[4] mixed = {1, 1, 2, 0.5}, "
    "int64[4] small = {1, 3, 8, 8}, int64[4] large = {1, 3, 28, 40}, float[2] narrow = {1, 0.5}"
)


def antialiased(node: str, height: str) -> Facet:
    """The facet of the first node of a model with an image of 20 columns."""
    model = Example(node, f"float[1, 3, {height}, 20] x", "float[a, b, c, d] y", weights=WEIGHTS, opset=18).model
    return facets(Facts.of(model).nodes[0])["antialiased"]


@pytest.mark.parametrize(
    ("node", "wanted"),
    [
        ("y = Resize <antialias = 1> (x, , half)", "shrunk"),
        ("y = Resize <antialias = 1> (x, , mixed)", "shrunk"),
        ("y = Resize <antialias = 1, axes = [2, 3]> (x, , narrow)", "shrunk"),
        ("y = Resize <antialias = 1> (x, , twice)", "grown"),
        ("y = Resize <antialias = 1> (x, , , small)", "shrunk"),
        ("y = Resize <antialias = 1> (x, , , large)", "grown"),
        ("y = Resize (x, , half)", "no"),
    ],
)
def test_antialiasing_of_a_dim_that_gets_smaller(node: str, wanted: str) -> None:
    assert antialiased(node, "14") == wanted


def test_sizes_of_a_dynamic_dim_leave_it_open() -> None:
    node = "y = Resize <antialias = 1> (x, , , small)"
    assert antialiased(node, "h") == "open"
