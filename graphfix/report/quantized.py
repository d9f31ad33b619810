"""What `graphfix quantize` did: the form, the layers by what they cost, and the change of size, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

from graphfix.quantizing.quantize import Quantized
from graphfix.quantizing.sensitivity import LayerSensitivity
from graphfix.report.page import Page
from graphfix.report.size_change import SizeChange, render_change

SHOWN = 10
"""The layers that the text shows without --full."""


def quantized_json(found: Quantized, change: SizeChange) -> dict[str, Any]:
    """Return the JSON of one run."""
    from dataclasses import asdict

    return {
        **change.to_json("quantize"), "form": {**asdict(found.form), "label": found.form.label},
        "layers": [one.to_json() for one in found.layers], "left_out": list(found.left_out),
        "method": found.variants.method,
    }  # fmt: skip


def render_quantized(found: Quantized, change: SizeChange, out: TextIO, *, full: bool) -> None:
    """Write the run for people."""
    page = Page(out)
    count = len(found.layers) - len(found.left_out)
    how = f", ranges by {found.variants.method}" if found.form.scheme in ("qdq", "qoperator") else ""
    page.line((change.model, "bold"), f": {count} of {len(found.layers)} layers are quantised: {found.form.label}{how}")
    render_change(page, change)
    if not found.layers:
        return
    page.line()
    page.line("  layers by what quantising each alone costs")
    shown = by_cost(found.layers)
    for one in shown if full else shown[:SHOWN]:
        more = [] if one.quantised else ["left in float"]
        more += [f"{ratio:.1f} dB compiled by {target}" for target, ratio in one.on_targets.items() if ratio < (one.snr or 0) - 3]
        page.line(f"  {decibels(one):>10}  {one.operator:13}  {one.layer}" + (f"  ({', '.join(more)})" if more else ""))
    if len(shown) > SHOWN and not full:
        page.line(f"  {'':10}  and {len(shown) - SHOWN} more, which --full shows")


def by_cost(layers: Sequence[LayerSensitivity]) -> list[LayerSensitivity]:
    """Return the layers with the most sensitive first."""
    return sorted(layers, key=lambda one: (one.worst is None, one.worst or 0.0))


def decibels(one: LayerSensitivity) -> str:
    """Return the signal-to-noise ratio of a layer in words."""
    return "no time" if one.snr is None else "exact" if one.snr >= 300 else f"{one.snr:.1f} dB"
