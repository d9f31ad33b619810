"""f(x, unread) = y, z becomes f(x) = y: unused inputs and unwanted outputs are removed."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar

from graphfix.errors import nearest
from graphfix.rewriting.interface_rewrite import InterfaceRewrite, Reformed
from graphfix.rewriting.rewrite import Case, Declined
from graphfix.verify.feed_adapter import Adapted

if TYPE_CHECKING:
    from onnx import ModelProto


class DropUnused(InterfaceRewrite):
    """Remove the inputs without a consumer, by `--drop-unused`, and the outputs named by `--drop-output NAME`.

    Why: some compilers reject an unused input, and every caller must feed it. An unused output keeps all the nodes that
    compute it in the graph, including operators that the target does not support.
    """

    name = "drop-unused"
    before = "graphfix fix model.onnx --drop-unused --drop-output logits"
    ask = "needs the names to drop: --drop-unused, --drop-output NAME"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x, float[3] z) => (float[3] y) { y = Relu(x) }""",
            because=ask,
        ),
    )

    def __init__(self, outputs: Collection[str] | None = None) -> None:
        """Set the `outputs` to remove, which may be empty; None means that the change is not requested."""
        self.outputs = None if outputs is None else frozenset(outputs)

    @property
    def asked(self) -> bool:
        return self.outputs is not None

    def reform(self, model: ModelProto) -> Reformed | Declined:
        from onnx import ModelProto

        from graphfix.ir.bind_inputs import interface
        from graphfix.ir.traversal import graphs

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
        _prune(made)
        read = {name for graph in graphs(made.graph) for node in graph.node for name in node.input}
        read |= {output.name for graph in graphs(made.graph) for output in graph.output}
        unread = frozenset(info.name for info in interface(made) if info.name not in read)
        if not unread and not self.outputs:
            return Declined("every input is read")
        left = [info for info in made.graph.input if info.name not in unread]
        del made.graph.input[:]
        made.graph.input.extend(left)
        dropped = self.outputs or frozenset()

        def adapt(given: Adapted) -> Adapted:
            fed = {name: array for name, array in given.new.items() if name not in unread}
            return dataclasses.replace(given, new=fed, dropped=given.dropped | dropped)

        return Reformed(made, tuple(sorted(unread | dropped)), adapt)


def _prune(model: ModelProto) -> None:
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
