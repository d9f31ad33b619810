"""What `compile` was told, for people: prediction and verdict side by side, then what follows from the verdict."""

from __future__ import annotations

from typing import TextIO

from graphfix.diagnostic import Result
from graphfix.report.page import Page
from graphfix.report.text import VERDICTS, findings
from graphfix.testimony import REPORTED_FIRST


def render_compiled(result: Result, out: TextIO, *, full: bool = False) -> None:
    """Write the verdict beside the prediction, the findings that come of asking, and how the outputs compare."""
    page = Page(out)
    real = result.compiler or {}
    said, predicted = "accepted" if real["accepted"] else "rejected", str(real["predicted"])
    tail = f" by {result.target} {real['version']} in {real['seconds']:.1f} s (predicted: "
    page.line((result.model, "bold"), ": ", (said, VERDICTS[said]), tail, (predicted, VERDICTS.get(predicted, "bold")), ")")
    findings(page, [finding for finding in result.findings if finding.kind in REPORTED_FIRST], full=full, called=result.called)
    if real["message"] and full:
        page.line(f"  {real['stage']}: {real['message']}")
    if real["error"] is not None:
        page.line("  ", ("outputs", "bold"), f"   largest difference from onnxruntime: {real['error']:.3g} of their scale")
    elif real["accepted"] and real["numerics"] is None:
        page.line("  ", ("outputs", "bold"), "   not compared: it does not run here, or there is nothing to compare with")
    if "part" in real:
        cut = real["part"]
        count = len(cut["operators"])
        tail = "" if cut["complete"] else "; the search was cut short"
        few = ", ".join(cut["operators"][:4]) + (", ..." if count > 4 else "")
        nodes = f"{count} node{'s' if count != 1 else ''} ({few})"
        page.line("  ", ("part", "bold"), f"      {cut['path']}: {nodes} enough to be rejected alike{tail}")
    if result.output:
        page.line("  ", ("wrote", "bold"), f"     {result.output}")
