"""The verdicts on one model as a small matrix: a row for each target, with the nodes rejected and what fixes them."""

from __future__ import annotations

from collections.abc import Sequence

from graphfix.linter.diagnostics import COMPILED, RESIZED, UNDECIDED, WRONG, Finding, NextStep, Result, Severity
from graphfix.linter.finding_order import REQUESTED
from graphfix.report.labels import label
from graphfix.report.paragraphs import Line, clipped, wrapped

VERDICTS = {"accepted": "bold green", "rejected": "bold red", "undecided": "bold yellow"}
HEADINGS = ("target", "verdict", "nodes rejected", "what helps")
INDENT, GAP = "  ", "  "
MIN_FIX = 20
"""The width of the last column below which its text is put under the row."""
BELOW = "    helps: "


def verdict_matrix(results: Sequence[Result], width: int) -> list[Line]:
    """Return the heading and a line for each target; where the width is too small, what helps is on a line of its own."""
    rows = [(label(result), _verdict(result), rejected_nodes(result), fixes(result)) for result in results]
    beside = any(row[3] for row in rows)
    widths = [max(len(row[column]) for row in (HEADINGS, *rows)) for column in range(3)]
    room = width - len(INDENT) - len(GAP) * 3 - sum(widths)
    if beside and room < MIN_FIX:
        beside, room = False, room + len(GAP)
    if room < 0:
        widths[0] = max(10, widths[0] + room)
    heads = [text.ljust(size) for text, size in zip(HEADINGS[:3], widths, strict=True)] + [HEADINGS[3]] * beside
    lines: list[Line] = [[INDENT, (GAP.join(heads).rstrip(), "bold")]]
    for result, (name, verdict, rejected, fix) in zip(results, rows, strict=True):
        first, *more = wrapped(fix, room if beside else width - len(BELOW), 99)
        last = f"{rejected:<{widths[2]}}{GAP}{first}".rstrip() if beside else rejected
        name, style = clipped(name, widths[0]).ljust(widths[0]), VERDICTS[verdict.partition(" ")[0].rstrip(",")]
        lines.append([INDENT, name, GAP, (verdict, style), " " * (widths[1] - len(verdict)) + GAP, last])
        if fix and not beside:
            lines.append([BELOW + first])
        lines += ([" " * (width - room if beside else len(BELOW)) + line] for line in more)
        lines += ([INDENT * 2 + line] for line in statistics_lines(result, width - len(INDENT * 2)))
    return lines


def _verdict(result: Result) -> str:
    """Return the verdict; where the compiler itself was run its own, with the prediction where that is another."""
    if result.compiler is None:
        return str(result.verdict)
    real, predicted = "accepted" if result.compiler["accepted"] else "rejected", result.compiler["predicted"]
    return f"{real}, confirmed" if real == predicted else f"{real} (predicted: {predicted})"


def statistics_line(result: Result) -> str | None:
    """Return the number of supported nodes and of the partitions that they form, where they were counted."""
    if result.statistics is None:
        return None
    count = result.statistics
    partitions = len(count["islands"])
    return (
        f"{count['supported']} of {count['nodes']} nodes are supported, in {partitions} partition{'s' if partitions != 1 else ''}"
    )


def statistics_lines(result: Result, width: int) -> list[str]:
    """Return the counts of supported nodes, and what is known of who runs them, wrapped; nothing where they were not counted."""
    counted = statistics_line(result)
    if counted is None or result.statistics is None:
        return []
    placed = result.statistics.get("placement", "")
    return [counted, *wrapped(placed, width, 99)] if placed else [counted]


def rejected_nodes(result: Result) -> str:
    """Return how many nodes are rejected, or that the model as a whole is, and how many the target computes wrong.

    For an undecided verdict it is how many are undecided.
    """
    errors = [finding for finding in result.findings if finding.severity is Severity.ERROR]
    bad = [finding for finding in errors if finding.kind == WRONG]
    refused = [finding for finding in errors if finding.kind not in COMPILED]
    wrong = f"; {_nodes(bad) or 'model'} wrong" if bad else ""
    if stiff := [finding for finding in errors if finding.kind == RESIZED]:
        wrong += f"; {_nodes(stiff) or 'model'} only at fixed sizes"
    nodes = _nodes(refused)
    if refused and not nodes:
        return f"whole model{wrong}"
    undecided = {(f.scope, f.output, f.node) for f in result.findings if f.kind in UNDECIDED}
    if not errors and undecided:
        return f"{len(undecided)} undecided"
    return f"{nodes} of {result.nodes}{wrong}" if nodes else f"none{wrong}"


def _nodes(findings: Sequence[Finding]) -> int:
    return len({(finding.scope, finding.output, finding.node) for finding in findings if finding.op})


def fixes(result: Result) -> str:
    """Return what fixes a target's errors: options, `fix`, and for how many of them nothing is known."""
    errors = [finding for finding in result.findings if finding.severity is Severity.ERROR]
    if not errors and result.verdict == "accepted":
        return ""
    step = result.next
    options = _options(step, errors) if step is not None else []
    rest = [f for f in errors if not _by_option(f, options)]
    parts = [" ".join(options)] if options else []
    if any(_by_rewrite(finding) for finding in rest):
        parts.append("fix")
    unknown = sum(finding.rewrite is None for finding in rest)
    if step is not None and step.after is None and (step.values or step.shapes):
        unknown = 0  # the options were not measured: they may remove these as well
    if not parts:
        return "nothing known"
    return ", ".join(parts) + (f"; nothing known for {unknown}" if unknown else "")


def _options(step: NextStep, errors: Sequence[Finding]) -> list[str]:
    """Return the options of the next step that help this target; values in full, shapes by the option's name."""
    bindings = [f"--set {name}={value}" for name, value in step.values] + (["--shape"] if step.shapes else [])
    if step.after is not None and errors and not any(_by_option(finding, bindings) for finding in errors):
        bindings = []
    dropped = [f"--drop-output {name}" for name in step.outputs]
    dropped += [f"--input-at {name}" for name in step.inner]
    return bindings + dropped + ["--tensor-outputs"] * step.tensors + ["--padded-outputs"] * step.padded


def _by_option(finding: Finding, options: Sequence[str]) -> bool:
    return bool(finding.cure and any(option in finding.cure for option in options))


def _by_rewrite(finding: Finding) -> bool:
    """Whether a rewrite that asks the user nothing fixes a finding."""
    return finding.rewrite is not None and finding.rewrite.name not in REQUESTED
