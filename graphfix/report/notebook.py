"""A report as HTML for notebooks: a row for each target, and below it, collapsed, the causes of its findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from graphfix.linter.diagnostics import Finding, Result
from graphfix.report.paragraphs import grouped, places
from graphfix.report.paths_text import cell as path_cell

if TYPE_CHECKING:
    from graphfix.lowering.paths.model import ConversionPaths

COLOURS = {"accepted": "#2e7d32", "rejected": "#c62828", "undecided": "#b26a00", "error": "#c62828", "warning": "#b26a00"}
MAX_CAUSES = 30
"""The number of causes shown for each target at most."""
ROOM = 200
"""The number of characters for the names of nodes."""


def html(results: Sequence[Result]) -> str:
    """Return the results as one HTML element without scripts or style sheets."""
    rows = "".join(_row(result) for result in results)
    head = "<tr><th>model</th><th>target</th><th>verdict</th><th>errors</th><th>warnings</th><th>notes</th></tr>"
    details = "".join(_details(result) for result in results)
    return f'<div class="graphfix"><table><thead>{head}</thead><tbody>{rows}</tbody></table>{details}</div>'


def _row(result: Result) -> str:
    count = Counter(finding.severity.value for finding in result.findings)
    numbers = "".join(f"<td>{count[name]}</td>" for name in ("error", "warning", "note"))
    return f"<tr><td>{escape(result.model)}</td><td>{_target(result)}</td><td>{_verdict(result)}</td>{numbers}</tr>"


def _verdict(result: Result) -> str:
    if result.error is not None:
        return escape(result.error)
    return f'<b style="color:{COLOURS[str(result.verdict)]}">{result.verdict}</b>'


def _target(result: Result) -> str:
    return escape(result.judge)


def _details(result: Result) -> str:
    groups = grouped(result.findings)
    if not groups:
        return ""
    items = "".join("".join(_cause(group)) for group in groups[:MAX_CAUSES])
    rest = f"<li>and {len(groups) - MAX_CAUSES} more causes</li>" if len(groups) > MAX_CAUSES else ""
    return f"<details><summary>{_target(result)}: {len(result.findings)} findings</summary><ul>{items}{rest}</ul></details>"


def _cause(group: Sequence[Finding]) -> Iterator[str]:
    finding = group[0]
    colour = COLOURS.get(finding.severity.value, "inherit")
    yield f'<li><b style="color:{colour}">{finding.severity}</b> {finding.code} {finding.name}: {escape(finding.message)}'
    if finding.node:
        yield f"<br>at <code>{escape(places(group, ROOM, full=False))}</code>"
    if finding.measured:
        yield f"<br>measured: <code>{escape(finding.measured)}</code>"
    if finding.rewrite is not None:
        yield f"<br>fix: {finding.rewrite}"
    yield "</li>"


def changes_html(changes: Sequence[Mapping[str, Any]]) -> str:
    """Return the rewrites that were applied, each with its safety class and the number of nodes, as a table."""
    counts = Counter((change["rewrite"], change["safety"]) for change in changes if change["applied"])
    if not counts:
        return "<p>nothing was changed</p>"
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{safety}</td><td>{n}</td></tr>" for (name, safety), n in counts.items())
    return f"<table><thead><tr><th>rewrite</th><th>safety</th><th>nodes</th></tr></thead><tbody>{rows}</tbody></table>"


def paths_html(found: ConversionPaths) -> str:
    """Return the conversion paths as a table of exporters by targets."""
    head = "".join(f"<th>{escape(target)}</th>" for target in found.targets)
    rows = []
    for name, paths in found.rows():
        words = "".join(f"<td>{'-' if path is None else escape(path_cell(path)[0])}</td>" for path in paths)
        rows.append(f"<tr><td>{escape(name)}</td>{words}</tr>")
    return f"<table><thead><tr><th>exporter</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
