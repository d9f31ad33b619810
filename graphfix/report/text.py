"""The `text` format: one screen for people, findings with one cause told once, colour only on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from graphfix.diagnostic import Finding, Result, Severity

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
VERDICTS = {"accepted": "bold green", "rejected": "bold red", "undecided": "bold yellow"}
NOTES_SHOWN = 6


def render(results: Sequence[Result], out: TextIO, *, full: bool = False) -> None:
    """Write a paragraph for each model and target, and one line that sums them up."""
    console = _console(out)
    for result in results:
        _result(console, result, full=full)
    _summary(console, results)


def _result(console: Console, result: Result, *, full: bool) -> None:
    from rich.markup import escape

    if result.error is not None:
        return
    verdict = str(result.verdict)
    head = f"[bold]{escape(result.model)}[/bold]: [{VERDICTS[verdict]}]{verdict}[/] by {result.target} {result.target_version}"
    console.print(head)
    groups = _grouped(result.findings, full=full)
    hidden: Counter[str] = Counter()
    for shown, group in enumerate(groups):
        finding = group[0]
        if not full and shown >= NOTES_SHOWN and finding.severity is Severity.NOTE:
            hidden[finding.code] += len(group)
            continue
        _finding(console, finding, group, full=full)
    if hidden:
        parts = ", ".join(f"{count} {code}" for code, count in sorted(hidden.items()))
        console.print(f"  [dim]and {parts}; show them with --full[/]")


def _finding(console: Console, finding: Finding, group: Sequence[Finding], *, full: bool) -> None:
    from rich.markup import escape

    label = f"[{STYLES[finding.severity.value]}]{finding.severity.value:7}[/] {finding.code} {finding.name}"
    console.print(f"  {label}  {escape(finding.message)}")
    if finding.node:
        names = [" / ".join([*item.scope, item.node]) for item in group]
        few = names if full else names[:2]
        rest = f" and {len(names) - len(few)} more" if len(names) > len(few) else ""
        console.print(f"    [dim]at[/]        {escape(', '.join(few))}{rest}")
    if finding.measured and finding.severity is not Severity.NOTE:
        measured = finding.measured if full else finding.measured[:200]
        console.print(f"    [dim]measured[/]  {escape(measured)}")
    if finding.rewrite is not None:
        allow = "" if finding.rewrite.safety == "exact" else f" --allow {finding.rewrite.safety}"
        target = finding.target
        console.print(
            f"    [dim]fix[/]       {finding.rewrite.name} ({finding.rewrite.safety}): "
            f"graphfix fix MODEL --target {target}{allow} -o fixed.onnx"
        )


def _grouped(findings: Iterable[Finding], *, full: bool) -> list[list[Finding]]:
    """Findings with one cause together, the gravest and most frequent first."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        cause = finding.evidence or finding.message
        key = (finding.code, finding.op, cause) if not full else (finding.code, finding.op, cause, finding.message)
        groups.setdefault(key, []).append(finding)
    return sorted(groups.values(), key=lambda group: (-group[0].severity.weight, -len(group)))


def _summary(console: Console, results: Sequence[Result]) -> None:
    verdicts = Counter(str(result.verdict) for result in results if result.error is None)
    counts = Counter(finding.severity.value for result in results for finding in result.findings)
    fixable = sum(
        finding.rewrite is not None and finding.severity is not Severity.NOTE for result in results for finding in result.findings
    )
    unread = len({result.model for result in results if result.error is not None})
    parts = [f"{verdicts[name]} {name}" for name in ("accepted", "rejected", "undecided") if verdicts[name]]
    if unread:
        parts.append(f"{unread} could not be read")
    found = ", ".join(f"{counts[name]} {name}{'s' if counts[name] != 1 else ''}" for name in STYLES if counts[name])
    tail = f" Found {found}." if found else ""
    tail += f" {fixable} may be fixable with `graphfix fix`." if fixable else ""
    console.print(f"{', '.join(parts) or 'No models'}.{tail}")


def render_compiled(result: Result, out: TextIO) -> None:
    """Write the prediction and the compiler's verdict side by side, and how the outputs compare."""
    from rich.markup import escape

    console = _console(out)
    real = result.compiler or {}
    said = "accepted" if real["accepted"] else "rejected"
    console.print(
        f"[bold]{escape(result.model)}[/bold]: [{VERDICTS[said]}]{said}[/] by {result.target} {escape(str(real['version']))} "
        f"in {real['seconds']:.1f} s (predicted: {result.verdict})"
    )
    if real["message"]:
        console.print(f"  {real['stage']}: {escape(real['message'])}")
    if real["error"] is not None:
        console.print(f"  [bold]outputs[/]   largest difference from onnxruntime: {real['error']:.3g} of their scale")
    for finding in result.findings:
        if finding.code in ("GF301", "GF902"):
            _finding(console, finding, [finding], full=False)
    if result.output:
        console.print(f"  [bold]wrote[/]     {escape(result.output)}")


def _console(out: TextIO) -> Console:
    """A console that wraps at the terminal's width, and nowhere when there is none."""
    from rich.console import Console

    terminal = out.isatty()
    return Console(file=out, width=None if terminal else 120, highlight=False, soft_wrap=not terminal, emoji=False)


def render_changes(result: Result, out: TextIO) -> None:
    """Write what `fix` applied and declined, and how the outputs compare with the original's."""
    from rich.markup import escape

    console = _console(out)
    applied: dict[tuple[str, str], list[str]] = {}
    declined: dict[tuple[str, str], list[str]] = {}
    for change in result.changes or ():
        if change["applied"]:
            applied.setdefault((change["rewrite"], change["safety"]), []).append(change["node"])
        else:
            declined.setdefault((change["rewrite"], str(change["declined"])), []).append(change["node"])
    for (rewrite, safety), nodes in applied.items():
        some = ", ".join(filter(None, nodes[:3])) + (f" and {len(nodes) - 3} more" if len(nodes) > 3 else "")
        console.print(f"  [green]applied[/]   {rewrite} ({safety}){f' at {escape(some)}' if some else ''}")
    for (rewrite, reason), nodes in declined.items():
        count = f" ({len(nodes)} nodes)" if len(nodes) > 1 else ""
        console.print(f"  [yellow]declined[/]  {rewrite}: {escape(reason)}{count}")
    proof = result.verification or {}
    if proof.get("inputs"):
        console.print(
            f"  [bold]verified[/]  {proof['method']}: {proof['inputs']} inputs, "
            f"largest error {proof['max_abs_error']:.3g} absolute, {proof['max_rel_error']:.3g} relative"
        )
    if result.output:
        console.print(f"  [bold]wrote[/]     {escape(result.output)}")
