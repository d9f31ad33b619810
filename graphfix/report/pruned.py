"""What `graphfix prune` removed, layer by layer, and the change of size, as text and as JSON."""

from __future__ import annotations

from typing import Any, TextIO

from graphfix.pruning.prune import Pruned
from graphfix.pruning.sparsity import Sparsity
from graphfix.report.page import Page
from graphfix.report.size_change import SizeChange, render_change

SHOWN = 20
"""The layers that the text shows without --full."""


def pruned_json(found: Pruned, change: SizeChange, left: Sparsity) -> dict[str, Any]:
    """Return the JSON of one run."""
    return {
        **change.to_json("prune"), "layers": [layer.to_json() for layer in found.layers], "ratio": found.ratio,
        "sparsity": {"zeros": left.zeros, "two_of_four": left.two_of_four},
    }  # fmt: skip


def render_pruned(found: Pruned, change: SizeChange, left: Sparsity, out: TextIO, *, full: bool) -> None:
    """Write the run for people."""
    page = Page(out)
    page.line((change.model, "bold"), f": {summary(found)}")
    shown = found.layers if full else found.layers[:SHOWN]
    for layer in shown:
        more = f" and {len(layer.layers) - 1} more" if len(layer.layers) > 1 else ""
        page.line(f"  {layer.removed:>5} of {layer.total:<5} {layer.reason} {layer.kind:15}  {layer.layer}{more}")
    if len(found.layers) > len(shown):
        page.line(f"  and {len(found.layers) - len(shown)} more layers, which --full shows")
    render_change(page, change)
    if left.sentence:
        page.line(f"  note: {left.sentence}")


def summary(found: Pruned) -> str:
    """Return how many units were removed, in one sentence."""
    if not found.layers:
        return "nothing is dead in it"
    words = []
    for reason in ("dead", "weak"):
        counts: dict[str, int] = {}
        for layer in found.layers:
            if layer.reason == reason:
                counts[layer.kind] = counts.get(layer.kind, 0) + layer.removed
        words += [f"{count} {reason} {kind if count != 1 else kind.removesuffix('s')}" for kind, count in counts.items()]
    return f"{', '.join(words)} removed"
