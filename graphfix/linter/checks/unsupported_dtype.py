"""GF102: the compiler supports the operator, but not with this element type."""

from __future__ import annotations

from graphfix.linter.check import TableCheck
from graphfix.linter.example import Example


class UnsupportedDtype(TableCheck):
    """An element type that the backend's compiler rejected on this operator when measured.

    Why: many compilers have float32 kernels only, and reject integers, float64 or bool where ONNX allows them.
    Instead: cast around the node, export in float32, or let a rewrite narrow the type.
    """

    code = "GF102"
    name = "unsupported-dtype"
    kinds = frozenset({"dtype"})
    valid = (Example("y = Add(x, x)"),)
    invalid = (
        Example("y = Add(x, x)", inputs="double[2,3] x", outputs="double y", says="dtype float64", evidence="dtype-float64"),
    )
