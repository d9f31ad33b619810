"""What the compilers made of the model before and after `fix`, and which targets the result does not suit, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

from graphfix.linter.diagnostics import Result
from graphfix.report.page import Page

WORDS = {"right": "computes right", "wrong": "computes something else", "fails": "compiles but does not run on all inputs",
         "accepted": "compiles", "rejected": "rejected"}  # fmt: skip


def render_confirmed(results: Sequence[Result], out: TextIO) -> None:
    """Write a line for each target whose compiler was asked, and one for each target that the result does not suit."""
    page = Page(out)
    for result in results:
        for target, row in (result.confirmed or {}).items():
            if row["reason"]:
                page.line("  ", ("not confirmed", "yellow"), f": {row['reason']}")
            else:
                page.line("  ", ("confirmed", "bold"), f" {_sentence(target, row)}")
        if result.unfixed:
            page.line("  ", ("not fixed", "yellow"), f" for {result.called or result.target}: {result.unfixed}")


def _sentence(target: str, row: dict[str, Any]) -> str:
    before, after = WORDS.get(row["before"] or "", "not measured"), WORDS[row["after"]]
    both = f"{after}, as before" if before == after else f"{before} before, {after} now"
    both = f"{after}, and was left as it is" if row["unchanged"] else both
    error = "" if row["error"] is None else f", largest difference {row['error']:.2g} of scale"
    return f"by {target} {row['version']}: {both} ({row['method']}{error}, {row['seconds']:.1f} s)"
