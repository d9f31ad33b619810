"""Quantised products as verification runs them: right at the extremes of 8 bits, on processors with and without VNNI."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from graphfix.verify.runtime import session
from graphfix.verify.unsigned_weights import with_unsigned_weights

HEAD = '<ir_version: 8, opset_import: ["": 17, "com.microsoft": 1]> g'
WEIGHTS = ", ".join(["127", "-128", "127"] * 64)
HELD = f"int8[64, 3] w = {{{WEIGHTS}}}, int8 wz = {{3}}, uint8 z = {{0}}, float s = {{1.0}}, float big = {{20000.0}}"


def computed(text: str, **feeds: np.ndarray) -> list[np.ndarray]:
    with session(onnx.parser.parse_model(f"{HEAD} {text}")) as loaded:
        found: list[np.ndarray] = loaded.run(None, feeds)
        return found


def products() -> np.ndarray:
    weights = np.asarray([127, -128, 127] * 64, np.int64).reshape(64, 3) - 3
    found: np.ndarray = np.full((2, 64), 255, np.int64) @ weights
    return found


@pytest.mark.parametrize(
    "text",
    [
        f"(uint8[2, 64] x) => (int32[2, 3] y) <{HELD}> {{ y = MatMulInteger(x, w, z, wz) }}",
        f"(uint8[2, 64] x) => (int32[2, 3] y) <{HELD}> {{ a = Identity(x)  y = MatMulInteger(a, w, z, wz) }}",
        f"(uint8[2, 64] x, bool p) => (int32[2, 3] y) <{HELD}> {{ y = If (p) <"
        " then_branch = t () => (int32[2, 3] a) { a = MatMulInteger(x, w, z, wz) },"
        " else_branch = e () => (int32[2, 3] b) { b = MatMulInteger(x, w, z, wz) }> }",
    ],
    ids=["given", "behind an operator", "in a branch"],
)
def test_a_product_is_exact_at_the_extremes(text: str) -> None:
    feeds = {"x": np.full((2, 64), 255, np.uint8), **({"p": np.asarray(True)} if "bool p" in text else {})}
    assert np.array_equal(computed(text, **feeds)[0], products())


def test_a_product_without_zero_points_is_exact() -> None:
    text = f"(uint8[2, 64] x) => (int32[2, 3] y) <{HELD}> {{ y = MatMulInteger(x, w) }}"
    weights = np.asarray([127, -128, 127] * 64, np.int64).reshape(64, 3)
    x = np.full((2, 64), 255, np.uint8)
    assert np.array_equal(computed(text, x=x)[0], x.astype(np.int64) @ weights)


def test_a_product_of_requantised_data_is_exact() -> None:
    text = (
        f"(float[2, 64] x) => (uint8[2, 3] y) <{HELD}> {{ q = QuantizeLinear(x, s, z)"
        "  y = QLinearMatMul(q, s, z, w, s, wz, big, z) }"
    )
    found = computed(text, x=np.full((2, 64), 255, np.float32))[0]
    assert np.array_equal(found, np.clip(np.rint(products() / 20000), 0, 255))


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        (
            "y = MatMulInteger(x, w, z, wz)",
            ["Constant", "Constant", "Cast", "Add", "Cast", "Cast", "Add", "Cast", "MatMulInteger"],
        ),
        ("y = MatMulInteger(x, w)", ["Constant", "Constant", "Cast", "Add", "Cast", "MatMulInteger"]),
    ],
    ids=["zero point", "none"],
)
def test_int8_weights_beside_uint8_data_become_uint8(body: str, kinds: list[str]) -> None:
    model = onnx.parser.parse_model(f"{HEAD} (uint8[2, 64] x) => (int32[2, 3] y) <{HELD}> {{ {body} }}")
    made = with_unsigned_weights(model)
    assert [node.op_type for node in made.graph.node] == kinds
    assert [node.op_type for node in model.graph.node] == ["MatMulInteger"]
    onnx.checker.check_model(made, full_check=True)


@pytest.mark.parametrize("given", ["int8[2, 64] x", "uint8[2, 64] x"], ids=["int8 data", "uint8 weights"])
def test_other_products_stay_as_they_are(given: str) -> None:
    held = HELD if given.startswith("int8") else f"uint8[64, 3] w = {{{WEIGHTS.replace('-128', '128')}}}"
    model = onnx.parser.parse_model(f"{HEAD} ({given}) => (int32[2, 3] y) <{held}> {{ y = MatMulInteger(x, w) }}")
    assert with_unsigned_weights(model) is model


def test_weights_of_a_layer_that_quantises_its_data_become_uint8() -> None:
    four = "int8[1, 2, 8] w = {" + ", ".join(["127", "-128"] * 8) + "}, int8[1] z = {0}, float[1] s = {0.01}"
    model = onnx.parser.parse_model(
        f"{HEAD} (float[3, 1, 2] x) => (float[3, 1, 1, 2] y) <{four}>"
        " { y = com.microsoft.DynamicQuantizeLSTM<hidden_size = 2>(x, w, w, , , , , , s, z, s, z) }"
    )
    made = with_unsigned_weights(model)
    assert [node.op_type for node in made.graph.node].count("Cast") == 8
    with session(model) as loaded:
        assert np.isfinite(loaded.run(None, {"x": np.ones((3, 1, 2), np.float32)})[0]).all()
