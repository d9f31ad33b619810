"""ConstantOfShape(s) = ConstantOfShape<value = 0.0>(s)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from onnx import helper, numpy_helper

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g'


class ExplicitFill(BuiltRewrite):
    """Write down the zero that ConstantOfShape fills in where its `value` is left out.

    Why: the default is a zero of float32. A compiler that does not know its dtype finds a contradiction where the result meets
    other tensors.
    """

    name = "explicit-fill"
    safety = Safety.EXACT
    needs_opset = 9
    fixes = (FixRule("ConstantOfShape"),)
    before = "y = ConstantOfShape(s)"
    after = "y = ConstantOfShape<value = float {0.0}>(s)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3] x) => (float[N, 3] y) {{
                 s = Shape(x)
                 z = ConstantOfShape(s)
                 y = Add(x, z) }}""",
            ops=("Shape", "ConstantOfShape", "Add"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3] x) => (float[N, 3] y) {{
                 s = Shape(x)
                 y = ConstantOfShape<value = float {{1.0}}>(s) }}""",
            because="its value is written down",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if draft.attribute("value") is not None:
            return "its value is written down"
        zero = numpy_helper.from_array(np.zeros(1, np.float32))
        draft.nodes.append(helper.make_node("ConstantOfShape", [draft.inputs[0]], ["out0"], value=zero))
        return None
