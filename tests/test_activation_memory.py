"""The peak memory of activations is the most that is needed at once, and unknown where a size is."""

from __future__ import annotations

import onnx
import pytest

from graphfix.analysis.activation_memory import peak_activation_bytes
from graphfix.verify.footprint import Footprint

HEADER = '<ir_version: 9, opset_import: ["": 17]>'
CHAIN = """g (float[{n}, 100] x) => (float[{n}, 1] y) {{
    a = Relu(x)
    b = Concat<axis = 1>(a, a, a)
    c = ReduceSum<keepdims = 1>(b, axes)
    y = Neg(c)
}}"""


def chain(size: int | str) -> onnx.ModelProto:
    """Values of 400, 400, 1200, 4 and 4 bytes a row, one after another."""
    model = onnx.parser.parse_model(HEADER + CHAIN.format(n=size))
    model.graph.initializer.append(onnx.helper.make_tensor("axes", onnx.TensorProto.INT64, [1], [1]))
    return model


@pytest.mark.parametrize(("size", "peak"), [(1, 1600), (2, 3200), ("N", None)])
def test_values_are_counted_while_they_are_needed(size: int | str, peak: int | None) -> None:
    assert peak_activation_bytes(chain(size)) == peak


def test_a_value_that_is_read_later_stays() -> None:
    text = """g (float[100] x) => (float[100] y) {
        a = Relu(x)
        b = Neg(a)
        c = Abs(b)
        y = Add(c, x)
    }"""
    assert peak_activation_bytes(onnx.parser.parse_model(HEADER + text)) == 1200


def test_the_footprint_of_a_dynamic_model_is_that_at_the_given_sizes() -> None:
    model = chain("N")
    found = Footprint.of(model, {"x": (3, 100)})
    assert (found.peak_bytes, found.file_bytes, found.parameters) == (4800, model.ByteSize(), 0)
    assert Footprint.of(model, {}).peak_bytes is None
