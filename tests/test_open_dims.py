"""Open dims keep being told from dims that inference could not work out."""

from __future__ import annotations

import pytest

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.analysis.values import is_unclear
from graphfix.linter.example import Example

KERNEL = ",".join(["0"] * 81)
WEIGHTS = f"float[3,3,3,3] w = {{{KERNEL}}}, int64[1] zero = {{0}}, int64[1] one = {{1}}, int64 two = {{2}}"
OPEN = {
    "a window": "y = Conv<kernel_shape = [3, 3]>(x, w)",
    "what is computed from it": "a = Conv<kernel_shape = [3, 3]>(x, w)\ny = Relu(a)",
    "two windows together": "a = Conv<kernel_shape = [3, 3]>(x, w)\nb = MaxPool<kernel_shape = [3, 3]>(x)\ny = Add(a, b)",
    "several axes in one": "y = Reshape(x, flat)",
    "joined": "y = Concat<axis = 2>(x, x)",
    "moved": "a = MaxPool<kernel_shape = [2, 2]>(x)\ny = Transpose<perm = [0, 2, 3, 1]>(a)",
    "as many as there are": (
        "s = Shape(x)\nn = Gather(s, two)\nz = Squeeze(zero)\no = Squeeze(one)\nr = Range(z, n, o)\ny = Cast<to = 1>(r)"
    ),
}
UNCLEAR = {
    "a size that the data tells": "n = NonZero(x)\ny = Cast<to = 1>(n)",
    "arithmetic that is not followed": "s = Shape(x)\nh = Slice(s, last, end)\nd = Sub(h, end)\ny = ConstantOfShape(d)",
}
MORE = f"{WEIGHTS}, int64[2] flat = {{3, -1}}, int64[1] last = {{3}}, int64[1] end = {{4}}"


def dims(nodes: str) -> tuple[object, ...]:
    value = Facts.of(Example(nodes, inputs="float[1,3,H,W] x", weights=MORE).model).value("y")
    assert value is not None
    assert value.shape is not None
    return value.shape


@pytest.mark.parametrize("nodes", OPEN.values(), ids=OPEN)
def test_what_is_made_of_open_dims_is_open(nodes: str) -> None:
    found = dims(nodes)
    assert not any(map(is_unclear, found)), found
    assert any(isinstance(dim, str) for dim in found)


@pytest.mark.parametrize("nodes", UNCLEAR.values(), ids=UNCLEAR)
def test_what_inference_gave_up_on_stays_unclear(nodes: str) -> None:
    assert any(map(is_unclear, dims(nodes)))


def test_the_facets_of_what_is_open_are_known() -> None:
    model = Example("a = Conv<kernel_shape = [3, 3]>(x, w)\ny = Relu(a)", inputs="float[1,3,H,W] x", weights=MORE).model
    assert facets(Facts.of(model).nodes[-1])["X.dims"] == "spatial"


TABLE = "int64 two = {2}, int64[1] zero = {0}, int64[1] one = {1}, int64[1] end = {3}, int64[2] flat = {0, -1}, float none = {0}"
TABLE += ", float step = {1}, float[1,9] table = {0,1,2,3,4,5,6,7,8}, int64[4] minus = {-1, -1, -1, -1}, int64[2] ones = {1, 1}"
TABLE += ", int64[4] some = {0, 0, 2, 2}"
LENGTH = "s = Shape(x)\nn = Gather(s, two)\nh = Unsqueeze(n, zero)\n"
NAMED = {
    LENGTH + "y = Slice(table, zero, h, one)": (1, "H"),
    LENGTH + "y = Slice(table, one, h, one)": (1, None),
    LENGTH + "p = Slice(table, zero, h, one)\nq = Add(p, p)\ny = MatMul(row, q)": ("H", "H"),
    LENGTH + "t = Concat<axis = 0>(h, one)\ny = Tile(table, t)": ("H", 9),
    LENGTH + "t = Concat<axis = 0>(one, h)\ny = Tile(table, t)": (1, "9*H"),
    LENGTH + "t = Concat<axis = 0>(h, end)\ny = ConstantOfShape(t)": ("H", 3),
    LENGTH + "f = Cast<to = 1>(n)\ny = Range(none, f, step)": ("H",),
    "y = Flatten(x)": (1, "3*H*W"),
    "y = Flatten<axis = 3>(x)": ("3*H", "W"),
    "y = Flatten<axis = -1>(x)": ("3*H", "W"),
    "y = Reshape(x, flat)": (1, "3*H*W"),
    "s = Shape(x)\nb = Equal(s, minus)\nw = Where(b, some, s)\ny = Expand(one, w)": (1, 3, "H", "W"),
    "s = Shape(x)\ny = Expand(x, s)": (1, 3, "H", "W"),
}


@pytest.mark.parametrize(("nodes", "wanted"), NAMED.items(), ids=NAMED)
def test_open_dims_that_are_sizes_read_elsewhere_have_their_names(nodes: str, wanted: tuple[object, ...]) -> None:
    inputs = "float[1,3,H,W] x, float[H,1] row" if "row" in nodes else "float[1,3,H,W] x"
    value = Facts.of(Example(nodes, inputs=inputs, weights=TABLE).model).value("y")
    assert value is not None
    assert value.shape is not None
    assert tuple(None if is_unclear(dim) or "open__" in str(dim) else dim for dim in value.shape) == wanted
