"""What `fix` changed, for people; the verdicts before and after are written by the `text` format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from graphfix.ir.source_location import SourceLocation, named
from graphfix.linter.diagnostics import Result
from graphfix.report.page import Page
from graphfix.report.sizes import render_sizes

RUNTIME = "onnxruntime cannot run the original"
"""Part of the reason of a rewrite that was withdrawn because the original model gives no outputs to compare with."""


def render_changes(result: Result, out: TextIO) -> None:
    """Write the rewrites that were applied and declined, and how the outputs compare with the original's."""
    page = Page(out)
    applied: dict[tuple[str, str], list[str]] = {}
    declined: dict[tuple[str, str], list[str]] = {}
    for change in result.changes or ():
        if change["applied"]:
            applied.setdefault((change["rewrite"], change["safety"]), []).append(_location(change))
        else:
            declined.setdefault((change["rewrite"], str(change["declined"])), []).append(_location(change))
    for (rewrite, safety), nodes in applied.items():
        page.line("  ", ("applied", "green"), f"   {rewrite} ({safety}){_locations(nodes)}")
    if not applied:
        page.line("  nothing to change" + (": no rewrite that was tried could be kept" if declined else ""))
    runtime: dict[str, list[str]] = {}
    for (rewrite, reason), nodes in declined.items():
        if RUNTIME in reason:  # it stops every rewrite alike, so it is told once
            runtime.setdefault(reason, []).append(rewrite)
            continue
        count = f" ({len(nodes)} nodes)" if len(nodes) > 1 else ""
        page.line("  ", ("declined", "yellow"), f"  {rewrite}: {reason}{count}")
    for reason, rewrites in runtime.items():
        page.line("  ", ("declined", "yellow"), f"  {', '.join(dict.fromkeys(rewrites))}: {reason}")
    verification = result.verification or {}
    if verification.get("inputs"):
        errors = f"largest error {verification['max_abs_error']:.3g} absolute, {verification['max_rel_error']:.3g} relative"
        page.line("  ", ("verified", "bold"), f"  {verification['method']}: {verification['inputs']} inputs, {errors}")
        _write_controls(page, verification)
        _write_impact(page, verification)
    if applied and result.before and result.after:
        render_sizes(page, result.before, result.after)
    if result.output:
        page.line("  ", ("wrote", "bold"), f"     {result.output}")


def render_why(results: Iterable[Result], out: TextIO) -> None:
    """Write for each remaining finding which rewrites declined and why, and what to change in the model's code.

    A reason that several findings or targets share is written once.
    """
    page, told = Page(out), set[tuple[str, str]]()
    for result in results:
        for explanation in result.why or ():
            sources = explanation.get("sources") or [None] * len(explanation["nodes"])
            location = _locations(_location({"node": n, "source": s}) for n, s in zip(explanation["nodes"], sources, strict=True))
            page.line(
                "  ",
                ("why", "bold"),
                f"       {explanation['code']} {explanation['op'] or 'the model'}{location}, {explanation['target']}",
            )
            reasons = [(declined["rewrite"], declined["reason"]) for declined in explanation["declined"]]
            fresh = [reason for reason in reasons if reason not in told]
            for rewrite, reason in fresh:
                page.line(f"            {rewrite}: {reason}")
            if len(fresh) < len(reasons):
                page.line(f"            {'and ' if fresh else ''}{len(reasons) - len(fresh)} declined for the reasons above")
            told.update(reasons)
            page.line(f"            {explanation['advice']}")


def _write_controls(page: Page, verification: Mapping[str, Any]) -> None:
    """Write how many deliberately altered outputs were noticed, and which outputs are constant on all inputs."""
    if verification.get("controls"):
        caught, controls = verification["caught"], verification["controls"]
        wrong = f"{caught} of {controls} deliberately wrong outputs were detected"
        if caught == controls == 1:
            wrong = "a deliberately wrong output was detected"
        page.line(f"            self-check: {wrong}")
    for name in verification.get("blind", ()):
        page.line(f"            `{name}` is the same on all of these inputs, so its agreement proves little")


def _write_impact(page: Page, verification: Mapping[str, Any]) -> None:
    """Write a row for each output that differs from the original's."""
    changed = {name: row for name, row in verification.get("outputs", {}).items() if row["max_abs"]}
    if not changed:
        return
    width = max(6, *(len(name) for name in changed))
    page.line(f"            {'output':{width}}  {'max':>9}  {'mean':>9}  {'cosine':>10}  {'SNR':>9}  {'same class':>10}")
    for name, row in changed.items():
        ratio = "-" if row["snr_db"] is None else f"{row['snr_db']:.1f} dB"
        top1 = "-" if row["top1"] is None else f"{row['top1']:.1%}"
        numbers = f"{row['max_abs']:9.3g}  {row['mean_abs']:9.3g}  {row['cosine']:10.7f}"
        page.line(f"            {name:{width}}  {numbers}  {ratio:>9}  {top1:>10}")


def _location(change: Mapping[str, Any]) -> str:
    """Return the node of a change with its module and line."""
    source = change.get("source")
    return named(change["node"], SourceLocation(**source) if source else None)


def _locations(nodes: Iterable[str]) -> str:
    """Return up to three nodes as text, and how many more there are."""
    names = list(dict.fromkeys(filter(None, nodes)))
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f" at {', '.join(names[:3])}{rest}" if names else ""
