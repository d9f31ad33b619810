"""NhwcMaxPool(x) = MaxPool(x with its channels second), its channels put last again."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g"""


class NhwcByTranspose(BuiltRewrite):
    """Write onnxruntime's pool over channels that stand last as the plain pool between two transposes.

    Why: onnxruntime lays quantised networks out for phones in this way, and nothing else reads the operator.
    """

    name = "nhwc-by-transpose"
    safety = Safety.EXACT
    needs_opset = 12
    dtypes = ("int8", "uint8")
    fixes = (FixRule("NhwcMaxPool"),)
    before = "y = com.microsoft.NhwcMaxPool<kernel_shape = [2, 2]>(x)"
    after = """first = Transpose<perm = [0, 3, 1, 2]>(x)
               pooled = MaxPool<kernel_shape = [2, 2]>(first)
               y = Transpose<perm = [0, 2, 3, 1]>(pooled)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[N, 4, 5, 3] x) => (uint8[N, 2, 4, 3] y) {{
                 y = com.microsoft.NhwcMaxPool<kernel_shape = [2, 2], strides = [2, 1]>(x) }}""",
            ops=("Transpose", "MaxPool", "Transpose"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[] x) => (uint8[] y) {{ y = com.microsoft.NhwcMaxPool<kernel_shape = [2, 2]>(x) }}""",
            because="the rank of `x` is unknown",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        rank = len(draft.shape() or ())
        if rank < 3:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        first = draft.op("Transpose", draft.inputs[0], perm=[0, rank - 1, *range(1, rank - 1)])
        pooled = draft.op("MaxPool", first, **draft.node.attrs)
        draft.give(draft.op("Transpose", pooled, perm=[0, *range(2, rank), 1]))
        return None
