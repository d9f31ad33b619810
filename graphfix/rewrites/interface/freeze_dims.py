"""x: [N, 3, H, W] becomes x: [1, 3, 224, 224], with sizes that the user chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety

if TYPE_CHECKING:
    from onnx import ModelProto


class FreezeDims(Rewrite):
    """Set the dims of the inputs to the sizes given by `--shape`.

    Why: ahead-of-time compilers need fixed dims, and only the user knows them. A symbolic dim that is fixed on one input
    has that size everywhere; shape annotations are removed and inferred again. With `--allow interface`, a
    dynamic batch becomes 1 where every target rejects one, nothing else is dynamic, and a batch was seen to give what its rows
    give one after the other.
    """

    name = "freeze-dims"
    safety = Safety.INTERFACE
    fixes = (FixRule("*", kinds=("dynamic",)), FixRule("", kinds=("dynamic",)), FixRule("*", codes=("GF106", "GF203")))
    before = "graphfix fix model.onnx --shape x=1x3x224x224"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] y) { y = Relu(x) }""",
            because="needs sizes: --shape x=Nx3 with a number for N",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        from graphfix.ir.bind_inputs import dynamic_inputs

        free = dynamic_inputs(model)
        if not free:
            return Outcome(None)
        named = ", ".join(f"--shape {name}={dims} with a number for {', '.join(symbols)}" for name, dims, symbols in free)
        return Outcome(None, declined=(Declined(f"needs sizes: {named}", at=free[0][0]),))
