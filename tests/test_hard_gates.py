"""A product with HardSigmoid that OpenCV computes as HardSwish, whatever the other factor is."""

import numpy as np
import onnx
import pytest

import graphfix

SLOPE = float(np.float32(1 / 6))


def found(before: str, factors: str, slope: float = SLOPE, *, shift: bool = True) -> bool:
    """Whether lint tells that OpenCV computes the last product wrong."""
    beta = ", beta = 0.5" if shift else ""
    model = onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["": 17]> g (float[1, 4, 6, 6] x) => (float[1, 4, 6, 6] y) {{\n'
        f"{before} g = HardSigmoid<alpha = {slope:.17f}{beta}>(z) y = Mul({factors}) }}"
    )
    (result,) = graphfix.lint(model, "opencv").results
    return any(one.code == "GF301" and one.op == "Mul" for one in result.findings)


@pytest.mark.parametrize("factors", ["h, g", "g, h", "x, g"])
def test_a_hard_gate_of_another_tensor_is_told(factors: str) -> None:
    assert found("z = Neg(x) h = Abs(x)", factors)


def test_a_squeezed_gate_is_told() -> None:
    assert found("z = GlobalAveragePool(x)", "x, g")


@pytest.mark.parametrize("factors", ["z, g", "g, z"])
def test_hard_swish_itself_is_right(factors: str) -> None:
    assert not found("z = Neg(x)", factors)


def test_other_numbers_are_right() -> None:
    assert not found("z = Neg(x) h = Abs(x)", "h, g", 0.2)
    assert not found("z = Neg(x) h = Abs(x)", "h, g", shift=False)
