"""Many models on one screen: for each target how many are taken, and the causes that keep the most of them from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from graphfix.diagnostic import Finding, Result, Severity
from graphfix.report.page import Span
from graphfix.report.paragraphs import MESSAGE, STYLES, Line, clipped, wrapped

VERDICTS = {"accepted": "bold green", "rejected": "bold red", "undecided": "bold yellow"}
LINES = 3
"""Lines that one cause takes at most."""
NAMES = 2
MOST = 8
"""Causes told for each target."""


def across(results: Sequence[Result], width: int, room: int) -> list[Line]:
    """The lines about many models, no more than about `room` of them; unreadable models are left out."""
    targets: dict[str, list[Result]] = {}
    for result in results:
        if result.error is None:
            targets.setdefault(result.judge, []).append(result)
    lines: list[Line] = []
    for causes in range(MOST, 0, -1):
        lines = list(_first(results, width))
        for told in targets.values():
            lines += [_head(told), *_causes(told, causes, width)]
        if len(lines) < room:
            break
    lines.append([("  name one model, or take --full or --output-format concise, for each by itself", "dim")])
    return lines


def _head(told: Sequence[Result]) -> Line:
    counts = Counter(str(result.verdict) for result in told)
    spans: list[Span] = [(told[0].judge, "bold"), ": "]
    for verdict, style in VERDICTS.items():
        if counts[verdict]:
            spans += [", " if len(spans) > 2 else "", f"{counts[verdict]} ", (verdict, style)]
    return spans


def _causes(told: Sequence[Result], most: int, width: int) -> Iterator[Line]:
    """The errors and warnings that the most models have, gravest first."""
    found: dict[tuple[str, str, str], list[tuple[str, Finding]]] = {}
    for result in told:
        for finding in result.findings:
            if finding.severity is not Severity.NOTE:
                found.setdefault((finding.code, finding.op, finding.evidence or finding.message), []).append(
                    (result.model, finding)
                )
    ranked = sorted(found.values(), key=lambda group: (-group[0][1].severity.weight, -len({model for model, _ in group})))
    for group in ranked[:most]:
        finding = group[0][1]
        models = list(dict.fromkeys(Path(model).name for model, _ in group))
        number = len({model for model, _ in group})
        severity = finding.severity.value
        first, *rest = wrapped(f"{finding.code} {finding.name}  {finding.message}", width - MESSAGE, LINES - 1)
        yield ["  ", (f"{severity:7}", STYLES[severity]), f" {first}"]
        yield from ([" " * MESSAGE + line] for line in rest)
        more = f" and {number - NAMES} more" if number > NAMES else ""
        where = f"in {number} model{'s' if number != 1 else ''}: {clipped(', '.join(models[:NAMES]), width - MESSAGE - 30)}{more}"
        yield [" " * MESSAGE + where]
    if len(ranked) > most:
        yield [(f"  and {len(ranked) - most} more cause{'s' if len(ranked) - most > 1 else ''}", "dim")]


def _first(results: Sequence[Result], width: int) -> Iterator[Line]:
    """The binding that the most models want, where that is more than one."""
    wanted: Counter[str] = Counter()
    for result in results:
        if result.verdict != "accepted":
            cures = {word for finding in result.findings for word in _bindings(finding.cure)}
            wanted.update(dict.fromkeys(cures, 1) if result.called == results[0].called else ())
    for binding, count in wanted.most_common(1):
        if count > 1:
            yield [("  try first ", "bold"), clipped(f"{binding}, which {count} models want", width - 12)]


def _bindings(cure: str) -> list[str]:
    """The `--set` options among the options of a cure."""
    words = cure.split()
    return [f"--set {value}" for option, value in pairwise(words) if option == "--set"]
