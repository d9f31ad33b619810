"""DepthToSpace = Reshape, Transpose, Reshape, Transpose, Reshape: the columns of each block first, then its rows.

With one transpose six axes are needed; with two, four are: DCR [N b, b, C H, W] -> [N b, C H, W, b] = [N, b, C H, W b]
-> [N, C H, b, W b] = [N, C, H b, W b]; CRD the same with N C in the place of N and H in that of C H.
"""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class DepthSpaceByTranspose(BuiltRewrite):
    """Move between depth and space by two transposes of rank 4.

    Why: a compiler that has these operators for some dtypes or one of two modes has Reshape and Transpose for all,
    and rank 4 is what every one of them supports.
    """

    name = "depth-space-by-transpose"
    safety = Safety.EXACT
    needs_opset = 5
    fixes = (FixRule("DepthToSpace"), FixRule("SpaceToDepth"))
    ops = ("SpaceToDepth",)
    before = "y = DepthToSpace<blocksize = 2>(x)"
    after = """a = Reshape(x, wide)
               b = Transpose<perm = [0, 2, 3, 1]>(a)
               c = Reshape(b, tall)
               d = Transpose<perm = [0, 2, 1, 3]>(c)
               y = Reshape(d, dims)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 12, 2, 3] x) => (float[N, 3, 4, 6] y) {
                 y = DepthToSpace<blocksize = 2>(x) }""",
            ops=("Reshape", "Transpose", "Reshape", "Transpose", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, 18, 2, 3] x) => (float[2, 2, 6, 9] y) {
                 y = DepthToSpace<blocksize = 3, mode = "CRD">(x) }""",
            ops=("Reshape", "Transpose", "Reshape", "Transpose", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3, 4, 6] x) => (float[N, 12, 2, 3] y) {
                 y = SpaceToDepth<blocksize = 2>(x) }""",
            ops=("Reshape", "Transpose", "Reshape", "Transpose", "Reshape"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, 12, H, 3] x) => (float[1, 3, G, 6] y) {
                 y = DepthToSpace<blocksize = 2>(x) }""",
            because="channels, height and width of `x` are not all fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims = draft.shape()
        if dims is None or len(dims) != 4 or not all(isinstance(dim, int) for dim in dims[1:]):
            return f"channels, height and width of `{draft.node.inputs[0].name}` are not all fixed"
        c, h, w = (int(dim) for dim in dims[1:])  # type: ignore[arg-type]
        b, crd = int(draft.attribute("blocksize")), draft.attribute("mode", "DCR") == "CRD"
        if draft.node.op == "DepthToSpace":
            c //= b * b
            rows = h if crd else c * h
            x = draft.transpose(draft.reshape("in0", [-1, b, rows, w]), [0, 2, 3, 1])
            x = draft.transpose(draft.reshape(x, [-1, b, rows, w * b]), [0, 2, 1, 3])
            draft.give(draft.reshape(x, [-1, c, h * b, w * b]))
            return None
        rows = h // b if crd else c * (h // b)
        x = draft.transpose(draft.reshape("in0", [-1, rows, b, w]), [0, 2, 1, 3])
        x = draft.transpose(draft.reshape(x, [-1, rows, w // b, b]), [0, 3, 1, 2])
        draft.give(draft.reshape(x, [-1, c * b * b, h // b, w // b]))
        return None
