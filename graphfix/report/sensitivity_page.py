"""The sensitivity of layers as a web page of its own: a bar for each layer, without a script."""

from __future__ import annotations

from graphfix.quantizing.quantize import Quantized
from graphfix.quantizing.sensitivity import LayerSensitivity
from graphfix.report.quantized import decibels
from graphfix.report.size_change import SizeChange, described
from graphfix.report.sizes import in_bytes
from graphfix.report.standalone_page import escaped_html

WIDTH, ROW, LABEL = 960, 20, 380
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem }
body { color: #1d2b2f; background: #fff }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
svg { width: 100%; height: auto } svg text { font: 12px ui-monospace, monospace; fill: currentColor }
.quantised { fill: #2a8c82 } .float { fill: #c97b12 } td, th { padding: .1rem 1rem .1rem 0; text-align: left }
@media (prefers-color-scheme: dark) { body { color: #dfe7e6; background: #14191b } }
"""


def sensitivity_page(found: Quantized, change: SizeChange) -> str:
    """Return the page as HTML; names of layers and models are escaped."""
    bars = "\n".join(_bar(place, one, _longest(found.layers)) for place, one in enumerate(found.layers))
    height = ROW * max(len(found.layers), 1) + 4
    outputs = "".join(
        f"<tr><td>{escaped_html(name)}</td><td>{escaped_html(described(one))}</td></tr>" for name, one in change.metrics.items()
    )
    runs = "".join(
        f"<tr><td>{escaped_html(run.target)}</td><td>{escaped_html(_answer(run.accepted))}</td></tr>" for run in change.runs
    )
    count = len(found.layers) - len(found.left_out)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escaped_html(change.model)} quantised</title><style>{STYLE}</style></head><body>
<h1>{escaped_html(change.model)}</h1>
<p>{count} of {len(found.layers)} layers are quantised: {escaped_html(found.form.label)}.
{in_bytes(change.before.file_bytes)} before, {in_bytes(change.after.file_bytes)} now.</p>
<table><tr><th>output</th><th>in onnxruntime</th></tr>{outputs}</table>
<table><tr><th>target</th><th>compiler</th></tr>{runs}</table>
<h2>What quantising each layer alone costs</h2>
<p>Signal-to-noise ratio of the output that suffers most, in the order of the graph: a short bar is a sensitive layer.
<svg width="12" height="12"><rect class="quantised" width="12" height="12"/></svg> quantised
<svg width="12" height="12"><rect class="float" width="12" height="12"/></svg> left in float</p>
<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Sensitivity of layers">
{bars}
</svg>
</body></html>
"""


def _longest(layers: list[LayerSensitivity]) -> float:
    return max((one.snr for one in layers if one.snr is not None and one.snr < 300), default=1.0)


def _bar(place: int, one: LayerSensitivity, longest: float) -> str:
    """Return the bar of one layer with its name and number."""
    top, room = place * ROW + 2, WIDTH - LABEL - 90
    length = 0.0 if one.snr is None else room * max(0.0, min(one.snr / longest, 1.0))
    name = one.layer if len(one.layer) <= 50 else f"…{one.layer[-49:]}"
    kind = "quantised" if one.quantised else "float"
    return (
        f'<text x="{LABEL - 8}" y="{top + 13}" text-anchor="end">'
        f"{escaped_html(name)}<title>{escaped_html(one.layer)}</title></text>"
        f'<rect class="{kind}" x="{LABEL}" y="{top}" width="{length:.1f}" height="{ROW - 5}"/>'
        f'<text x="{LABEL + length + 6:.1f}" y="{top + 13}">{escaped_html(decibels(one))}</text>'
    )


def _answer(accepted: bool | None) -> str:
    return "was not asked" if accepted is None else "accepts it" if accepted else "rejects it"
