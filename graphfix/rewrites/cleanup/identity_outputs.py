"""g() => (w), w a constant v = g() => (w) with w = Identity(v): an output without a producer gets one."""

from __future__ import annotations

from typing import ClassVar

from onnx import ModelProto, helper

from graphfix.ir.value_names import ValueNames
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety


class IdentityOutputs(Rewrite):
    """Insert an Identity between an input or a constant and the output that it is used as directly.

    Why: ONNX allows a graph to return an input or a constant; compilers that map outputs to nodes find no node. The output
    keeps its name; where an input has the same name, both cannot keep it, and the model must stay as it is.
    """

    name = "identity-outputs"
    safety = Safety.EXACT
    everywhere = True
    fixes = (FixRule("", kinds=("attribute", "form"), traits=("outputs.direct", "nodes")),)
    before = "g (float[3] x) => (float[3] w) <float[3] w = {1, 2, 3}> { }"
    after = "g (float[3] x) => (float[3] w) <float[3] v = {1, 2, 3}> { w = Identity(v) }"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y, float[3] w) <float[3] w = {1, 2, 3}> {
                 y = Mul(x, w) }""",
            ops=("Identity", "Mul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y, float[3] x) { y = Relu(x) }""",
            because="`x` is an input and an output by one name",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) { y = Relu(x) }""",
            because="a node makes every output",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        made = ModelProto()
        made.CopyFrom(model)
        graph = made.graph
        inputs, outputs = {info.name for info in graph.input}, {output.name for output in graph.output}
        both = next((output.name for output in graph.output if output.name in inputs), None)
        if both is not None:
            return Outcome(None, declined=(Declined(f"`{both}` is an input and an output by one name"),))
        taken = ValueNames.of(graph)
        given = [tensor for tensor in graph.initializer if tensor.name in outputs]
        if not given:
            return Outcome(None, declined=(Declined("a node makes every output"),))
        names = [tensor.name for tensor in given]
        for tensor, name in zip(given, names, strict=True):
            tensor.name = taken.fresh(f"{name}/value")
            graph.node.insert(0, helper.make_node("Identity", [tensor.name], [name], name=f"{name}/{self.name}"))
        return Outcome(made, tuple(names), tuple(((), name) for name in names))
