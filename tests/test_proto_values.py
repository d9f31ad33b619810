"""Values of attributes and tensors are those that onnx's own helpers give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from graphfix.ir.proto_values import array_of, attribute_value, dtype_name, numpy_dtype, tensor_of

DTYPES = ("float32", "float64", "float16", "int8", "int64", "int32", "uint8", "uint64", "bool", "complex64")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_a_tensor_is_the_one_onnx_makes_and_gives_its_array(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.ones(shape, dtype)
    assert tensor_of(array, "n") == numpy_helper.from_array(array, "n")
    assert tensor_of(array) == numpy_helper.from_array(array)
    back = array_of(tensor_of(array))
    assert (back.dtype, back.shape, back.tolist()) == (array.dtype, array.shape, array.tolist())


def test_strings_and_other_byte_orders_are_converted_by_onnx() -> None:
    words = np.asarray(["a", "b"], object)
    assert tensor_of(words) == numpy_helper.from_array(words)
    assert array_of(tensor_of(np.asarray([1.5, 2], ">f4"))).tolist() == [1.5, 2]


KINDS = (1, 7, 6, 11, 10, 9, TensorProto.INT4)
"""Element types with each typed field: of one entry a number, of several, and packed."""


@pytest.mark.parametrize("kind", KINDS)
def test_typed_fields_are_read(kind: int) -> None:
    tensor = helper.make_tensor("t", kind, [2, 2], [1, 0, 1, 1])
    expected = numpy_helper.to_array(tensor)
    assert array_of(tensor).dtype == expected.dtype
    assert array_of(tensor).tolist() == expected.tolist()


@pytest.mark.parametrize("value", [1.5, 3, "word", [1, 2], [0.5], ["a", "b"], numpy_helper.from_array(np.ones(2))], ids=repr)
def test_attributes_have_the_values_onnx_gives(value: Any) -> None:
    item = helper.make_attribute("a", value)
    assert attribute_value(item) == helper.get_attribute_value(item)


def test_an_attribute_that_refers_to_a_function_has_no_value() -> None:
    with pytest.raises(ValueError, match="reference"):
        attribute_value(AttributeProto(name="a", type=AttributeProto.INT, ref_attr_name="b"))


@pytest.mark.parametrize("name", ["FLOAT", "BFLOAT16", "FLOAT8E4M3FN", "INT4", "STRING", "BOOL"])
def test_dtypes_are_those_of_onnx(name: str) -> None:
    code = TensorProto.DataType.Value(name)
    assert numpy_dtype(code) == helper.tensor_dtype_to_np_dtype(code)
    assert dtype_name(numpy_dtype(code)) == {"FLOAT": "float32"}.get(name, name.lower())
