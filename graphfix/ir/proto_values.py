"""Values of attributes and tensors as Python and NumPy have them, and back.

For what nearly every model holds this needs neither `onnx.helper` nor `onnx.numpy_helper`, which take long to import and to
ask; what else there is, they convert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from graphfix.ir.dtypes import CODES, NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
else:
    Array = np.ndarray
    """An array of any element type; `numpy.typing`, which states that, takes long to import."""

_SINGLE: Final = {
    AttributeProto.FLOAT: "f", AttributeProto.INT: "i", AttributeProto.STRING: "s", AttributeProto.TENSOR: "t",
    AttributeProto.GRAPH: "g",
}  # fmt: skip
_LISTS: Final = {AttributeProto.FLOATS: "floats", AttributeProto.INTS: "ints", AttributeProto.STRINGS: "strings"}
_NUMPY: Final[dict[int, np.dtype[Any]]] = {
    CODES[name]: np.dtype(name)
    for name in (
        "float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
        "complex64", "complex128",
    )
}  # fmt: skip
_RAW: Final[dict[int, np.dtype[Any]]] = {
    code: dtype.newbyteorder("<") for code, dtype in _NUMPY.items()
    if NAMES[code] in ("float32", "float64", "int64", "int32", "bool")
}  # fmt: skip
"""Element types whose raw bytes are read without onnx."""
_TYPED: Final[dict[int, str]] = {
    TensorProto.FLOAT: "float_data", TensorProto.DOUBLE: "double_data", TensorProto.INT64: "int64_data",
    TensorProto.INT32: "int32_data",
}  # fmt: skip


def attribute_value(item: AttributeProto) -> Any:
    """Return the value of an attribute, strings as bytes; ValueError where it refers to an attribute of a function."""
    field = _SINGLE.get(item.type)
    if item.ref_attr_name or (field is None and item.type not in _LISTS):
        return helper.get_attribute_value(item)
    return getattr(item, field) if field is not None else list(getattr(item, _LISTS[item.type]))


def numpy_dtype(code: int) -> np.dtype[Any]:
    """Return the dtype of arrays of an element type; KeyError where ONNX knows no such type."""
    return _NUMPY[code] if code in _NUMPY else np.dtype(helper.tensor_dtype_to_np_dtype(code))


def dtype_name(dtype: np.dtype[Any]) -> str:
    """Return the name of the element type of arrays; empty where ONNX has none."""
    return dtype.name if dtype.name in CODES else NAMES.get(helper.np_dtype_to_tensor_dtype(dtype), "")


def array_of(tensor: TensorProto) -> Array:
    """Return the array of a tensor whose payload is in it."""
    kind = tensor.data_type
    if tensor.raw_data and kind in _RAW:
        return np.frombuffer(tensor.raw_data, _RAW[kind]).reshape(tensor.dims)
    if kind in _TYPED and not tensor.HasField("raw_data") and not tensor.HasField("segment"):
        return np.asarray(getattr(tensor, _TYPED[kind]), _NUMPY[kind]).reshape(tensor.dims)
    return np.asarray(numpy_helper.to_array(tensor))


def tensor_of(array: Array, name: str = "") -> TensorProto:
    """Return a tensor with the content of an array."""
    code = CODES.get(array.dtype.name, 0)
    if code not in _NUMPY:
        return numpy_helper.from_array(array, name)
    raw = array.astype(_NUMPY[code].newbyteorder("<"), copy=False).tobytes()
    return TensorProto(name=name or None, dims=array.shape, data_type=code, raw_data=raw)
