"""What a rewrite costs, measured; and comparisons that must fail, failing."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import ModelProto

from graphfix.verify.compare import Tolerance, compare, perturbed
from graphfix.verify.metrics import OutputMetrics
from graphfix.verify.reference import Reference


def model(body: str, inputs: str = "float[2, 4] x", outputs: str = "float[2, 4] y") -> ModelProto:
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> g ({inputs}) => ({outputs}) {{ {body} }}')


def test_errors_ratio_cosine_and_classes_are_measured() -> None:
    gauge = OutputMetrics()
    gauge.add(np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    row = gauge.to_json()
    assert row["max_abs"] == 4.0
    assert row["mean_abs"] == 1.0
    assert row["cosine"] == pytest.approx(14 / np.sqrt(14 * 30))
    assert row["snr_db"] == pytest.approx(10 * np.log10(14 / 16))
    assert row["top1"] == 0.5


def test_equal_outputs_have_no_noise() -> None:
    gauge = OutputMetrics()
    gauge.add(np.arange(3.0), np.arange(3.0))
    assert gauge.to_json() == {"max_abs": 0.0, "mean_abs": 0.0, "cosine": 1.0, "snr_db": None, "top1": None}


def test_inputs_add_up() -> None:
    gauge = OutputMetrics()
    gauge.add(np.zeros(3), np.zeros(3))
    gauge.add(np.ones(1), np.full(1, 2.0))
    assert gauge.values == 4
    assert gauge.to_json()["mean_abs"] == 0.25


def test_a_measured_verification_has_a_row_for_each_output_and_its_controls_fail() -> None:
    before = model("y = Relu(x)  z = Neg(x)", outputs="float[2, 4] y, float[2, 4] z")
    after = model("k = Constant<value = float {1.01}>()  r = Relu(x)  y = Mul(r, k)  z = Neg(x)",
                  outputs="float[2, 4] y, float[2, 4] z")  # fmt: skip
    found = Reference(before).check(after, Tolerance(rtol=0.02), measure=True)
    assert found.passed
    assert found.outputs["z"]["max_abs"] == 0.0
    assert found.outputs["y"]["snr_db"] == pytest.approx(40, abs=0.1)
    assert (found.controls, found.caught, found.blind) == (2, 2, ())


def test_an_output_that_hangs_on_no_input_is_named() -> None:
    before = model("y = Relu(x)  z = Sub(x, x)", outputs="float[2, 4] y, float[2, 4] z")
    assert Reference(before).check(before, measure=True).blind == ("z",)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int64", "bool", "complex64"])
@pytest.mark.parametrize("tolerance", [Tolerance(), Tolerance(0.1, 0.2), Tolerance(ulps=64)])
def test_a_spoilt_output_is_noticed(dtype: str, tolerance: Tolerance) -> None:
    output = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)
    assert compare("y", output, output.copy(), tolerance).reason is None
    wrong = perturbed(output, tolerance)
    assert compare("y", output, wrong, tolerance).reason is not None


def test_what_holds_no_numbers_has_no_control() -> None:
    assert perturbed([np.ones(2)], Tolerance()) is None
    assert perturbed(np.array(["a"], object), Tolerance()) is None
    assert perturbed(np.zeros((0, 2), np.float32), Tolerance()) is None
