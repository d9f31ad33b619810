"""f(x, unread) = y, z becomes f(x) = y: unused inputs and unwanted outputs are removed."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar

from graphfix.errors import nearest
from graphfix.rewriting.interface_rewrite import InterfaceRewrite, Reformed
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome
from graphfix.verify.feed_adapter import Adapted

if TYPE_CHECKING:
    from onnx import ModelProto


STRING = 8
"""The code of strings among ONNX's dtypes."""
NOTHING = "no output holds text, and every input is read"


class DropUnused(InterfaceRewrite):
    """Remove the inputs without a consumer, by `--drop-unused`, and the outputs named by `--drop-output NAME`.

    Why: some compilers reject an unused input, and every caller must feed it. An unused output keeps all the nodes that
    compute it in the graph, including operators that the target does not support.
    """

    name = "drop-unused"
    fixes = (FixRule("*", kinds=("dtype",)),)
    before = "graphfix fix model.onnx --drop-unused --drop-output logits"
    ask = "needs the names to drop: --drop-unused, --drop-output NAME"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x, float[3] z) => (float[3] y) { y = Relu(x) }""",
            because=ask,
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2] x) => (string[1] label, float[1, 2] y) {
                 y = Relu(x)
                 i = ArgMax<axis = 1, keepdims = 0>(x)
                 names = Constant<value_strings = ["cat", "dog"]>()
                 label = Gather(names, i) }""",
            because="no compiler has text: leave it out with --drop-output label",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (double[3] x) => (double[3] y) { y = Exp(x) }""",
            because="no output holds text, and every input is read",
        ),
    )

    def __init__(self, outputs: Collection[str] | None = None) -> None:
        """Set the `outputs` to remove, which may be empty; None means that the change is not requested."""
        self.outputs = None if outputs is None else frozenset(outputs)

    @property
    def asked(self) -> bool:
        return self.outputs is not None

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        if self.asked:
            return super().apply(model, wanted)
        texts = [f"--drop-output {info.name}" for info in model.graph.output if info.type.tensor_type.elem_type == STRING]
        reason = f"no compiler has text: leave it out with {' '.join(texts)}" if texts else self.ask
        return Outcome(None, declined=(Declined(reason if texts or unread(model) else NOTHING),))

    def reform(self, model: ModelProto) -> Reformed | Declined:
        from onnx import ModelProto

        there = [output.name for output in model.graph.output]
        for name in sorted(self.outputs or ()):
            if name not in there:
                return Declined(f"the model has no output `{name}`; {nearest(name, there)}", at=name)
        if set(there) <= (self.outputs or frozenset()):
            return Declined("no output would be left")
        made = ModelProto()
        made.CopyFrom(model)
        kept = [output for output in made.graph.output if output.name not in (self.outputs or ())]
        del made.graph.output[:]
        made.graph.output.extend(kept)
        prune(made)
        idle = unread(made)
        if not idle and not self.outputs:
            return Declined("every input is read")
        left = [info for info in made.graph.input if info.name not in idle]
        del made.graph.input[:]
        made.graph.input.extend(left)
        dropped = self.outputs or frozenset()

        def adapt(given: Adapted) -> Adapted:
            fed = {name: array for name, array in given.new.items() if name not in idle}
            return dataclasses.replace(given, new=fed, dropped=given.dropped | dropped)

        return Reformed(made, tuple(sorted(idle | dropped)), adapt)


def unread(model: ModelProto) -> frozenset[str]:
    """Return the inputs without a consumer."""
    from graphfix.ir.bind_inputs import interface
    from graphfix.ir.traversal import graphs

    read = {name for graph in graphs(model.graph) for node in graph.node for name in node.input}
    read |= {output.name for graph in graphs(model.graph) for output in graph.output}
    return frozenset(info.name for info in interface(model) if info.name not in read)


def prune(model: ModelProto) -> None:
    """Remove the nodes and initializers that no output depends on."""
    from graphfix.ir.traversal import graphs

    wanted = {output.name for output in model.graph.output}
    nodes = []
    for node in reversed(model.graph.node):
        if wanted & set(node.output):
            nodes.append(node)
            wanted |= set(node.input)
            for item in node.attribute:
                for inner in graphs(item.g) if item.HasField("g") else ():
                    wanted |= {name for each in inner.node for name in each.input} | {o.name for o in inner.output}
    nodes.reverse()
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    stored = [tensor for tensor in model.graph.initializer if tensor.name in wanted]
    del model.graph.initializer[:]
    model.graph.initializer.extend(stored)
