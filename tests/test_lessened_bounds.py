"""Bounds of a Slice that are a number minus a size, which tract takes for positions counted from the end."""

from __future__ import annotations

import pytest

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.linter.engine import judge
from graphfix.linter.example import Example

WEIGHTS = "int64[1] zero = {0}, int64[1] one = {1}, int64[1] c = {7}, float[16,4] w"
BOUNDS = [
    ("b = Sub(c, n)", "lessened"), ("t = Sub(c, n)\nb = Add(t, one)", "lessened"),
    ("b = Identity(n)", "other"), ("b = Sub(n, one)", "other"), ("b = Neg(n)", "other"), ("b = Add(c, n)", "other"),
    ("b = Sub(one, n)", "other"), ("b = Sub(n, c)", "other"),
]  # fmt: skip


def sliced(bound: str, operands: str) -> Example:
    """A table of positions, cut at a bound that is computed from the length of the input."""
    nodes = f"s = Shape(x)\nn = Slice(s, zero, one)\n{bound}\ny = Slice(w, {operands}, zero)"
    return Example(nodes, inputs="float[n,3] x, float[16,4] w", weights=WEIGHTS.rpartition(", ")[0], outputs="float[p,4] y")


@pytest.mark.parametrize("operands", ["b, c", "zero, b"])
@pytest.mark.parametrize(("bound", "kind"), BOUNDS)
def test_a_number_minus_a_size_is_told_from_other_bounds(bound: str, kind: str, operands: str) -> None:
    found = Facts.of(sliced(bound, operands).model)
    assert facets(found.nodes[-1])["bounds"] == kind


@pytest.mark.parametrize(("bound", "warned"), [("b = Sub(c, n)", True), ("b = Sub(n, one)", False)])
def test_tract_is_known_to_fail_there_when_it_runs(bound: str, warned: bool) -> None:
    (result,) = judge(sliced(bound, "b, c").model, ["tract"])
    assert any(finding.code == "GF301" and finding.op == "Slice" for finding in result.findings) is warned
