"""GF105: the compiler requires a constant for an operand that is computed at run time."""

from __future__ import annotations

from graphfix.linter.check import TableCheck
from graphfix.linter.example import Example


class RuntimeOperand(TableCheck):
    """An operand that must be a constant for this backend's compiler, and is not.

    Why: a compiler that plans memory ahead needs axes, shapes, pads, scales or weights while it compiles.
    Instead: fix the dims or bind the input that the operand depends on (`--shape`, `--set`), so that it folds.
    """

    code = "GF105"
    name = "runtime-operand"
    kinds = frozenset({"operand"})
    valid = (Example("y = Reshape(x, s)", weights="int64[1] s = {6}"),)
    invalid = (
        Example(
            "y = Reshape(x, s)",
            inputs="float[2,3] x, int64[1] s",
            says="`shape` computed at run time (input `s`)",
            evidence="shape-runtime",
        ),
    )
