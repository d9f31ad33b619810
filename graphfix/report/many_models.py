"""A summary of many models on one screen: for each target the verdicts, and the causes that affect most models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.report.labels import label
from graphfix.report.page import Span
from graphfix.report.paragraphs import MESSAGE, STYLES, Line, clipped, whole_clauses
from graphfix.report.verdict_matrix import VERDICTS

MAX_LINES = 3
"""The number of lines of one cause at most."""
NAMES = 2
MAX_CAUSES = 8
"""The number of causes shown for each target at most."""


def across(results: Sequence[Result], width: int, room: int) -> list[Line]:
    """Return the lines about many models, about `room` of them at most; models that cannot be read are left out."""
    targets: dict[str, list[Result]] = {}
    for result in results:
        if result.error is None:
            targets.setdefault(result.judge, []).append(result)
    lines: list[Line] = []
    for count in range(MAX_CAUSES, 0, -1):
        lines = list(_common_binding(results, width))
        for of_target in targets.values():
            lines += [_head(of_target), *_causes(of_target, count, width)]
        if len(lines) < room:
            break
    lines.append([("  name one model, or add --full or --output-format concise, to see each model", "dim")])
    return lines


def _head(results: Sequence[Result]) -> Line:
    """Return the line with the number of models by verdict."""
    counts = Counter(str(result.verdict) for result in results)
    spans: list[Span] = [(label(results[0]), "bold"), ": "]
    for verdict, style in VERDICTS.items():
        if counts[verdict]:
            spans += [", " if len(spans) > 2 else "", f"{counts[verdict]} ", (verdict, style)]
    return spans


def _causes(results: Sequence[Result], limit: int, width: int) -> Iterator[Line]:
    """Yield the lines on the errors and warnings that most models have, the most severe first."""
    found: dict[tuple[str, str, str], list[tuple[str, Finding]]] = {}
    for result in results:
        for finding in result.findings:
            if finding.severity is not Severity.NOTE:
                found.setdefault((finding.code, finding.op, finding.evidence or finding.message), []).append(
                    (result.model, finding)
                )
    ranked = sorted(found.values(), key=lambda group: (-group[0][1].severity.weight, -len({model for model, _ in group})))
    for group in ranked[:limit]:
        finding = group[0][1]
        models = list(dict.fromkeys(Path(model).name for model, _ in group))
        number = len({model for model, _ in group})
        severity = finding.severity.value
        first, *rest = whole_clauses(f"{finding.code} {finding.name}  {finding.message}", width - MESSAGE, MAX_LINES - 1)
        yield ["  ", (f"{severity:7}", STYLES[severity]), f" {first}"]
        yield from ([" " * MESSAGE + line] for line in rest)
        more = f" and {number - NAMES} more" if number > NAMES else ""
        where = f"in {number} model{'s' if number != 1 else ''}: {clipped(', '.join(models[:NAMES]), width - MESSAGE - 30)}{more}"
        yield [" " * MESSAGE + where]
    if len(ranked) > limit:
        yield [(f"  and {len(ranked) - limit} more cause{'s' if len(ranked) - limit > 1 else ''}", "dim")]


def _common_binding(results: Sequence[Result], width: int) -> Iterator[Line]:
    """Yield the binding that most models need, where it is more than one."""
    wanted: Counter[str] = Counter()
    for result in results:
        if result.verdict != "accepted":
            bindings = {word for finding in result.findings for word in _bindings(finding.cure)}
            wanted.update(dict.fromkeys(bindings, 1) if result.called == results[0].called else ())
    for binding, count in wanted.most_common(1):
        if count > 1:
            yield [("  try first ", "bold"), clipped(f"{binding}, which {count} models need", width - 12)]


def _bindings(suggestion: str) -> list[str]:
    """Return the `--set` options in a suggestion."""
    words = suggestion.split()
    return [f"--set {value}" for option, value in pairwise(words) if option == "--set"]
