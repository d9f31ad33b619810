"""The size of an open dim in terms of an input's, held against onnx's own inference on fixed sizes."""

from __future__ import annotations

import pytest

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.analysis.values import is_unclear
from graphfix.linter.example import Example

KERNEL = ",".join(["0"] * 9)
WEIGHTS = (
    f"float[1,1,3,3] w = {{{KERNEL}}}, float[4] s = {{1, 1, 3, 2}}, float[4] h = {{1, 1, 0.5, 0.25}}, float[0] e = {{}}, "
    "int64[8] p = {0, 0, 1, 2, 0, 0, 3, 4}, "
    "int64[2] from = {1, 0}, int64[2] to = {-2, 9223372036854775807}, int64[2] both = {2, 3}"
)
CHAINS = {
    "windows": "y = Conv<kernel_shape = [3, 3]>(x, w)",
    "strided windows": "y = Conv<kernel_shape = [3, 3], strides = [2, 3], pads = [1, 0, 1, 1]>(x, w)",
    "dilated windows": "y = Conv<kernel_shape = [3, 3], dilations = [2, 3]>(x, w)",
    "pools that round up": "y = MaxPool<kernel_shape = [2, 3], strides = [2, 2], ceil_mode = 1>(x)",
    "padded alike": 'y = MaxPool<kernel_shape = [3, 3], strides = [2, 2], auto_pad = "SAME_UPPER">(x)',
    "transposed windows": (
        "y = ConvTranspose<kernel_shape = [3, 3], strides = [2, 3], pads = [1, 0, 1, 1], output_padding = [1, 0]>(x, w)"
    ),
    "padding": "y = Pad(x, p)",
    "all but the ends": "y = Slice(x, from, to, both)",
    "whole factors": "y = Resize(x, e, s)",
    "whole shares": "y = Resize(x, e, h)",
    "many": (
        "a = Conv<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]>(x, w)\n"
        "b = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(a)\n"
        "c = Conv<kernel_shape = [3, 3]>(b, w)\nd = Resize(c, e, s)\ny = Pad(d, p)"
    ),
}


def of(nodes: str, dims: str) -> tuple[Facts, tuple[object, ...]]:
    found = Facts.of(Example(nodes, inputs=f"float[1,1,{dims}] x", weights=WEIGHTS).model)
    value = found.value("y")
    assert value is not None
    assert value.shape is not None
    return found, value.shape


@pytest.mark.parametrize("nodes", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize(("height", "width"), [(32, 40), (33, 41), (35, 47)])
def test_the_extent_is_the_size_that_inference_gives(nodes: str, height: int, width: int) -> None:
    found, shape = of(nodes, "H,W")
    _, sizes = of(nodes, f"{height},{width}")
    for dim, size in zip(shape[2:], sizes[2:], strict=True):
        extent = found.opened.extents[str(dim)]
        assert extent.substitute({"H": height, "W": width}).number == size


def test_what_is_as_large_has_the_same_name() -> None:
    nodes = "a = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(x, w)\ny = Add(a, x)"
    assert of(nodes, "H,W")[1] == (1, 1, "H", "W")


@pytest.mark.parametrize(("last", "extents"), [
    ("MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]>(x)", "differ"),
    ("MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(x)", "same"),
])  # fmt: skip
def test_a_join_tells_whether_its_operands_were_made_alike(last: str, extents: str) -> None:
    found, _ = of(f"a = AveragePool<kernel_shape = [2, 2], strides = [2, 2]>(x)\nb = {last}\ny = Concat<axis = 1>(a, b)", "H,W")
    assert facets(found.nodes[-1])["extents"] == extents


def test_arithmetic_that_is_not_followed_makes_a_dim_of_its_own() -> None:
    found, shape = of("a = Resize(x, e, s)\ny = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(a)", "H,W")
    assert not any(map(is_unclear, shape))
    assert str(shape[2]) not in found.opened.extents


@pytest.mark.parametrize(("nodes", "thins"), [
    ("a = MatMul(x, x)\nb = Relu(a)\ny = Conv<kernel_shape = [1, 1], strides = [2, 2]>(b, k)", True),
    ("a = MatMul(x, x)\ny = Conv<kernel_shape = [1, 1]>(a, k)", False),
    ("a = MatMul(x, x)\nb = MaxPool<kernel_shape = [3, 3]>(a)\ny = Conv<kernel_shape = [1, 1], strides = [2, 2]>(b, k)", False),
    ("b = Relu(x)\ny = Conv<kernel_shape = [1, 1], strides = [2, 2]>(b, k)", False),
])  # fmt: skip
def test_every_other_entry_of_a_product_is_told(nodes: str, thins: bool) -> None:
    model = Example(nodes, inputs="float[N,1,8,8] x", weights="float[1,1,1,1] k = {2}").model
    assert facets(Facts.of(model).nodes[-1])["thins"] is thins


def test_a_slice_whose_bounds_are_attributes_makes_a_dim_that_may_be_any() -> None:
    nodes = "y = Slice<starts = [1], ends = [5], axes = [2]>(x)"
    found = Facts.of(Example(nodes, inputs="float[1,1,H,W] x", opset=9).model).value("y")
    assert found is not None
    assert found.shape is not None
    assert found.shape[3] == "W"
