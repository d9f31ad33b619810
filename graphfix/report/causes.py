"""The causes of one model's findings over all targets: equal ones once, the most decisive first, notes counted."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from graphfix.linter.diagnostics import UNDECIDED, Finding, Fix, Result, Severity
from graphfix.linter.finding_order import need
from graphfix.report.paragraphs import FIRST_KINDS, Detail, Line, grouped, paragraph, wrapped

COMPILER = "\N{OBJECT REPLACEMENT CHARACTER}"
"""What stands for the compiler's name in messages that are compared."""
PLURALS = (
    (f"{COMPILER} itself rejects", f"{COMPILER} themselves reject"),
    (f"{COMPILER} rejects", f"{COMPILER} reject"),
    (f"{COMPILER} leaves", f"{COMPILER} leave"),
    (f"{COMPILER} does not", f"{COMPILER} do not"),
)
"""What is said of one compiler, and of several."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cause:
    """Findings that share a cause, on one target or on several; `message` is about all of these."""

    results: Sequence[Result]
    findings: Sequence[Finding]
    message: str

    @property
    def rank(self) -> tuple[int, ...]:
        """The sort key: compilers' own results first, then severity, what needs a size or a value, whole models, and counts."""
        first = self.findings[0]
        wanted = min(map(need, self.findings)) if first.severity is Severity.ERROR else 0
        whole = int(bool(first.op))
        kind = FIRST_KINDS.get(first.kind, 2)
        return kind, -first.severity.weight, wanted, whole, -len(self.results), -len(self.findings)


def causes(results: Sequence[Result], *, full: bool) -> list[Cause]:
    """Return the causes of all targets' findings; with `full` they are merged only where they are about the same nodes."""
    merged: dict[tuple[object, ...], tuple[list[Result], list[Finding]]] = {}
    for result in results:
        for group in grouped(result.findings, full=full):
            first = group[0]
            fix = first.rewrite.rewrites or (first.rewrite.name,) if first.rewrite is not None else ()
            said = _impersonal(first.message, result)
            key: tuple[object, ...] = (first.code, first.op, first.severity, fix, said if full else said.partition("; ")[0])
            if full:
                key += tuple(sorted((finding.scope, finding.node, finding.output) for finding in group))
            where, found = merged.setdefault(key, ([], []))
            where.append(result)
            found += group
    single = len(results) == 1
    out = [Cause(where, found, found[0].message if single else _message(where, found[0])) for where, found in merged.values()]
    return sorted(out, key=lambda cause: cause.rank)


def cause_lines(results: Sequence[Result], found: Sequence[Cause], detail: Detail, width: int) -> Iterator[Line]:
    """Yield the lines on the causes that `detail` has room for, and one line that counts what is left out."""
    hidden: Counter[str] = Counter()
    shown = 0
    for cause in found:
        if not detail.everything and (not _decides(cause) or shown >= detail.causes):
            hidden[_counted(cause.findings[0])] += len(cause.findings)
            continue
        shown += 1
        tag = f"[{_names(cause.results, results)}] " if len(results) > 1 else ""
        yield from paragraph(_as_one(cause), detail, width, tag)
    if hidden:
        notes = hidden.pop("", 0)
        parts = [f"{count} {code}" for code, count in sorted(hidden.items())]
        parts += [f"{notes} note{'s' if notes != 1 else ''}"] if notes else []
        text = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
        for line in wrapped(f"and {text}; show them with --full", width - 2, 99):
            yield [(f"  {line}", "dim")]


def _decides(cause: Cause) -> bool:
    """Whether a cause is shown: errors, warnings, a compiler's own result, and what leaves a target undecided."""
    first = cause.findings[0]
    undecided = first.kind in UNDECIDED and any(result.verdict == "undecided" for result in cause.results)
    return first.severity is not Severity.NOTE or first.kind in FIRST_KINDS or undecided


def _counted(finding: Finding) -> str:
    return "" if finding.severity is Severity.NOTE else finding.code


def _as_one(cause: Cause) -> list[Finding]:
    """Return the findings of a cause by node, each once, the first with the message and the fixes of all of them."""
    nodes = {(finding.scope, finding.node, finding.output): finding for finding in reversed(cause.findings)}
    first, *rest = reversed(nodes.values())
    measured = "; ".join(dict.fromkeys(filter(None, (finding.measured for finding in _firsts(cause)))))
    return [dataclasses.replace(first, message=cause.message, rewrite=_fix(cause), measured=measured), *rest]


def _firsts(cause: Cause) -> Iterator[Finding]:
    """Yield the first finding of each target."""
    yield from {finding.called or finding.target: finding for finding in reversed(cause.findings)}.values()


def _fix(cause: Cause) -> Fix | None:
    """Return the fix with the counts of all targets' probes together."""
    fixes = [finding.rewrite for finding in _firsts(cause) if finding.rewrite is not None]
    if len(fixes) < 2:
        return cause.findings[0].rewrite
    return dataclasses.replace(fixes[-1], fixed=sum(fix.fixed for fix in fixes), of=sum(fix.of for fix in fixes))


def _impersonal(message: str, result: Result) -> str:
    """Return a message with a placeholder for the compiler's name."""
    if result.title:
        message = message.replace(result.title, COMPILER)
    return re.sub(rf"^{re.escape(result.target)}\b", COMPILER, message)


def _message(results: Sequence[Result], finding: Finding) -> str:
    """Return the message about all targets of a cause; which these are is said in front of it."""
    text = _impersonal(finding.message, results[0])
    text = text.replace(f" is rejected by {COMPILER}", " is rejected").replace(f" on {COMPILER}", "")
    if len(results) > 1:
        for one, several in PLURALS:
            text = text.replace(one, several)
    return text.replace(COMPILER, _joined([result.target for result in results]))


def _names(some: Sequence[Result], every: Sequence[Result]) -> str:
    """Return the names of targets: `all targets` for all of them, with their versions where one target has several."""
    if len(some) == len(every):
        return "both targets" if len(every) == 2 else "all targets"
    versions = Counter(result.target for result in every)
    return ", ".join(result.target if versions[result.target] == 1 else result.judge for result in some)


def _joined(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
