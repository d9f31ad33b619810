"""What neighbours tell of a node: a product behind what is stretched, windows behind a Reshape, quantising around a Softmax."""

from __future__ import annotations

import pytest

from graphfix.analysis.facets.node import Facets, facets
from graphfix.analysis.facts import Facts
from graphfix.linter.example import Example


def of(nodes: str, op: str, inputs: str, weights: str = "") -> Facets:
    """The facets of the first node of an operator."""
    model = Example(nodes, inputs=inputs, weights=weights).model
    return facets(next(node for node in Facts.of(model).nodes if node.op == op))


def stretched(shape: str, to: str, nodes: str, *, more: str = "", weights: str = "") -> tuple[object, object]:
    """How a product reads what an Expand of data of a shape gives, called e."""
    held = f"int64[{len(to.split(','))}] s = {{{to}}}" + (f", {weights}" if weights else "")
    inputs = f"float[{shape}] x" + (f", {more}" if more else "")
    found = of(f"e = Expand(x, s)\n{nodes}", "Expand", inputs, held)
    return found["feeds"], found["feeds.by"]


@pytest.mark.parametrize(("shape", "to", "nodes", "more", "role"), [
    ("1,4", "6,4", "y = MatMul(e, z)", "float[4,5] z", "free"),
    ("6,1", "6,4", "y = MatMul(e, z)", "float[4,5] z", "summed"),
    ("1,6,4", "2,6,4", "y = MatMul(e, z)", "float[2,4,5] z", "shared"),
    ("1,6,4", "2,6,4", "y = MatMul(e, z)", "float[4,5] z", "free"),
    ("1,6,4", "2,6,4", "y = MatMul(e, z)", "float[1,4,5] z", "free"),
    ("1,6,1", "2,6,4", "y = MatMul(e, z)", "float[2,4,5] z", "summed"),
    ("1,5", "4,5", "y = MatMul(z, e)", "float[6,4] z", "summed"),
    ("4,1", "4,5", "y = MatMul(z, e)", "float[6,4] z", "free"),
    ("4", "6,4", "y = MatMul(e, z)", "float[4,5] z", "raised"),
    ("6,4", "6,4", "y = MatMul(e, z)", "float[4,5] z", "nothing"),
    ("4,1", "4,6", "y = Gemm<transA = 1>(e, z)", "float[4,5] z", "free"),
    ("1,5", "4,5", "y = Gemm<transB = 1>(z, e)", "float[6,5] z", "free"),
    ("1,4", "6,4", 'y = Einsum<equation = "ab,bc->ac">(e, z)', "float[4,5] z", "free"),
    ("1,4", "6,4", 'y = Einsum<equation = "ab,ac->bc">(e, z)', "float[6,5] z", "summed"),
    ("1,6,4", "2,6,4", 'y = Einsum<equation = "...ab,...bc">(e, z)', "float[2,4,5] z", "shared"),
    ("1,4", "6,4", "y = Add(e, z)", "float[6,4] z", "nothing"),
    ("1,2", "6,2", "c = Concat<axis = 1>(e, z)\ny = MatMul(c, u)", "float[6,2] z, float[4,5] u", "free"),
    ("1,4", "2,4", "c = Concat<axis = 0>(e, z)\ny = MatMul(c, u)", "float[6,4] z, float[4,5] u", "nothing"),
    ("6,1", "6,2", "c = Concat<axis = 1>(e, z)\ny = MatMul(c, u)", "float[6,2] z, float[4,5] u", "summed"),
    ("1,4", "6,4", "r = Relu(e)\ny = MatMul(r, z)", "float[4,5] z", "nothing"),
    ("4,1", "4,6", "r = Transpose(e)\ny = MatMul(r, z)", "float[4,5] z", "free"),
    ("1,2,1,6,4", "1,2,2,6,4", "r = Reshape(e, t)\ny = MatMul(z, r)", "float[1,4,6,6] z", "shared"),
])  # fmt: skip
def test_what_is_stretched_tells_what_a_product_makes_of_it(shape: str, to: str, nodes: str, more: str, role: str) -> None:
    weights = "int64[4] t = {1, 4, 6, 4}" if "Reshape" in nodes else ""
    assert stretched(shape, to, nodes, more=more, weights=weights)[0] == role


@pytest.mark.parametrize(("nodes", "by"), [
    ("y = MatMul(e, z)", "product"),
    ("r = Tanh(e)\ny = MatMul(r, z)", "map"),
    ("a = MatMul(e, z)\nb = MatMul(e, u)\ny = Add(a, b)", "several"),
    ("a = MatMul(e, z)\nb = ReduceMax(e)\ny = Add(a, b)", "nothing"),
    ("a = MatMul(e, z)\nb = Shape(e)\nc = Cast<to = 1>(b)\nd = ReduceSum(c)\ny = Add(a, d)", "product"),
])  # fmt: skip
def test_a_product_alone_reads_what_is_stretched(nodes: str, by: str) -> None:
    assert stretched("1,4", "6,4", nodes, more="float[4,5] z, float[4,5] u")[1] == by


@pytest.mark.parametrize(("shape", "to", "nodes", "kernel", "feeds"), [
    ("1,8,1,1", "1,8,6,6", "y = Conv(e, k)", "5,8,1,1", ("free", "product")),
    ("1,1,6,6", "1,8,6,6", "y = Conv(e, k)", "5,8,1,1", ("summed", "product")),
    ("1,8,1,1", "1,8,6,6", "y = Conv<strides = [2, 2]>(e, k)", "5,8,1,1", ("free", "strided")),
    ("1,8,1,1", "1,8,6,6", "y = Conv(e, k)", "5,8,3,3", ("nothing", "nothing")),
    ("1,8,1,1", "1,8,6,6", "y = Conv<pads = [1, 1, 1, 1]>(e, k)", "5,8,1,1", ("nothing", "nothing")),
    ("1,8,1,1", "1,8,6,6", "y = Conv<group = 2>(e, k)", "4,4,1,1", ("nothing", "nothing")),
])  # fmt: skip
def test_a_pointwise_convolution_is_a_product(shape: str, to: str, nodes: str, kernel: str, feeds: tuple[str, str]) -> None:
    assert stretched(shape, to, nodes, more=f"float[{kernel}] k") == feeds


def test_filled_and_tiled_tensors_are_stretched_too() -> None:
    nodes = "q = Shape(x)\ne = ConstantOfShape(q)\ny = MatMul(e, z)"
    assert of(nodes, "ConstantOfShape", "float[N,4] x, float[4,5] z")["feeds"] == "raised"
    assert of("e = Tile(x, n)\ny = MatMul(e, z)", "Tile", "float[1,4] x, float[4,5] z", "int64[2] n = {6, 1}")["feeds"] == "free"
    assert (
        of("e = Tile(x, n)\ny = MatMul(e, z)", "Tile", "float[2,4] x, float[4,5] z", "int64[2] n = {3, 1}")["feeds"] == "nothing"
    )


def test_a_size_that_is_only_known_at_run_time_is_open() -> None:
    nodes = "q = Shape(u)\ne = Expand(x, q)\ny = MatMul(e, z)"
    assert of(nodes, "Expand", "float[1,4] x, float[N,4] u, float[4,5] z")["feeds"] == "open"


@pytest.mark.parametrize(("nodes", "shape", "word"), [
    ("r = Reshape(x, s)\ny = AveragePool<kernel_shape = [2]>(r)", "1,8,4,6", "other rank"),
    ("r = Reshape(x, s)\nd = Identity(r)\ny = MaxPool<kernel_shape = [2]>(d)", "1,8,4,6", "other rank"),
    ("r = Reshape(x, s)\ny = AveragePool<kernel_shape = [2]>(r)", "8,4,6", "same rank"),
    ("r = Reshape(x, s)\nd = Relu(r)\ny = AveragePool<kernel_shape = [2]>(d)", "1,8,4,6", "nothing"),
    ("r = Unsqueeze(x, a)\ny = Conv(r, k)", "8,24", "other rank"),
    ("r = Squeeze(x, t)\ny = Conv(r, k)", "1,8,24,1", "nothing"),
    ("y = Conv(x, k)", "1,8,24", "nothing"),
])  # fmt: skip
def test_a_row_that_was_just_made_is_told(nodes: str, shape: str, word: str) -> None:
    weights = "int64[3] s = {1, 8, 24}, int64[1] a = {0}, int64[1] t = {3}"
    op = nodes.rpartition("y = ")[2].partition("<")[0].partition("(")[0]
    assert of(nodes, op, f"float[{shape}] x, float[3,8,2] k", weights)["reshaped"] == word


def test_an_image_that_was_just_made_is_no_row() -> None:
    nodes = "r = Reshape(x, s)\ny = MaxPool<kernel_shape = [2, 2]>(r)"
    assert of(nodes, "MaxPool", "float[1,8,24] x", "int64[4] s = {1, 8, 4, 6}")["reshaped"] == "nothing"


DEQUANTISED = "x = DequantizeLinear(q, a, b)\n"


@pytest.mark.parametrize(("nodes", "word"), [
    ("s = Softmax(x)\nv = QuantizeLinear(s, a, b)", "same dtype"),
    ("s = Softmax(x)\nt = Transpose(s)\nv = QuantizeLinear(t, a, b)", "same dtype"),
    ("s = Softmax(x)\nv = QuantizeLinear(s, a)", "other dtype"),
    ("s = Softmax(x)\nv = Relu(s)", "nothing"),
    ("s = Softmax(x)\nr = Relu(s)\nv = QuantizeLinear(r, a, b)", "nothing"),
    ("m = Mul(x, a)\ns = Softmax(m)\nv = QuantizeLinear(s, a, b)", "nothing"),
    ("s = Softmax(x)\nt = QuantizeLinear(s, a, b)\nr = ReduceMax(x)\nu = Cast<to = 3>(r)\nv = Add(t, u)", "nothing"),
])  # fmt: skip
def test_a_softmax_between_bytes_is_told(nodes: str, word: str) -> None:
    found = of(f"{DEQUANTISED}{nodes}\ny = Cast<to = 1>(v)", "Softmax", "int8[2,10] q", "float a = {0.05}, int8 b = {3}")
    assert found["requantised"] == word
