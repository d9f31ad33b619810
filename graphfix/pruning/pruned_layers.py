"""What was pruned, layer by layer, in the words of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from onnx import ModelProto, NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.operand_constraints import GATES
from graphfix.pruning.components import Component
from graphfix.pruning.dead_units import Removal
from graphfix.pruning.relations import attention

LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul", *GATES)


@dataclass(frozen=True, slots=True)
class PrunedLayer:
    """The units that were removed from layers that share them: the first layer's name, how many of how many, and why.

    `kind` is `channels`, `channel groups`, `heads` or `recurrent units`, `reason` is `dead` or `weak`, and `layers` are all those
    that lost them.
    """

    layer: str
    kind: str
    removed: int
    total: int
    reason: str
    layers: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The layer as docs/json.md describes it."""
        return {**asdict(self), "layers": list(self.layers)}


def pruned_layers(model: ModelProto, removals: list[Removal], reason: str) -> Iterator[PrunedLayer]:
    """Yield what was removed from each component, in the order of its first layers."""
    makers = {name: (place, node) for place, node in enumerate(model.graph.node) for name in node.output}
    found = []
    for one in removals:
        if not one.removed.any():
            continue
        made = sorted(makers[axis[0]][0] for axis in one.component.units if axis[0] in makers)
        nodes = [model.graph.node[place] for place in dict.fromkeys(made)]
        layers = [node for node in nodes if node.op_type in LAYERS] or nodes
        names = tuple(node.name or node.output[0] for node in layers)
        kind = _kind(one.component, nodes)
        label = names[0] if names else next(iter(one.component.units))[0]
        found.append((made[:1], PrunedLayer(label, kind, int(one.removed.sum()), one.component.count, reason, names)))
    yield from (layer for _, layer in sorted(found, key=lambda pair: pair[0]))


def _kind(component: Component, nodes: Sequence[NodeProto]) -> str:
    """Return what the units of a component are called."""
    operators = {node.op_type for node in nodes}
    if operators & attention.FAMILY.keys():
        return "heads"
    if operators & GATES.keys():
        return "recurrent units"
    flat = any(units.size > component.count for axis, units in component.units.items())
    whole = any(units.size == component.count and axis[1] != 0 for axis, units in component.units.items())
    if flat and whole and "MatMul" in operators:
        return "heads"
    grouped = [node for node in nodes if node.op_type in ("Conv", "ConvTranspose") and attribute(node, "group", 1) > 1]
    channels = [component.units.get((node.output[0], 1)) for node in grouped]
    return "channel groups" if any(units is not None and units.size > component.count for units in channels) else "channels"
