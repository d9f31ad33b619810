"""Constants of every kind."""

from typing import Any

import numpy as np
from onnx import SparseTensorProto, TensorProto, helper, numpy_helper

from graphfix.probe.form import COMMON, RARE, Form
from graphfix.probe.operands import CODES

NUMBERS = (1, [1], [[1, 2], [3, 4]], [[[1, 2]]], [[[[1], [2]]]])


def tensor(value: Any, dtype: str) -> TensorProto:
    """A tensor of that dtype."""
    if dtype == "string":
        return numpy_helper.from_array(np.full(np.shape(value), "a", object))
    kind = helper.tensor_dtype_to_np_dtype(CODES[dtype])
    return numpy_helper.from_array(np.asarray(value).astype(kind))


def sparse() -> SparseTensorProto:
    """A sparse matrix with one number in it."""
    values = numpy_helper.from_array(np.asarray([1.0], np.float32), "v")
    return helper.make_sparse_tensor(values, numpy_helper.from_array(np.asarray([2], np.int64), "i"), [2, 3])


TENSORS = [numpy_helper.from_array(np.asarray(value, name))
    for name in ("float32", "float16", "float64", "int64", "int32", "int8", "uint8", "bool")
           for value in (1, [1], [[1, 2], [3, 4]])]  # fmt: skip

FORMS = [
    Form("Constant", {}, {"value": TENSORS[1]},
         changes=[*({"value": tensor} for tensor in TENSORS), {"value": None, "value_float": 1.5},
             {"value": None, "value_int": 3}, {"value": None, "value_floats": [1.5, 2.5]},
             {"value": None, "value_ints": [1, 2]},
                  {"value": numpy_helper.from_array(np.zeros(0, np.float32))},
                  {"value": numpy_helper.from_array(np.zeros(0, np.int64))},
                  *({"value": tensor(number, name)} for name in (*COMMON, *RARE) for number in NUMBERS),
                  *({"value": numpy_helper.from_array(np.zeros(shape, name))} for name in ("float32", "int64", "bool", "float16")
                    for shape in ((0,), (0, 4), (2, 0), (1,) * 5, (1,) * 6, (1,) * 7)),
                  *({"value": None, name: given} for name, given in (("value_string", "a"), ("value_strings", ["a", "b"]),
                    ("value_floats", []), ("value_ints", []), ("value_floats", [1.5]), ("value_ints", [3]),
                    ("sparse_value", sparse())))]),
]  # fmt: skip
