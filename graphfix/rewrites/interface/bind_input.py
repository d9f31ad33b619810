"""f(x, sr) becomes f(x) with sr = 16000, a value that the user chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety

if TYPE_CHECKING:
    from onnx import ModelProto


SIZED = {
    "Resize": (2, 3),
    "Upsample": (1,),
    "Reshape": (1,),
    "Expand": (1,),
    "Tile": (1,),
    "ConstantOfShape": (0,),
    "Range": (0, 1, 2),
}
"""The operands that determine the size of a result."""


class BindInput(Rewrite):
    """Replace an input by the constant given with `--set`, and remove it from the interface.

    Why: a sample rate or a flag that never changes in use keeps branches and computed axes in the graph that no compiler
    supports. Once it is bound, fold-constants and dissolve-if remove them.
    """

    name = "bind-input"
    safety = Safety.INTERFACE
    fixes = (FixRule("*", codes=("GF204",)), FixRule("If"), FixRule("*", kinds=("operand",)))
    before = "graphfix fix model.onnx --set sr=16000"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x, bool p) => (float[3] y) {
                 y = If (p) <
                   then_branch = t () => (float[3] a) { a = Relu(x) },
                   else_branch = e () => (float[3] b) { b = Neg(x) }> }""",
            because="needs a value: --set p=VALUE",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4, 4] x, int64[2] size) => (float[1, 1, H, W] y)
               <int64[2] front = {1, 1}> {
                 sizes = Concat<axis = 0>(front, size)
                 y = Resize(x, , , sizes) }""",
            because="needs a value: --set size=VALUE",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        from graphfix.ir.bind_inputs import interface

        sizes = _size_inputs(model)
        small = [info.name for info in interface(model) if info.name in sizes or _is_small(info.type.tensor_type.shape.dim)]
        if not small:
            return Outcome(None)
        named = " or ".join(f"--set {name}=VALUE" for name in small)
        return Outcome(None, declined=(Declined(f"needs a value: {named}", at=small[0]),))


def _is_small(dims: object) -> bool:
    """Whether an input of these dims is a setting rather than data: a scalar or a single number."""
    return all(getattr(dim, "dim_value", 0) == 1 for dim in dims)  # type: ignore[attr-defined]


def _size_inputs(model: ModelProto) -> set[str]:
    """Return the inputs whose numbers determine sizes of other values."""
    wanted: set[str] = set()
    for node in reversed(model.graph.node):
        places = SIZED.get(node.op_type, ()) if not node.domain else ()
        wanted |= {node.input[place] for place in places if place < len(node.input)}
        if wanted.intersection(node.output) and node.op_type not in ("Shape", "Size"):
            wanted |= set(node.input)
    return wanted
