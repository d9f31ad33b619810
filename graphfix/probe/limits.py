"""Limits: the size at which a compiler begins to reject an operator, found by bisection.

Whole models of growing size are asked about, so that the bound in a table is the compiler's own and not the nearest size that
somebody thought of. Where both ends get the same verdict there is no limit between them, and both are evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from graphfix.backends.session import Session
from graphfix.probe.build import Probe, form_probe
from graphfix.probe.choice import for_target
from graphfix.probe.form import Form, Limit, TextProbe
from graphfix.probe.measure import NO_EVIDENCE, Evidence, measure

LABEL = re.compile(r"limit of (.+): (\d+)")


def find_limits(entries: Iterable[Form | TextProbe], session: Session, target: str, path: Path) -> list[Evidence]:
    """Return the evidence about the limits of one operator; answers in the file are not asked again."""
    return [row for form, limit in _limits(entries) for row in _bisected(form, limit, session, target, path)]


def limit_probes(entries: Iterable[Form | TextProbe], labels: Iterable[str]) -> list[Probe]:
    """Return the probes of limits that were asked about, by their labels in the evidence."""
    searched = {limit.label: (form, limit) for form, limit in _limits(entries)}
    found = [match.groups() for match in map(LABEL.fullmatch, labels) if match]
    built = [_probe(*searched[name], int(size)) for name, size in found if name in searched]
    return [probe for probe in built if probe is not None]


def _limits(entries: Iterable[Form | TextProbe]) -> Iterator[tuple[Form, Limit]]:
    return ((form, limit) for form in entries if isinstance(form, Form) for limit in form.limits)


def _probe(form: Form, limit: Limit, size: int) -> Probe | None:
    return form_probe(form, limit.change(size), f"limit of {limit.label}: {size}", (limit.facet,))


def _bisected(form: Form, limit: Limit, session: Session, target: str, path: Path) -> list[Evidence]:
    """Ask about both ends, and about sizes between them until the verdict changes from one size to the next."""
    rows: dict[int, Evidence] = {}

    def rejected(size: int) -> bool:
        probe = _probe(form, limit, size)
        asked = for_target(target, [probe] if probe is not None else [])
        found = measure(asked, session, target, path)
        if found and (found[0].verdict != "rejected" or not NO_EVIDENCE.match(found[0].said)):
            rows[size] = found[0]
        return size in rows and rows[size].verdict == "rejected"

    low, high = limit.low, limit.high
    if rejected(low) != rejected(high) and len(rows) > 1:
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if rejected(middle) == rejected(high) else (middle, high)
    return list(rows.values())
