"""The same model at a newer opset, by ONNX's own version converter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from graphfix.ir.operator_set import opset_version
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety

if TYPE_CHECKING:
    from onnx import ModelProto

STEPS = (13, 17, 18, 21)
"""The opsets to convert to: axes as operands, LayerNormalization, reductions with operand axes, the newest in wide use."""


class UpgradeOpset(Rewrite):
    """Convert the model to the next widely supported opset.

    Why: compilers stop supporting old versions of operators before the operators themselves. Verified like any other rewrite,
    since the converter has no adapter for every change.
    """

    name = "upgrade-opset"
    safety = Safety.EXACT
    undoes = "lower-opset"
    everywhere = True
    fixes = (FixRule("*", kinds=("opset",)), FixRule("", kinds=("opset",)))
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 7, opset_import: ["" : 11]> g (float[1, 3] x) => (float[3] y) { y = Squeeze<axes = [0]>(x) }""",
            ops=("Constant", "Squeeze"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 10, opset_import: ["" : 21]> g (float[3] x) => (float[3] y) { y = Relu(x) }""",
            because="the model is at opset 21 already",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        import onnx
        from onnx import version_converter

        from graphfix.ir.metadata import restore

        now = opset_version(model)
        step = next((opset for opset in STEPS if opset > now), None)
        if step is None:
            return Outcome(None, declined=(Declined(f"the model is at opset {now} already"),))
        if model.functions:
            return Outcome(None, declined=(Declined("the converter does not reach into local functions"),))
        made = version_converter.convert_version(model, step)
        made.ir_version = max(model.ir_version, onnx.helper.find_min_ir_version_for(list(made.opset_import)))
        labels = (f"opset {now} to {step}",)
        return Outcome(restore(model, made), labels, (((), ""),))
