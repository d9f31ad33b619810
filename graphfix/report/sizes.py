"""The sizes of a model before and after `fix`, as one table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphfix.report.page import Page

MOST_OPERATORS = 8
"""Operators whose numbers changed that are shown."""
Size = Mapping[str, Any]


def render_sizes(page: Page, before: Size, after: Size) -> None:
    """Write a row for each measure: nodes, operators, parameters, MACs and file, and the operators whose number changed."""
    rows = list(_rows(before, after))
    width = max(9, *(len(old) for _, old, _ in rows))
    page.line(f"            {'':12}{'before':>{width}}  {'after':>{width}}")
    for name, old, new in rows:
        page.line(f"            {name:12}{old:>{width}}  {new:>{width}}".rstrip())
    at = after["macs_at"] or before["macs_at"]
    if at:
        sizes = ", ".join(f"{name}={'x'.join(map(str, dims)) or 'scalar'}" for name, dims in at.items())
        page.line(f"            MACs are counted at {sizes}")


def _kinds(operators: Mapping[str, int]) -> str:
    return f"{len(operators)} kind{'s' if len(operators) != 1 else ''}"


def _rows(before: Size, after: Size) -> Iterator[tuple[str, str, str]]:
    yield "nodes", f"{before['nodes']:,}", f"{after['nodes']:,}"
    old, new = before["operators"], after["operators"]
    yield "operators", _kinds(old), _kinds(new)
    moved = [name for name in dict.fromkeys((*old, *new)) if old.get(name, 0) != new.get(name, 0)]
    moved.sort(key=lambda name: -abs(new.get(name, 0) - old.get(name, 0)))
    for name in moved[:MOST_OPERATORS]:
        yield f"  {name}", f"{old.get(name, 0):,}", f"{new.get(name, 0):,}"
    if len(moved) > MOST_OPERATORS:
        yield f"  and {len(moved) - MOST_OPERATORS} more", "", ""
    yield "parameters", in_bytes(before["parameter_bytes"]), in_bytes(after["parameter_bytes"])
    yield "MACs", in_units(before["macs"]), in_units(after["macs"])
    yield "file", in_bytes(before["file_bytes"]), in_bytes(after["file_bytes"])


def in_bytes(number: int | None) -> str:
    """Return a number of bytes in the unit that keeps it below 1,000."""
    if number is None:
        return "n/a"
    return f"{number:,} B" if number < 1000 else _scaled(number, ("kB", "MB", "GB", "TB"))


def in_units(number: int | None) -> str:
    """Return a count in the unit that keeps it below 1,000."""
    if number is None:
        return "n/a"
    return f"{number:,}" if number < 1000 else _scaled(number, ("k", "M", "G", "T", "P"))


def _scaled(number: int, units: tuple[str, ...]) -> str:
    value = float(number)
    for unit in units:
        value /= 1000
        if value < 999.5 or unit == units[-1]:
            break
    return f"{value:.3g} {unit}"
