"""GF101: the compiler rejects the operator in every form that was probed."""

from __future__ import annotations

from graphfix.linter.check import TableCheck
from graphfix.linter.example import Example


class UnsupportedOperator(TableCheck):
    """An operator that the backend's compiler rejected in every form it was measured in.

    Why: the compiler has no implementation of it, so changing the node's attributes does not fix it.
    Instead: let a rewrite express it in operators that the compiler supports, or replace the layer in the training code.
    """

    code = "GF101"
    name = "unsupported-operator"
    kinds = frozenset({"operator"})
    valid = (Example("y = Relu(x)"),)
    invalid = (Example("y = Mish(x)", says="Demo does not support `Mish`", evidence="demo/Mish/unsupported"),)
