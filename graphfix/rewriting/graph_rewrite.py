"""Base classes of rewrites that edit an onnx-graphsurgeon graph: the whole model, or one node at a time by ONNX text.

Importing it costs no more than onnx: graphsurgeon is imported where a model is opened (editor.py).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import onnx
from onnx import ModelProto, NodeProto

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.export import export
from graphfix.rewriting.opset_forms import in_opset_form
from graphfix.rewriting.rewrite import Declined, Key, Outcome, Rewrite


def parse_nodes(text: str, opset: int) -> list[NodeProto]:
    """Return the nodes of a piece of ONNX text without types, such as `y = HardSwish(x)`."""
    source = f'<domain: "text", opset_import: ["" : {opset}]> f () => (y) {{ {text} }}'
    return list(onnx.parser.parse_function(source).node)


class GraphRewrite(Rewrite):
    """A rewrite that edits an onnx-graphsurgeon graph, at every depth."""

    @abstractmethod
    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        """Change the open graphs in place, yielding the key of each node changed, and a Declined for each node left."""

    def idle(self, model: ModelProto) -> bool:
        """Whether the protobuf alone shows that there is nothing to do; opening the model costs far more."""
        return False

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        if self.idle(model):
            return Outcome(None)
        surgery = GraphEditor(model, self.name)
        if surgery.opset < self.needs_opset:
            return Outcome(None, declined=(Declined(f"needs opset {self.needs_opset}, the model has {surgery.opset}"),))
        keys: list[Key] = []
        declined: list[Declined] = []
        for event in self.edit(surgery, wanted):
            if isinstance(event, Declined):
                declined.append(event)
            else:
                keys.append(event)
        if not keys:
            return Outcome(None, declined=tuple(declined))
        labels = tuple(surgery.label(key) for key in keys)
        return Outcome(export(surgery), labels, tuple(keys), tuple(declined))


class NodeRewrite(GraphRewrite):
    """A rewrite of one node at a time, written as ONNX text.

    `before` is one node, such as `y = HardSwish(x)`; its names are bound to the node's operands, which also go by
    `in0`, `in1`, and its outputs by `out0`. `after` is the text that replaces it, in which those names, and the names
    that `numbers` and `constants` give, may be used. A rewrite whose replacement depends on the node overrides
    `replacement`, or `compose` where text is not enough (replacement.py).
    """

    ops: ClassVar[tuple[str, ...]] = ()
    """Further operators with the domain and form of `before`."""
    dtypes: ClassVar[tuple[str, ...]] = ()
    """The dtypes of the first operand for which the rewrite is correct; if empty, any."""

    def guard(self, node: Any, surgery: GraphEditor) -> Declined | None:
        """Return why this node cannot be rewritten; None when it can."""
        return None

    def numbers(self, node: Any, surgery: GraphEditor) -> Mapping[str, float]:
        """Return the scalars that the replacement uses by name, in the dtype of the first operand."""
        return {}

    def constants(self, node: Any, surgery: GraphEditor) -> Mapping[str, np.ndarray[Any, Any]]:
        """Return the arrays that the replacement uses by name."""
        return {}

    def replacement(self, node: Any, surgery: GraphEditor) -> str:
        """Return the ONNX text that computes the node's outputs."""
        return self.after

    def compose(self, node: Any, surgery: GraphEditor) -> tuple[list[NodeProto], Mapping[str, np.ndarray[Any, Any]]] | Declined:
        """Return the nodes and constants that replace the node, or why there are none."""
        refusal = self.guard(node, surgery)
        if refusal is not None:
            return refusal
        dtype = surgery.dtype(node.inputs[0]) if node.inputs else None
        numbers = {name: np.asarray(number, dtype) for name, number in self.numbers(node, surgery).items()}
        nodes, operands = in_opset_form(parse_nodes(self.replacement(node, surgery), surgery.opset), surgery.opset, dtype)
        return nodes, {**numbers, **operands, **self.constants(node, surgery)}

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        pattern = parse_nodes(self.before, self.needs_opset)[0]
        for graph in surgery.graphs():
            for node in list(graph.nodes):
                domain = "" if node.domain in (None, "ai.onnx") else node.domain
                if node.op not in (pattern.op_type, *self.ops) or domain != pattern.domain:
                    continue
                key = surgery.key(node)
                if wanted is not None and key not in wanted:
                    continue
                refusal = surgery.dtype_only(node, self.dtypes)
                composed = refusal if refusal is not None else self.compose(node, surgery)
                if isinstance(composed, Declined):
                    if composed.reason:  # an empty reason means that the node needs no change
                        yield composed
                    continue
                bound = {f"in{i}": tensor for i, tensor in enumerate(node.inputs)}
                bound |= dict(zip(pattern.input, node.inputs, strict=False))
                made = {f"out{i}": tensor for i, tensor in enumerate(node.outputs)}
                made |= dict(zip(pattern.output, node.outputs, strict=False))
                named = {name: tensor for name, tensor in made.items() if tensor.name}
                surgery.replace(graph, node, composed[0], bound, named, composed[1])
                yield key
