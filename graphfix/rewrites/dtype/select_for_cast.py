"""Cast<to = int64>(b) = Where(b, 1, 0) for a bool b."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g'


class SelectForCast(BuiltRewrite):
    """Choose between 1 and 0 of int64 in place of a Cast of bool to int64.

    Why: a compiler with symbolic sizes may take what is cast to int64 for one, and not give it out. Classifiers of scikit-learn
    compute their labels in this way.
    """

    name = "select-for-cast"
    safety = Safety.EXACT
    needs_opset = 9
    everywhere = True
    fixes = (FixRule("", traits=("outputs.sizes",)),)
    before = "y = Cast<to = 7>(b)"
    after = "y = Where(b, one, zero)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3] x) => (int64[N, 3] y) <float zero = {{0}}, int64[1] two = {{2}}> {{
                 b = Greater(x, zero)
                 i = Cast<to = 7>(b)
                 y = Mul(i, two) }}""",
            ops=("Greater", "Where", "Mul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(f"{HEAD} (float[N, 3] x) => (int64[N, 3] y) {{ y = Cast<to = 7>(x) }}", because=""),
        Case(f"{HEAD} (bool[N, 3] x) => (int32[N, 3] y) {{ y = Cast<to = 6>(x) }}", because=""),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if draft.dtype() != "bool" or draft.attribute("to") != 7:
            return ""
        draft.give(draft.op("Where", draft.inputs[0], *(draft.constant(np.asarray(n)) for n in (1, 0))))
        return None
