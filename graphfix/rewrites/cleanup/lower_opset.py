"""The same model at an older opset, by ONNX's own version converter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from graphfix.ir.operator_set import opset_version
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety

if TYPE_CHECKING:
    from onnx import ModelProto

STEPS = (21, 18, 17, 13, 11)
"""The opsets to convert to, newest first."""


class LowerOpset(Rewrite):
    """Convert the model to the next older opset that is widely supported.

    Why: exporters write the newest opset they support, and compilers follow about a year later: the operators are the
    same, and only their newest versions are not supported yet. Verified like any other rewrite.
    """

    name = "lower-opset"
    safety = Safety.EXACT
    undoes = "upgrade-opset"
    everywhere = True
    fixes = (FixRule("*", kinds=("opset",)), FixRule("", kinds=("opset",)))
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 10, opset_import: ["" : 22]> g (float[1, 3] x) => (float[1, 3] y) { h = Softmax(x)  y = Relu(h) }""",
            ops=("Softmax", "Relu"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 5, opset_import: ["" : 11]> g (float[3] x) => (float[3] y) { y = Relu(x) }""",
            because="the model is at opset 11 already",
        ),
        Case(
            """<ir_version: 10, opset_import: ["" : 20]> g (float[2, 3] x) => (float[2, 3] y) { y = Gelu(x) }""",
            because="the converter has no way from opset 20 to 18",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        from onnx import version_converter

        from graphfix.ir.metadata import restore

        now = opset_version(model)
        step = next((opset for opset in STEPS if opset < now), None)
        if step is None:
            return Outcome(None, declined=(Declined(f"the model is at opset {now} already"),))
        if model.functions:
            return Outcome(None, declined=(Declined("the converter does not reach into local functions"),))
        try:
            made = version_converter.convert_version(model, step)
        except Exception:  # the converter passes on the C++ exceptions of its adapters
            return Outcome(None, declined=(Declined(f"the converter has no way from opset {now} to {step}"),))
        return Outcome(restore(model, made), (f"opset {now} to {step}",), (((), ""),))
