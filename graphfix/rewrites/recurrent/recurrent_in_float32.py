"""GRU(x) = Cast(GRU(Cast(x))): a recurrent layer in float16 is computed in float32, between casts."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g'
LENGTHS = 4
"""The operand that holds lengths, in int32."""


class RecurrentInFloat32(BuiltRewrite):
    """Give an LSTM, GRU or RNN of float16 its operands in float32, and cast what it gives back.

    Why: compilers may have recurrent layers in float32 only, or mix up the dtypes of their states. Constant weights are widened
    at once, without loss; the steps in between are no longer rounded to float16.
    """

    name = "recurrent-in-float32"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 64
    dtypes = ("float16",)
    differs_at = ("nan", "inf", "large")
    ops = ("LSTM", "RNN")
    fixes = (FixRule("GRU"), FixRule("LSTM"), FixRule("RNN"))
    before = "y = GRU(x, w, r)"
    after = """wide = Cast<to = 1>(x)
               made = GRU(wide, w_in_float32, r_in_float32)
               y = Cast<to = 10>(made)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float16[5, 1, 2] x) => (float16[5, 1, 1, 1] y, float16[1, 1, 1] h)
               <float[1, 3, 2] v = {{0.1, 0.2, 0.3, -0.1, -0.2, -0.3}}, float[1, 3, 1] s = {{0.4, 0.5, -0.6}}> {{
                 w = Cast<to = 10>(v)
                 r = Cast<to = 10>(s)
                 y, h = GRU<hidden_size = 1>(x, w, r) }}""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[5, 1, 2] x, float[1, 9, 2] w, float[1, 9, 3] r) => (float[5, 1, 1, 3] y) {{
                 y = GRU<hidden_size = 3>(x, w, r) }}""",
            because="`x` is float32, not float16",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        operands = []
        for index, name in enumerate(draft.inputs):
            array = draft.known(index) if name and index != LENGTHS else None
            if array is not None:
                operands.append(draft.constant(array.astype(np.float32), np.float32))
            else:
                operands.append(draft.cast(name, "float32") if name and index != LENGTHS else name)
        made = draft.ops(draft.node.op, max(2, len(draft.node.outputs)), *operands, **draft.node.attrs)
        for index, name in enumerate(made[: len(draft.node.outputs)]):
            if draft.wants(index):
                draft.give(draft.cast(name, "float16"), index)
        return None
