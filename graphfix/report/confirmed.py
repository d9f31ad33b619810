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
        changed = any(change["applied"] for change in result.changes or ())
        for target, row in (result.confirmed or {}).items():
            if row["reason"]:
                page.line("  ", ("not confirmed", "yellow"), f": {row['reason']}")
            else:
                page.line("  ", ("confirmed", "bold"), f" {_sentence(target, row, changed=changed)}")
        if result.unfixed:
            page.line("  ", ("not fixed", "yellow"), f" for {result.called or result.target}: {result.unfixed}")


def _sentence(target: str, row: dict[str, Any], *, changed: bool) -> str:
    """Return what the compiler made of the model; `changed` is whether anything was, be it only what options asked for."""
    before, after = WORDS.get(row["before"] or "", "not measured"), WORDS[row["after"]]
    after = "agrees up to roundings" if row.get("rounded") else after
    both = f"{after}, as before" if before == after else f"{before} before, {after} now"
    if row["unchanged"]:
        both = after if changed else f"{after}, and was left as it is"
    error = "" if row["error"] is None else f", largest difference {row['error']:.2g} of scale"
    return f"by {target} {row['version']}: {both} ({row['method']}{error}, {row['seconds']:.1f} s)"
