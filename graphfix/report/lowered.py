"""The result of `lower` for people: the exporters tried, the verification, findings on the program, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from graphfix.linter.diagnostics import Result
from graphfix.lowering.codes import SOURCE
from graphfix.report.page import Page
from graphfix.report.paragraphs import wrapped
from graphfix.report.text import findings
from graphfix.report.verdict_matrix import VERDICTS

if TYPE_CHECKING:
    from graphfix.lowering.bringing import LoweredSource

LINES = 4
"""The number of lines on one exporter at most."""


def render_lowered(
    lowered_source: LoweredSource, results: Sequence[Result], out: TextIO, *, full: bool = False, output: Path | None = None
) -> None:
    """Write the attempts, the reason for the choice, the findings of the lowering, each target's verdict and the file."""
    page, lowered = Page(out), lowered_source.lowered
    chosen = lowered.chosen
    head = ("lowered", "bold green") if output is not None else ("not lowered", "bold red")
    page.line(
        (lowered_source.name, "bold"), ": ", head, f" by {lowered.exporter}" if output is not None else "", f" ({lowered.reason})"
    )
    width = page.width - 12
    for attempt in lowered.attempts:
        first, *rest = wrapped(attempt.summary(), width, 99 if full else LINES)
        page.line("  ", (f"{attempt.exporter:<10}", "bold" if attempt is chosen else "dim"), first)
        for line in rest:
            page.line(" " * 12 + line)
    verification = chosen.verification
    if verification is not None:
        worst = f"largest error {verification.max_rel_error:.2g} of an output's scale on {verification.inputs} inputs"
        found = f"{worst}; {verification.method}"
        first, *rest = wrapped(found, width, LINES)
        page.line("  ", ("proof     ", "bold"), first)
        for line in rest:
            page.line(" " * 12 + line)
    for note in chosen.notes:
        page.line("  ", ("note      ", "bold"), note)
    findings(page, [found for found in results[0].findings if found.kind == SOURCE and found.code not in SHOWN_CODES], full=full)
    for result in results:
        if result.target and chosen.model is not None:
            verdict = str(result.verdict)
            errors = sum(found.severity.weight == 3 for found in result.findings)
            tail = f", {rejections(errors)}" if errors else ""
            page.line("  ", (verdict, VERDICTS[verdict]), f" by {result.judge}{tail}")
    if output is not None:
        page.line("  ", ("wrote     ", "bold"), str(output))


def rejections(errors: int) -> str:
    """Return how many findings reject a model, in words."""
    return "1 finding that rejects it" if errors == 1 else f"{errors} findings that reject it"


SHOWN_CODES = frozenset({"GF506", "GF508"})
"""Codes of findings that the attempts show already."""
