"""What `fix` did, for people; the verdicts around it are the `text` format's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from graphfix.diagnostic import Result
from graphfix.origin import Origin, named
from graphfix.report.page import Page


def render_changes(result: Result, out: TextIO) -> None:
    """Write what `fix` applied and declined, and how the outputs compare with the original's."""
    page = Page(out)
    applied: dict[tuple[str, str], list[str]] = {}
    declined: dict[tuple[str, str], list[str]] = {}
    for change in result.changes or ():
        if change["applied"]:
            applied.setdefault((change["rewrite"], change["safety"]), []).append(_place(change))
        else:
            declined.setdefault((change["rewrite"], str(change["declined"])), []).append(_place(change))
    for (rewrite, safety), nodes in applied.items():
        page.line("  ", ("applied", "green"), f"   {rewrite} ({safety}){_places(nodes)}")
    for (rewrite, reason), nodes in declined.items():
        count = f" ({len(nodes)} nodes)" if len(nodes) > 1 else ""
        page.line("  ", ("declined", "yellow"), f"  {rewrite}: {reason}{count}")
    proof = result.verification or {}
    if proof.get("inputs"):
        errors = f"largest error {proof['max_abs_error']:.3g} absolute, {proof['max_rel_error']:.3g} relative"
        page.line("  ", ("verified", "bold"), f"  {proof['method']}: {proof['inputs']} inputs, {errors}")
        _controls(page, proof)
        _impact(page, proof)
    if result.output:
        page.line("  ", ("wrote", "bold"), f"     {result.output}")


def render_why(results: Iterable[Result], out: TextIO) -> None:
    """Write, for what remains, which rewrites declined and why, and what to change in the model's code."""
    page = Page(out)
    for result in results:
        for told in result.why or ():
            sources = told.get("sources") or [None] * len(told["nodes"])
            where = _places(_place({"node": n, "source": s}) for n, s in zip(told["nodes"], sources, strict=True))
            page.line("  ", ("why", "bold"), f"       {told['code']} {told['op'] or 'the model'}{where}, {told['target']}")
            for refusal in told["declined"]:
                page.line(f"            {refusal['rewrite']}: {refusal['reason']}")
            page.line(f"            {told['advice']}")


def _controls(page: Page, proof: Mapping[str, Any]) -> None:
    """Say whether comparisons that had to fail did, and which outputs could not tell."""
    if proof.get("controls"):
        page.line(f"            {proof['caught']} of {proof['controls']} outputs spoilt on purpose were noticed")
    for name in proof.get("blind", ()):
        page.line(f"            `{name}` is the same on all of these inputs, so its agreement says little")


def _impact(page: Page, proof: Mapping[str, Any]) -> None:
    """A row for each output that is not equal to the original's."""
    moved = {name: row for name, row in proof.get("outputs", {}).items() if row["max_abs"]}
    if not moved:
        return
    width = max(6, *(len(name) for name in moved))
    page.line(f"            {'output':{width}}  {'max':>9}  {'mean':>9}  {'cosine':>10}  {'SNR':>9}  {'same class':>10}")
    for name, row in moved.items():
        ratio = "-" if row["snr_db"] is None else f"{row['snr_db']:.1f} dB"
        top1 = "-" if row["top1"] is None else f"{row['top1']:.1%}"
        numbers = f"{row['max_abs']:9.3g}  {row['mean_abs']:9.3g}  {row['cosine']:10.7f}"
        page.line(f"            {name:{width}}  {numbers}  {ratio:>9}  {top1:>10}")


def _place(change: Mapping[str, Any]) -> str:
    """The node that a change is about, and the module and line that it comes from."""
    told = change.get("source")
    return named(change["node"], Origin(**told) if told else None)


def _places(nodes: Iterable[str]) -> str:
    named = list(dict.fromkeys(filter(None, nodes)))
    rest = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return f" at {', '.join(named[:3])}{rest}" if named else ""
