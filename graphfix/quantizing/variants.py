"""A quantised model and its variants: with some layers left in float, or with a single layer quantised."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from onnx import ModelProto

from graphfix.ir.tensors import nbytes
from graphfix.precision.quantised_form import CORE, quantise
from graphfix.quantizing.qdq_layers import only_layers, quantised_layers
from graphfix.tables.precision import Form
from graphfix.verify.feeds import Feed


@dataclass(slots=True)
class Variants:
    """The variants of one model in one form; `layers` are the names of those that can be quantised, in the graph's order."""

    model: ModelProto
    form: Form
    feeds: Sequence[Feed] = ()
    method: str = "minmax"
    layers: list[str] = field(default_factory=list)
    whole: ModelProto = field(default_factory=ModelProto)

    def __post_init__(self) -> None:
        self.whole = quantise(self.model, self.form, self.feeds, method=self.method)
        if self.form.scheme == "qdq":
            self.layers = quantised_layers(self.whole)
            return
        weights = {tensor.name for tensor in self.model.graph.initializer}
        made = {node.name: (node.op_type, *node.input) for node in self.whole.graph.node}
        self.layers = [
            node.name
            for node in self.model.graph.node
            if node.op_type in CORE and not weights.isdisjoint(node.input) and made.get(node.name) != (node.op_type, *node.input)
        ]

    def without(self, left_out: Collection[str]) -> ModelProto:
        """Return the model with all layers quantised but these."""
        kept = [name for name in self.layers if name not in left_out]
        if self.form.scheme == "qdq":
            return only_layers(self.whole, self.model, kept)
        return quantise(self.model, self.form, self.feeds, exclude=left_out, method=self.method) if left_out else self.whole

    def weight_bytes(self, layer: str) -> int:
        """Return the bytes of a layer's weights in the original."""
        held = {tensor.name: nbytes(tensor) or 0 for tensor in self.model.graph.initializer}
        return sum(held.get(name, 0) for node in self.model.graph.node if node.name == layer for name in node.input)

    def single(self, layer: str) -> ModelProto:
        """Return the model with one layer quantised."""
        return self.without([name for name in self.layers if name != layer])
