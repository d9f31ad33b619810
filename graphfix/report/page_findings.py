"""Findings as data for a page: one group for each cause, with the nodes it is about and the command that fixes it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphfix.report.paragraphs import grouped, place

if TYPE_CHECKING:
    from graphfix.linter.diagnostics import Finding, Result
    from graphfix.report.graph_data import GraphData
    from graphfix.report.support_page import Strings

VERDICTS = {"supported": "s", "unmeasured": "u", "undecided": "d", "wrong": "w", "rejected": "r"}
NO_VERDICT = "-"
"""The letter of a node that no table judges: an input or output of the model, or one whose key is not known."""


def result_data(result: Result, graph: GraphData, strings: Strings) -> dict[str, Any]:
    """Return one target's verdict, the letter of each node's verdict with its reason, and the findings by cause."""
    by_key = {ruling.key: ruling for ruling in result.rulings}
    letters: list[str] = []
    reasons: dict[int, list[int]] = {}
    for index, key in enumerate(graph.keys):
        ruling = by_key.get(key) if key else None
        letters.append(VERDICTS[ruling.verdict] if ruling is not None else NO_VERDICT)
        if ruling is not None and (ruling.reason or ruling.evidence):
            reasons[index] = [strings.number(ruling.reason), strings.number(ruling.evidence or "")]
    return {
        "target": result.called or result.target,
        "by": result.judge,
        "verdict": result.verdict,
        "error": result.error,
        "compiler": result.compiler,
        "letters": "".join(letters),
        "reasons": reasons,
        "groups": [_group(group, result, graph, strings) for group in grouped(result.findings)],
        "silenced": len(result.silenced),
    }


def _group(group: Sequence[Finding], result: Result, graph: GraphData, strings: Strings) -> dict[str, Any]:
    """Return the findings of one cause; `nodes` are indices, -1 for the model, and `messages` where they differ by node."""
    first = group[0]
    messages = [strings.number(finding.message) for finding in group]
    positions = [graph.place(finding) for finding in group]
    row: dict[str, Any] = {
        "code": first.code,
        "name": first.name,
        "severity": first.severity.value,
        "message": messages[0],
        "nodes": [-1 if position is None else position for position in positions],
    }
    if len(set(messages)) > 1:
        row["messages"] = messages
    places = [
        strings.number(place(finding) if position is None else "") for finding, position in zip(group, positions, strict=True)
    ]
    if any(places):
        row["places"] = places
    if first.measured:
        row["measured"] = strings.number(first.measured)
    if first.rewrite is not None:
        row["rewrite"] = [first.rewrite.name, first.rewrite.safety]
    if command := fix_command(first, result):
        row["command"] = strings.number(command)
    return row


def fix_command(finding: Finding, result: Result) -> str:
    """Return the command line that may fix a finding; empty where no rewrite and no option is known to.

    It is that of the model's next step, where the run knows one, with everything that was given.
    """
    if finding.rewrite is None and not finding.cure:
        return ""
    if result.next is not None and result.next.command:
        return result.next.command
    safety = finding.rewrite.safety if finding.rewrite is not None else ""
    options = "--allow approximate" if safety == "approximate" else finding.cure
    if safety == "interface" and not options:
        options = "--shape NAME=DIMS"
    words = ["graphfix fix", shlex.quote(result.model), f"--target {result.called or result.target}", options, "-o fixed.onnx"]
    return " ".join(filter(None, words))
