"""Reshape(x, [dim 0 of x, 12, whatever is left]) = Reshape(x, [0, 12, -1]): 0 keeps a dim, -1 takes the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from graphfix.analysis.dims import DimExpr
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety
from graphfix.rewriting.symbolic_shapes import Tracer


class ReshapeByInference(BuiltRewrite):
    """Write a Reshape to computed dims as one to constants, with 0 for dims that stay and one -1.

    Why: compilers that plan ahead want the target of a Reshape as a constant, or lose track of it behind a cast or a
    division. Exact for every size but for tensors without elements, of which a -1 tells nothing.
    """

    name = "reshape-by-inference"
    safety = Safety.EXACT
    needs_opset = 5
    fixes = (
        FixRule("Reshape", kinds=("operand", "dynamic", "undecided", "unmeasured", "attribute", "form")),
        *(FixRule(op, kinds=("operand", "form", "operator", "dtype", "dynamic"))
          for op in ("Shape", "Size", "ConstantOfShape", "ReduceProd", "Mod")),
    )  # fmt: skip
    before = "y = Reshape(x, target)"
    after = "y = Reshape(x, [0, -1])"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, H, W] x) => (float[A, B] y)
               <int64[1] zero = {0}, int64[1] rest = {-1}> {
                 sizes = Shape(x)
                 n = Gather(sizes, zero)
                 target = Concat<axis = 0>(n, rest)
                 y = Reshape(x, target) }""",
            ops=("Reshape",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, S, 8] x) => (float[A, B, C, D] y)
               <int64[1] i0 = {0}, int64[1] i1 = {1}, int64[2] heads = {2, 4}> {
                 sizes = Shape(x)
                 n = Gather(sizes, i0)
                 s = Gather(sizes, i1)
                 target = Concat<axis = 0>(n, s, heads)
                 y = Reshape(x, target) }""",
            ops=("Reshape",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, 4] x) => (float[A, B] y)
               <int64[1] i0 = {0}, int64[1] three = {3}, int64[1] four = {4}> {
                 sizes = Shape(x)
                 n = Gather(sizes, i0)
                 wide = Cast<to = 6>(n)
                 narrow = Cast<to = 7>(wide)
                 many = Mul(narrow, three)
                 target = Concat<axis = 0>(many, four)
                 y = Reshape(x, target) }""",
            ops=("Reshape",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x, int64[2] s) => (float[A, B] y) { y = Reshape(x, s) }""",
            because="its target is computed from values, not from dims alone",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[6] x, float[A, B] z) => (float[C, D] y) {
                 s = Shape(z)
                 y = Reshape(x, s) }""",
            because="2 dims of its target are neither numbers nor dims that stay: A, B",
        ),
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[A] y) <int64[1] s = {-1}> {
                 y = Reshape(x, s) }"""),
    )  # fmt: skip

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if draft.known(1) is not None:
            return ""
        tracer = Tracer(draft.surgery)
        target, dims = tracer.elements(draft.node.inputs[1]), tracer.shape(draft.node.inputs[0])
        if target is None:
            return "its target is computed from values, not from dims alone"
        if draft.attribute("allowzero", 0):
            return "allowzero is set"
        made = spelled(target, dims or ())
        if isinstance(made, str):
            return made
        draft.give(draft.reshape("x", made))
        return None


def spelled(target: Sequence[DimExpr], dims: Sequence[DimExpr]) -> list[int] | str:
    """The target in numbers, 0 for a dim in its old place and -1 for one other; or why it cannot be."""
    made: list[int | None] = []
    for place, size in enumerate(target):
        stays = place < len(dims) and size == dims[place] and size.rational is None
        made.append(0 if stays or size.number == 0 else size.number)
    left = [place for place, size in enumerate(made) if size is None or size == -1]
    if len(left) > 1:
        named = ", ".join(str(target[place]) for place in left)
        return f"{len(left)} dims of its target are neither numbers nor dims that stay: {named}"
    return [-1 if size is None else size for size in made]
