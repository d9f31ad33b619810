"""GF107: the compiler does not support the operator in this schema version."""

from __future__ import annotations

from graphfix.linter.check import TableCheck
from graphfix.linter.example import Example


class UnsupportedOpset(TableCheck):
    """A schema version of an operator, or an opset, that the backend's compiler rejected when measured.

    Why: compilers implement the operators of some opsets; older or newer forms differ in attributes and operands.
    Instead: export for an opset that the table accepts, or convert with `onnx.version_converter`.
    """

    code = "GF107"
    name = "unsupported-opset"
    kinds = frozenset({"opset"})
    valid = (Example("y = Gemm(x, w)", inputs="float[2,3] x, float[3,4] w", opset=13),)
    invalid = (
        Example(
            "y = Gemm(x, w, b)",
            inputs="float[2,3] x, float[3,4] w, float[4] b",
            opset=7,
            says="`Gemm` in its opset 7 form",
            evidence="since-7",
        ),
    )
