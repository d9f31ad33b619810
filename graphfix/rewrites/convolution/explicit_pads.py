"""Conv<auto_pad = SAME_UPPER>(x) = Conv<pads = [0, 0, 1, 1]>(x) for the size that x has."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.convolution.windows import windows
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

OPERATORS = ("Conv", "MaxPool", "AveragePool", "LpPool", "ConvInteger", "QLinearConv")


class ExplicitPads(BuiltRewrite):
    """Replace `auto_pad` by the explicit pads it stands for.

    Why: some compilers do not support this deprecated attribute, support one of its values, or confuse the two sides.
    """

    name = "explicit-pads"
    safety = Safety.EXACT
    needs_opset = 2
    fixes = tuple(FixRule(op) for op in OPERATORS)
    ops = OPERATORS[1:]
    before = """y = Conv<auto_pad = "SAME_UPPER">(x, w)"""
    after = "y = Conv<pads = [0, 0, 1, 1]>(x, w)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, 5, 6] x) => (float[N, 1, 3, 3] y)
               <float[1, 1, 2, 3] w = {1, 2, 3, 4, 5, 6}> { y = Conv<auto_pad = "SAME_LOWER", strides = [2, 2]>(x, w) }""",
            ops=("Conv",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, 2, 7] x) => (float[1, 2, 4] y) {
                 y = MaxPool<auto_pad = "SAME_UPPER", kernel_shape = [4], strides = [2]>(x) }""",
            ops=("MaxPool",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, 2, A, B] x) => (float[1, 2, C, D] y) {
                 y = AveragePool<auto_pad = "VALID", kernel_shape = [2, 2]>(x) }""",
            ops=("AveragePool",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, 2, A, 4] x) => (float[1, 2, C, D] y) {
                 y = MaxPool<auto_pad = "SAME_UPPER", kernel_shape = [2, 2]>(x) }""",
            because="the spatial dims of `x` are not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, 2, 4, 4] x) => (float[1, 2, 3, 3] y) {
                 y = MaxPool<kernel_shape = [2, 2]>(x) }""",
            because="its pads are numbers already",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        auto = draft.attribute("auto_pad", "NOTSET")
        if auto == "NOTSET":
            return "its pads are numbers already"
        attrs = {name: value for name, value in draft.node.attrs.items() if name not in ("auto_pad", "pads")}
        if auto != "VALID":
            found = windows(draft)
            if isinstance(found, str):
                return found
            attrs["pads"] = [*found.before, *found.after]
        for index, name in enumerate(draft.ops(draft.node.op, len(draft.node.outputs), *draft.inputs, **attrs)):
            draft.give(name, index)
        return None
