"""x * n = x * Cast<to = int64>(Cast<to = int32>(n)) for a size n of a dynamic dim."""

from __future__ import annotations

from typing import Any, ClassVar

from graphfix.analysis.patterns.sized_factor import is_size
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g'


class CastSizeFactor(NodeRewrite):
    """Cast the size of a dynamic dim to int32 and back before it multiplies a tensor with dynamic dims.

    Why: a compiler with symbolic sizes looks for the number while it simplifies the product, and has none before a run. What
    was int32 is a number at run time. Exporters multiply so where they index a flattened tensor: the number of an image by the
    number of its points. Sizes are below 2 ** 31.
    """

    name = "cast-size-factor"
    safety = Safety.EXACT
    needs_opset = 7
    fixes = (FixRule("Mul", traits=("factor",)),)
    before = "y = Mul(x, n)"
    after = """short = Cast<to = 6>(n)
               number = Cast<to = 7>(short)
               y = Mul(x, number)"""
    dtypes = ("int64",)
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3, M] x, int64[N, K] i) => (int64[N, K] y) {{
                 m = Shape<start = 2, end = 3>(x)
                 y = Mul(i, m) }}""",
            ops=("Shape", "Cast", "Cast", "Mul"),
        ),
        Case(
            f"""{HEAD} (float[N, 3, M] x) => (int64[N] y) <int64 zero = {{0}}, int64 one = {{1}}, int64 two = {{2}}> {{
                 s = Shape(x)
                 n = Gather(s, zero)
                 m = Gather(s, two)
                 r = Range(zero, n, one)
                 y = Mul(m, r) }}""",
            ops=("Shape", "Gather", "Gather", "Range", "Cast", "Cast", "Mul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(f"{HEAD} (int64[N] x, int64[1] n) => (int64[N] y) {{ y = Mul(x, n) }}", because=""),
        Case(
            f"""{HEAD} (float[N, 3, M] x, int64[2] i) => (int64[2] y) {{
                 m = Shape<start = 2, end = 3>(x)
                 y = Mul(i, m) }}""",
            because="",
        ),
        Case(
            f"""{HEAD} (float[N, 3, M] x) => (int64[1] y) {{
                 n = Shape<start = 0, end = 1>(x)
                 m = Shape<start = 2, end = 3>(x)
                 y = Mul(n, m) }}""",
            because="",
        ),
    )

    def guard(self, node: Any, surgery: GraphEditor) -> Declined | None:
        """Decline where there is not one size and, beside it, a tensor with a dynamic dim."""
        values = [surgery.value(operand) for operand in node.inputs]
        others = [value for value in values if not is_size(value)]
        return None if len(others) == 1 and others[0] is not None and not others[0].fixed else Declined("")

    def replacement(self, node: Any, surgery: GraphEditor) -> str:
        """Cast the operand that is the size."""
        size, other = ("in0", "in1") if is_size(surgery.value(node.inputs[0])) else ("in1", "in0")
        return f"short = Cast<to = 6>({size}) number = Cast<to = 7>(short) y = Mul({other}, number)"
