"""GF110: the compiler supports the operator, but not in this form."""

from __future__ import annotations

from graphfix.linter.check import TableCheck
from graphfix.linter.example import Example


class UnsupportedForm(TableCheck):
    """A form of an operator that the backend's compiler rejected: operands or outputs that are given or left out.

    Why: compilers often do not implement the optional operands and outputs of an operator.
    Instead: write the optional operand or output explicitly, or remove it; a rewrite may do so.
    """

    code = "GF110"
    name = "unsupported-form"
    kinds = frozenset({"optional", "form", "function"})
    valid = (Example("y = Squeeze(x, a)", inputs="float[1,3] x", weights="int64[1] a = {0}"),)
    invalid = (Example("y = Squeeze(x)", inputs="float[1,3] x", says="with `axes` left out", evidence="axes-absent"),)
