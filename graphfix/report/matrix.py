"""The support matrix in the terminal: a verdict for each operator and compiler version, and their counts."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from typing import TextIO

from graphfix.linter.support import VERDICTS, Support, Verdict, support
from graphfix.report.page import Page, Span
from graphfix.tables.table import Table

STYLES: dict[Verdict, str] = {"always": "green", "conditions": "yellow", "rejected": "bold red", "unmeasured": "dim"}
SHORT: dict[Verdict, str] = {"unmeasured": "-"}
HEADING = "operator"
GAP = "  "
MIN_NAME = 16
"""The number of characters of an operator's name that are shown even on a narrow terminal."""


def render_matrix(names: Sequence[str], tables: Sequence[Table], out: TextIO) -> None:
    """Write a line per operator with its verdict in every table, then the counts, and where to find more."""
    page = Page(out)
    rows = [(name, [support(name, table) for table in tables]) for name in names]
    heads = [(table.target, table.version) for table in tables]
    widths = [max(len(target), len(version), len("10 cond.")) for target, version in heads]
    first = max(len(word) for word in (HEADING, *VERDICTS.values(), *names))
    if out.isatty():  # a line that is wrapped no longer reads as a row
        room = shutil.get_terminal_size().columns - sum(widths) - len(GAP) * len(widths)
        first = min(first, max(room, MIN_NAME))
    for at in (0, 1):
        words = [head[at].ljust(width) for head, width in zip(heads, widths, strict=True)]
        page.line(((HEADING if at else "").ljust(first), "bold"), *((GAP + word, "bold") for word in words))
    for name, cells in rows:
        page.line(
            _cropped(name, first).ljust(first),
            *(_cell(cell, width) for cell, width in zip(cells, [*widths[:-1], 0], strict=True)),
        )
    counts = [Counter(cells[at].verdict for _, cells in rows) for at in range(len(tables))]
    page.line()
    for verdict, called in VERDICTS.items():
        page.line(
            (called.ljust(first), STYLES[verdict]),
            *(f"{GAP}{count[verdict]:<{width}}" for count, width in zip(counts, widths, strict=True)),
        )
    page.line()
    page.line(("`graphfix table --op OP` shows the conditions, `--html OUT` writes a searchable page.", "dim"))


def _cropped(name: str, width: int) -> str:
    """Return a name of at most `width` characters, its middle left out."""
    return name if len(name) <= width else f"{name[: width // 3]}…{name[len(name) - (width - width // 3 - 1) :]}"


def _cell(cell: Support, width: int) -> Span:
    """Return a verdict as a cell."""
    text = f"{cell.conditions} cond." if cell.verdict == "conditions" else SHORT.get(cell.verdict, cell.label)
    return f"{GAP}{text:<{width}}", STYLES[cell.verdict]
