"""Add(a, b) of uint8 = Cast<uint8>(Mod(Add(Cast<int32>(a), Cast<int32>(b)), 256)), and so for other integers and operators."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.quantization.numerics import limits
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

WRAPPING = ("Add", "Sub", "Mul", "Abs", "Neg")
"""Operators whose results may be beyond the dtype, and then begin again at its other end."""
STAYING = ("Max", "Min", "Clip", "ReduceMax", "ReduceMin", "Relu")
"""Operators whose results lie in the range of their operands."""
COMPARING = ("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual")
"""Operators that give booleans."""
AXES = ("ReduceMax", "ReduceMin")
"""Operators whose second operand is no number of the dtype."""
HEAD = """<ir_version: 8, opset_import: ["" : 18]> g"""


class SmallIntegersByInt32(BuiltRewrite):
    """Compute with integers of 8 and 16 bits in 32 bits, and cast the result back.

    Why: pixels and masks are kept in small integers, and some compilers compute with int32 only. What goes beyond the dtype
    begins again at its other end, as it does in 8 bits.
    """

    name = "small-integers-by-int32"
    safety = Safety.EXACT
    needs_opset = 10
    dtypes = ("uint8", "int8", "uint16", "int16")
    ops = (*WRAPPING[1:], *STAYING, *COMPARING)
    fixes = tuple(FixRule(op, kinds=("dtype",)) for op in (*WRAPPING, *STAYING, *COMPARING))
    before = "y = Add(a, b)"
    after = """wa = Cast<to = 6>(a)
               wb = Cast<to = 6>(b)
               sum = Add(wa, wb)
               wrapped = Mod(sum, span)
               y = Cast<to = 2>(wrapped)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"{HEAD} (uint8[N, 3] a, uint8[3] b) => (uint8[N, 3] y) {{ y = Add(a, b) }}",
            ops=("Cast", "Cast", "Add", "Mod", "Cast"),
        ),
        Case(
            f"{HEAD} (int8[N, 3] a) => (int8[N, 3] y) <int8[3] b = {{100, -7, 3}}> {{ y = Mul(a, b) }}",
            ops=("Cast", "Mul", "Add", "Mod", "Sub", "Cast"),
        ),
        Case(
            f"{HEAD} (uint8[N, 3] a) => (uint8[N, 1] y) <int64[1] axes = {{1}}> {{ y = ReduceMax(a, axes) }}",
            ops=("Cast", "ReduceMax", "Cast"),
        ),
        Case(f"{HEAD} (int8[N, 3] a, int8[3] b) => (bool[N, 3] y) {{ y = Less(a, b) }}", ops=("Cast", "Cast", "Less")),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"{HEAD} (int64[3] a, int64[3] b) => (int64[3] y) {{ y = Add(a, b) }}",
            because="`a` is int64, not uint8 or int8 or uint16 or int16",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        op, dtype = draft.node.op, np.dtype(draft.dtype())
        wide: list[str] = []
        for index, name in enumerate(draft.inputs):
            known = draft.known(index)
            if not name or (index and op in AXES):
                wide.append(name)
            elif known is not None:
                wide.append(draft.constant(known, np.int32))
            else:
                wide.append(draft.cast(name, "int32"))
        made = draft.op(op, *wide, **draft.node.attrs)
        if op in WRAPPING:
            made = _wrapped(draft, made, dtype)
        draft.give(made if op in COMPARING else draft.cast(made, dtype.name))
        return None


def _wrapped(draft: ReplacementBuilder, name: str, dtype: np.dtype[np.generic]) -> str:
    """Return a value moved into the range of a dtype by whole multiples of its span."""
    least, most = limits(dtype)
    span = most - least + 1
    if not least:
        return draft.op("Mod", name, draft.constant(span, np.int32))
    moved = draft.op("Mod", draft.op("Add", name, draft.constant(-least, np.int32)), draft.constant(span, np.int32))
    return draft.op("Sub", moved, draft.constant(-least, np.int32))
