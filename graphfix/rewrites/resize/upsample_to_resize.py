"""Upsample(x, scales) = Resize<asymmetric, floor>(x, roi, scales): the same under the name it has from opset 10 on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

OPSET = 11
"""The first opset whose Resize says how it maps coordinates."""


class UpsampleToResize(Rewrite):
    """Bring a model with Upsample to opset 11, where it is Resize.

    Why: compilers that follow newer opsets have dropped Upsample, and kept Resize.
    """

    name = "upsample-to-resize"
    safety = Safety.EXACT
    everywhere = True
    fixes = (FixRule("Upsample"),)
    before = "y = Upsample(x, scales)"
    after = """y = Resize<coordinate_transformation_mode = "asymmetric", nearest_mode = "floor">(x, roi, scales)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 4, opset_import: ["" : 9]> g (float[1, 1, 3, 4] x) => (float[1, 1, 6, 8] y)
               <float[4] s = {1, 1, 2, 2}> { y = Upsample(x, s) }""",
            ops=("Constant", "Resize"),
        ),
        Case(
            """<ir_version: 4, opset_import: ["" : 7]> g (float[1, 2, 3, 4] x) => (float[1, 2, 6, 4] y) {
                 h = Upsample<mode = "linear", scales = [1.0, 1.0, 2.0, 1.0]>(x)
                 y = Relu(h) }""",
            ops=("Constant", "Constant", "Resize", "Relu"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 9]> g (float[3] x) => (float[3] y) { y = Relu(x) }"""),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        import onnx
        from onnx import version_converter

        from graphfix.ir.metadata import restore
        from graphfix.ir.traversal import graphs

        found = [node for graph in graphs(model.graph) for node in graph.node if node.op_type == "Upsample"]
        if not found:
            return Outcome(None)
        if model.functions:
            return Outcome(None, declined=(Declined("the converter does not reach into local functions"),))
        made = version_converter.convert_version(model, OPSET)
        made.ir_version = max(model.ir_version, onnx.helper.find_min_ir_version_for(list(made.opset_import)))
        for node in (node for graph in graphs(made.graph) for node in graph.node if node.op_type == "Resize"):
            _state(node)  # the converter leaves defaults, which mean something else; every Resize was an Upsample
        labels = tuple(node.name or node.output[0] for node in found)
        return Outcome(restore(model, made), labels, (((), ""),))


def _state(node: NodeProto) -> None:
    """Write down how Upsample maps coordinates and rounds."""
    from onnx import helper

    stated = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    kept = [item for item in node.attribute if item.name not in stated]
    del node.attribute[:]
    node.attribute.extend([*kept, *(helper.make_attribute(name, value) for name, value in stated.items())])
