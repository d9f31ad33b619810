"""Shape arithmetic element by element: fixed dims are found behind free ones."""

from __future__ import annotations

import pytest

from graphfix.analysis.facts import Facts
from graphfix.analysis.symbolic_shapes import follow, sizes_of
from graphfix.analysis.values import Value
from graphfix.linter.example import Example

WEIGHTS = "int64 one = {1}, int64 two = {2}, int64[1] z = {0}, int64[1] u = {1}, int64[1] t = {2}, int64[2] many = {2, 1}"
WEIGHTS += ", int64[3] minus = {-1, -1, -1}, int64[3] three = {1, 2, 3}"
CASES = {
    "s = Shape(x)": ("n", 64, 8),
    "s = Shape<start = 1>(x)": (64, 8),
    "a = Shape(x)\ns = Gather(a, one)": (64,),
    "a = Shape(x)\ns = Gather(a, many)": (8, 64),
    "a = Shape(x)\ns = Slice(a, u, t)": (64,),
    "a = Shape(x)\nb = Gather(a, two)\nc = Mul(b, two)\nd = Unsqueeze(c, z)\ns = Concat<axis = 0>(d, u, t)": (16, 1, 2),
    "a = Shape(x)\nb = Gather(a, z)\nc = Gather(a, one)\nd = Unsqueeze(c, z)\ns = Concat<axis = 0>(b, d)": ("n", 64),
    "a = Shape(x)\ns = Div(a, two)": (None, 32, 4),
    "a = Shape(x)\nf = Cast<to = 1>(a)\ns = Cast<to = 7>(f)": ("n", 64, 8),
    "a = Shape(x)\nb = Gather(a, z)\ns = ScatterElements(three, u, b)": (1, "n", 3),
    "a = Shape(x)\ns = ScatterElements(a, z, t)": (2, 64, 8),
    "a = Shape(x)\nb = Equal(a, minus)\ns = Where(b, a, three)": (1, 2, 3),
    "a = Shape(x)\nb = Equal(a, minus)\ns = Where(b, three, a)": ("n", 64, 8),
    "a = Shape(x)\nb = Equal(a, a)\ns = Where(b, a, three)": ("n", 64, 8),
    "a = Shape(x)\nb = Equal(a, three)\ns = Where(b, a, three)": (None, 2, 3),
    "a = Shape(x)\nb = Equal(a, three)\ns = Where(b, a, a)": ("n", 64, 8),
}


@pytest.mark.parametrize("nodes", CASES)
def test_sizes_are_followed(nodes: str) -> None:
    found = Facts.of(Example(nodes, inputs="float[n,64,8] x", outputs="int64 s", weights=WEIGHTS).model)
    assert sizes_of(found.value("s")) == CASES[nodes]


def test_a_fixed_dim_behind_a_free_one_is_folded() -> None:
    nodes = "a = Shape(x)\nc = Gather(a, one)\nd = Unsqueeze(c, z)\nm = Neg(u)\ns = Concat<axis = 0>(m, d)\ny = Reshape(x, s)"
    found = Facts.of(Example(nodes, inputs="float[n,64,8] x", weights=WEIGHTS).model)
    assert found.value("s").source == "folded"  # type: ignore[union-attr]
    assert found.value("y").shape[1] == 64  # type: ignore[union-attr,index]


def test_a_division_by_zero_is_no_size() -> None:
    nodes = "a = Shape(x)\ns = Div(a, z)"
    found = Facts.of(Example(nodes, inputs="float[4] x", outputs="int64 s", weights=WEIGHTS).model)
    assert sizes_of(found.value("s")) in (None, (None,))


@pytest.mark.parametrize(
    ("node", "sizes"),
    [
        ("Div(m, one)", (2**63 - 1, -(2**63))),
        ("Add(m, one)", (-(2**63), -(2**63) + 1)),
        ("Sub(m, one)", (2**63 - 2, 2**63 - 1)),
        ("Mul(m, two)", (-2, 0)),
        ("Div(m, minus)", (-(2**63) + 1, -(2**63))),
        ("Div(o, two)", (-3, 3)),
        ("Cast<to = 6>(m)", (None, None)),
        ("Cast<to = 1>(m)", (None, None)),
        ("Cast<to = 7>(o)", (-7, 7)),
    ],
)
def test_sizes_are_computed_as_integers(node: str, sizes: tuple[int | None, ...]) -> None:
    weights = "int64 one = {1}, int64 two = {2}, int64 minus = {-1}"
    proto = Example(f"r = {node}", inputs="int64[2] m, int64[2] o", outputs="int64 r", weights=weights).model.graph.node[-1]
    vectors = {"m": (2**63 - 1, -(2**63)), "o": (-7, 7), "one": (1,), "two": (2,), "minus": (-1,)}
    assert follow(proto, [Value(name, "int64", (len(vectors[name]),), sizes=vectors[name]) for name in proto.input]) == sizes
