"""GF110: the compiler takes the operator, but not in this form."""

from __future__ import annotations

from graphfix.linter.check import TableCheck
from graphfix.linter.example import Example


class UnsupportedForm(TableCheck):
    """A form of an operator that the backend's compiler rejected: operands or outputs given or left out, or a mix.

    Why: optional operands and outputs are often the part of an operator that a compiler never implemented.
    Instead: make the optional part explicit or drop it; a rewrite may do so.
    """

    code = "GF110"
    name = "unsupported-form"
    kinds = frozenset({"optional", "form"})
    valid = (Example("y = Squeeze(x, a)", inputs="float[1,3] x", weights="int64[1] a = {0}"),)
    invalid = (Example("y = Squeeze(x)", inputs="float[1,3] x", says="axes left out", evidence="axes-absent"),)
