"""The report of `graphfix precision` as text and as JSON."""

from __future__ import annotations

import math
from typing import Any, TextIO

from graphfix.precision.judge import PrecisionReport
from graphfix.precision.output_errors import OutputError
from graphfix.report.json_ import written
from graphfix.report.page import Page
from graphfix.tables.precision import PrecisionTable
from graphfix.version import VERSION

ENDS = {"float16": "float16 ends at 65504", "bfloat16": "bfloat16 ends at 3.4e38", "tf32": "TF32 ends at 3.4e38"}
MOST_NODES = 3
"""Nodes that are named of those a rewrite changes."""


def render_precision(name: str, title: str, known: PrecisionTable | None, report: PrecisionReport, out: TextIO) -> None:
    """Write the report as text."""
    page = Page(out)
    page.line((f"{name}: {title} computes in {report.precision}", "bold"))
    mode = report.arithmetic
    if mode is not None and known is not None:
        page.line(f"  {mode.evidence} with {known.compiler}: {mode.said}")
    if report.precision == "float32":
        page.line("  nothing is rounded to a narrower precision")
        return
    inputs = f"{report.samples} {'seeded ' if report.seeded else ''}input{'s' if report.samples != 1 else ''}"
    page.line(f"  simulated in onnxruntime: {report.simulated} nodes rounded, {inputs}")
    page.line()
    output_table(page, report.outputs)
    if report.troubles:
        page.line()
        page.line(("where it goes wrong", "bold"))
        for one in report.troubles:
            spot = f" ({one.source})" if one.source else ""
            page.line(f"  {one.trouble.kind:9} `{one.op}` {one.node}{spot}: {_what(one.trouble, report.precision)}")
    _advice(page, known, report)


def output_table(page: Page, errors: list[OutputError]) -> None:
    """Write a line for the error of each output."""
    width = max([6, *(len(error.name) for error in errors)])
    page.line(f"{'output':{width}}  {'max':>9}  {'mean':>9}  {'of scale':>9}  {'SNR':>9}  {'cosine':>9}  top-1")
    for error in errors:
        told = error.to_json()
        top = "" if told["top1"] is None else f"{told['top1']:.2%}"
        snr = "exact" if error.snr == math.inf else "lost" if error.lost else f"{error.snr:.1f} dB"
        share = f"{told['max_abs'] / error.scale:.2%}" if error.scale else ""
        lost = f"  {error.lost} values are no longer finite" if error.lost else ""
        sizes = f"{told['max_abs']:9.2e}  {told['mean_abs']:9.2e}  {share:>9}  {snr:>9}  {told['cosine']:9.6f}"
        page.line(f"{error.name:{width}}  {sizes}  {top}{lost}")


def _what(trouble: Any, precision: str) -> str:
    if trouble.kind == "overflow":
        return f"numbers up to {trouble.largest:.3g} in `{trouble.value}`; {ENDS[precision]}"
    if trouble.kind == "vanishes":
        return f"{trouble.share:.0%} of the numbers in `{trouble.value}` become 0, the smallest is {trouble.largest:.3g}"
    return f"rounding it alone makes {trouble.share:.0%} of the error"


def _advice(page: Page, known: PrecisionTable | None, report: PrecisionReport) -> None:
    lines = []
    exact = next((one for one in known.arithmetics if one.precision == "float32" and one.setting), None) if known else None
    if exact is not None and any(error.noise > 0 for error in report.outputs):
        lines.append(f"  setting   {exact.setting} computes in float32")
    for name, nodes in report.rewrites:
        more = f" and {len(nodes) - MOST_NODES} more" if len(nodes) > MOST_NODES else ""
        lines.append(f"  rewrite   {name} at {', '.join(nodes[:MOST_NODES])}{more}")
    if report.after:
        worst = min(report.after, key=lambda error: error.snr)
        then = (
            f"{worst.lost} values of `{worst.name}` are still lost" if worst.lost else f"the SNR is {min(worst.snr, 300):.1f} dB"
        )
        lines.append(f"            with {'these rewrites' if len(report.rewrites) > 1 else 'this rewrite'} {then}")
    if lines:
        page.line()
        page.line(("what to do", "bold"))
        for line in lines:
            page.line(line)


def precision_json(name: str, target: str, known: PrecisionTable | None, report: PrecisionReport) -> dict[str, Any]:
    """Return the report as JSON holds it."""
    mode = report.arithmetic
    return {
        "model": name,
        "target": target,
        "compiler": known.compiler if known is not None else None,
        "precision": report.precision,
        "default": mode.default if mode is not None else None,
        "setting": mode.setting if mode is not None else None,
        "evidence": mode.evidence if mode is not None else None,
        "said": mode.said if mode is not None else None,
        "samples": report.samples,
        "seeded": report.seeded,
        "simulated_nodes": report.simulated,
        "outputs": [{"name": error.name, **error.to_json()} for error in report.outputs],
        "nodes": [one.to_json() for one in report.troubles],
        "settings": [
            {"precision": one.precision, "setting": one.setting, "default": one.default, "requires": one.requires}
            for one in (known.arithmetics if known is not None else ())
        ],
        "rewrites": [{"name": name, "nodes": list(nodes)} for name, nodes in report.rewrites],
        "after_rewrites": [{"name": error.name, **error.to_json()} for error in report.after],
    }


def render_precision_json(reports: list[dict[str, Any]], out: TextIO) -> None:
    """Write the reports as one JSON document."""
    out.write(written({"schema": 1, "graphfix": VERSION, "precision": reports}) + "\n")
