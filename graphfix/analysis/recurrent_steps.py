"""How many steps of a recurrent node would be written out, and how many are at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphfix.analysis.values import NodeFacts

MOST_STEPS = {"unroll-recurrent": 512, "unroll-dynamic-recurrent": 128}
"""The most steps that a rewrite writes out in each direction; a cell that quantises its states is some thirty nodes."""
RECURRENT = frozenset({"LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"})
RUNS = "runs"
"""The name of a facet of a quantised layer's surroundings: its direction."""
STEPS, FEW = "cells", 64
"""The name of a facet of a node's surroundings, for fixes: `few` steps up to this number in both directions, `many`, `open`."""


def too_long(node: NodeFacts) -> frozenset[str]:
    """Return the rewrites that decline a recurrent node because its steps are too many, none, or not a fixed number."""
    if node.op not in RECURRENT:
        return frozenset()
    steps = _dim(node, 0)
    return frozenset(name for name, most in MOST_STEPS.items() if not steps or steps > most)


def step_class(node: NodeFacts) -> str | None:
    """Return whether a recurrent node has few or many steps, or a number that is not fixed; None for other nodes.

    None as well where states of several sequences are quantised together: these steps are not written out.
    """
    steps = _dim(node, 0) if node.op in RECURRENT else None
    if node.op == "DynamicQuantizeLSTM" and _dim(node, 1) != 1:
        return None
    both = any(item.name == "direction" and item.s == b"bidirectional" for item in node.proto.attribute)
    if steps is None:
        return "open" if node.op in RECURRENT else None
    return "few" if steps * (2 if both else 1) <= FEW else "many"


def direction(node: NodeFacts) -> str | None:
    """Return the direction of a quantised layer, whose facets cannot tell it without a schema; None for other nodes."""
    if node.op != "DynamicQuantizeLSTM":
        return None
    return next((item.s.decode() for item in node.proto.attribute if item.name == "direction"), "forward")


def _dim(node: NodeFacts, axis: int) -> int | None:
    data = next(iter(node.inputs), None)
    size = data.shape[axis] if data is not None and data.shape and axis < len(data.shape) else None
    return size if isinstance(size, int) else None
