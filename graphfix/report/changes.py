"""What `fix` did, for people; the verdicts around it are the `text` format's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from graphfix.diagnostic import Result
from graphfix.report.page import Page


def render_changes(result: Result, out: TextIO) -> None:
    """Write what `fix` applied and declined, and how the outputs compare with the original's."""
    page = Page(out)
    applied: dict[tuple[str, str], list[str]] = {}
    declined: dict[tuple[str, str], list[str]] = {}
    for change in result.changes or ():
        if change["applied"]:
            applied.setdefault((change["rewrite"], change["safety"]), []).append(change["node"])
        else:
            declined.setdefault((change["rewrite"], str(change["declined"])), []).append(change["node"])
    for (rewrite, safety), nodes in applied.items():
        page.line("  ", ("applied", "green"), f"   {rewrite} ({safety}){_places(nodes)}")
    for (rewrite, reason), nodes in declined.items():
        count = f" ({len(nodes)} nodes)" if len(nodes) > 1 else ""
        page.line("  ", ("declined", "yellow"), f"  {rewrite}: {reason}{count}")
    proof = result.verification or {}
    if proof.get("inputs"):
        errors = f"largest error {proof['max_abs_error']:.3g} absolute, {proof['max_rel_error']:.3g} relative"
        page.line("  ", ("verified", "bold"), f"  {proof['method']}: {proof['inputs']} inputs, {errors}")
    if result.output:
        page.line("  ", ("wrote", "bold"), f"     {result.output}")


def _places(nodes: Iterable[str]) -> str:
    named = list(dict.fromkeys(filter(None, nodes)))
    rest = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return f" at {', '.join(named[:3])}{rest}" if named else ""
