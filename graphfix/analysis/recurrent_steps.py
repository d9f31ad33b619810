"""How many cells of a recurrent node would be written out, one for each step and direction, and how many are at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphfix.analysis.values import NodeFacts

MOST_CELLS = {"unroll-recurrent": 512, "unroll-dynamic-recurrent": 128}
"""The most cells that a rewrite writes out; a cell that quantises its states is some thirty nodes."""
RECURRENT = frozenset({"LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"})


def too_long(node: NodeFacts) -> frozenset[str]:
    """Return the rewrites that decline a recurrent node because its steps are too many, none, or not a fixed number."""
    if node.op not in RECURRENT:
        return frozenset()
    data = next(iter(node.inputs), None)
    steps = data.shape[0] if data is not None and data.shape else None
    if not isinstance(steps, int):
        return frozenset(MOST_CELLS)
    both = any(item.name == "direction" and item.s == b"bidirectional" for item in node.proto.attribute)
    cells = steps * (2 if both else 1)
    return frozenset(name for name, most in MOST_CELLS.items() if cells > most or not cells)
