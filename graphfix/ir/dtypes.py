"""ONNX element types and their names."""

from __future__ import annotations

from onnx import TensorProto

NAMES = {
    code: {"FLOAT": "float32", "DOUBLE": "float64", "UNDEFINED": ""}.get(name, name.lower())
    for name, code in TensorProto.DataType.items()
}
"""ONNX's element types as numpy writes them, empty for an undefined one."""


CODES = {name: code for code, name in NAMES.items()}
"""ONNX's element type by its name as numpy writes it."""
