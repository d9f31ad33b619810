"""Rows of Reshape, Transpose and Reshape."""

from __future__ import annotations

import pytest

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.linter.example import Example

ROW = "a = Reshape(x, s)\nb = Transpose <perm = [1, 0, 2]> (a)\ny = Reshape(b, t)"
WEIGHTS = "int64[3] s = {2, 3, 1}, int64[1] t = {6}"


@pytest.mark.parametrize(
    ("nodes", "outputs", "told"),
    [
        (ROW, "float y", [True, True, True]),
        (ROW, "float y, float a", [False, False, False]),
        (ROW, "float y, float b", [False, False, False]),
        (ROW + "\nz = Relu(b)", "float y, float z", [False, False, False]),
        (ROW + "\nz = Relu(a)", "float y, float z", [False, False, False]),
        ("a = Reshape(x, s)\nb = Transpose <perm = [1, 0, 2]> (a)\ny = Relu(b)", "float y", [False, False]),
        ("a = Relu(x)\nb = Transpose <perm = [1, 0]> (a)\ny = Reshape(b, t)", "float y", [False, False]),
    ],
)
def test_only_a_row_that_feeds_nothing_else_regroups(nodes: str, outputs: str, told: list[bool]) -> None:
    found = [facets(node) for node in Facts.of(Example(nodes, outputs=outputs, weights=WEIGHTS).model).nodes]
    assert [one["regroups"] for one in found if "regroups" in one] == told
