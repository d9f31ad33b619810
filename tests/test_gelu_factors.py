"""The order of the factors of a GELU in elementary operators, which decides on OpenCV."""

from __future__ import annotations

import pytest

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.linter.example import Example
from graphfix.tables.target_facets import facets_for_target

HEAD = "d = Div(x, r)\ne = Erf(d)\n"
WEIGHTS = "float r = {1.4142135}, float i = {1.0}, float h = {0.5}"
ORDERS = {
    "a = Add(e, i)\nm = Mul(h, a)\ny = Mul(x, m)": "constant elsewhere",
    "a = Add(e, i)\nm = Mul(a, h)\ny = Mul(m, x)": "constant elsewhere",
    "a = Add(e, i)\nm = Mul(x, a)\ny = Mul(h, m)": "constant elsewhere",
    "a = Add(i, e)\nm = Mul(x, a)\ny = Mul(m, h)": "constant elsewhere",
    "a = Add(e, i)\nm = Mul(x, a)\ny = Mul(m, h)": "constants last",
    "a = Add(e, i)\nm = Mul(x, h)\ny = Mul(m, a)": "nothing",
    "a = Add(e, r)\nm = Mul(h, a)\ny = Mul(x, m)": "nothing",
}


def last_product(nodes: str, weights: str = WEIGHTS, head: str = HEAD) -> dict[str, object]:
    facts = Facts.of(Example(head + nodes, weights=weights).model)
    return dict(facets(facts.nodes[-1]))


@pytest.mark.parametrize(("nodes", "told"), ORDERS.items())
def test_the_last_product_is_told_by_where_its_constants_are(nodes: str, told: str) -> None:
    assert last_product(nodes)["gelu"] == told


def test_only_a_quotient_by_the_root_of_two_counts() -> None:
    nodes = next(iter(ORDERS))
    assert last_product(nodes, WEIGHTS.replace("1.4142135", "1.5"))["gelu"] == "nothing"
    assert last_product(nodes, head="d = Mul(x, r)\ne = Erf(d)\n")["gelu"] == "nothing"
    assert last_product(nodes, head="d = Div(x, r)\ne = Tanh(d)\n")["gelu"] == "nothing"


def test_the_facet_is_opencv_s_own() -> None:
    found = last_product(next(iter(ORDERS)))
    assert "gelu" in facets_for_target("opencv", found)
    assert "gelu" not in facets_for_target("mnn", found)
