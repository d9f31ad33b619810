"""The result of `compile` for people: the compiler's verdict beside the prediction, and the findings that follow from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TextIO

from graphfix.backends.compile.findings import REPORTED_FIRST
from graphfix.linter.diagnostics import RESIZED, Result
from graphfix.lowering.options import DIRECT_ONLY
from graphfix.report.page import Page
from graphfix.report.text import findings
from graphfix.report.verdict_matrix import VERDICTS

UNPREDICTED = "not predicted: tables are of conversions over ONNX"
PREDICTED_BY_LINT = "not predicted: `graphfix lint` does that"
"""What is said of a conversion without ONNX in place of a prediction; targets without any other way have tables."""


def render_compiled(result: Result, out: TextIO, *, full: bool = False, direct: bool = False) -> None:
    """Write the verdict and the prediction, the findings that the compiler's result adds, and how the outputs compare.

    A `direct` conversion, without ONNX, was not predicted by a table, and is compared with the framework.
    """
    page = Page(out)
    compiled = result.compiler or {}
    verdict, predicted = "accepted" if compiled["accepted"] else "rejected", str(compiled["predicted"])
    tail = f" by {result.target} {compiled['version']} in {compiled['seconds']:.1f} s ("
    unpredicted = PREDICTED_BY_LINT if result.target in DIRECT_ONLY else UNPREDICTED
    said = [unpredicted] if direct else ["predicted: ", (predicted, VERDICTS.get(predicted, "bold"))]
    page.line((result.model, "bold"), ": ", (verdict, VERDICTS[verdict]), tail, *said, ")")
    findings(page, [finding for finding in result.findings if finding.kind in REPORTED_FIRST], full=full)
    if compiled["message"] and full:
        page.line(f"  {compiled['stage']}: {compiled['message']}")
    if compiled["error"] is not None and math.isfinite(compiled["error"]):
        by = "the framework" if direct else "onnxruntime"
        page.line("  ", ("outputs", "bold"), f"   largest difference from {by}: {compiled['error']:.3g} of their scale")
    elif compiled["accepted"] and compiled["numerics"] is None and not any(f.kind == RESIZED for f in result.findings):
        page.line("  ", ("outputs", "bold"), "   not compared: it does not run here, or there is nothing to compare with")
    if "metadata" in compiled:
        page.line("  ", ("metadata", "bold"), f"  {_metadata_text(compiled['metadata'])}")
    if "delegated" in compiled:
        share = compiled["delegated"]
        left = f"; not {', '.join(share['left'])}" if share["left"] else ""
        page.line("  ", ("delegate", "bold"), f"  {share['by']} runs {share['operators']} of {share['of']} operators{left}")
    if "part" in compiled:
        cut = compiled["part"]
        count = len(cut["operators"])
        tail = "" if cut["complete"] else "; the search was cut short"
        shown = ", ".join(cut["operators"][:4]) + (", ..." if count > 4 else "")
        nodes = f"{count} node{'s' if count != 1 else ''} ({shown})"
        page.line("  ", ("part", "bold"), f"      {cut['path']}: {nodes} enough to be rejected alike{tail}")
    if result.output:
        page.line("  ", ("wrote", "bold"), f"     {result.output}")


def _metadata_text(said: Mapping[str, Any]) -> str:
    """Say what the file's metadata state: the image, its scaling and the labels."""
    image = said["input"]
    scaled = ", ".join("/".join(f"{number:g}" for number in said[name]) for name in ("mean", "std"))
    scaling = f", scaled by {scaled}" if image["dtype"] != "uint8" else ""
    labels = f"{said['labels']} labels" if said["labels"] else "no labels"
    dims = "x".join(map(str, image["dims"]))
    return f"{image['dtype']} image {dims}{scaling}; {said['classes']} classes, {labels}; read back"
