"""GF103: the compiler supports the operator, but not with this attribute."""

from __future__ import annotations

from graphfix.linter.check import TableCheck
from graphfix.linter.example import Example


class UnsupportedAttribute(TableCheck):
    """An attribute value that the backend's compiler rejected when measured.

    Why: the operator itself is supported, so the model looks portable until it is compiled.
    Instead: use a value that the table lists as supported, or let a rewrite decompose the node.
    """

    code = "GF103"
    name = "unsupported-attribute"
    kinds = frozenset({"attribute"})
    valid = (
        Example('y = Resize<mode = "cubic">(x, , s)', inputs="float[1,3,8,8] x", weights="float[4] s = {1.0, 1.0, 2.0, 2.0}"),
    )
    invalid = (
        Example(
            'y = Resize<mode = "cubic">(x, , s)',
            inputs="float[1,3,8] x",
            weights="float[3] s = {1.0, 1.0, 2.0}",
            says='Demo rejects `Resize` with `mode="cubic"`',
            evidence="demo/Resize/cubic-needs-4d",
        ),
    )
