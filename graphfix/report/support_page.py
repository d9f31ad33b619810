"""The support tables as one self-contained web page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphfix.linter.support import Statement, Verdict, support
from graphfix.report.precision_data import precision_data
from graphfix.report.standalone_page import whole_page
from graphfix.tables.compiler_words import compiler_words
from graphfix.tables.table import Table

CODES: dict[Verdict, int] = {"unmeasured": 0, "always": 1, "conditions": 2, "rejected": 3}
SORTS = {"rejects": 0, "wrong": 1, "exception": 2, "fallback": 3}


class Strings:
    """A table of strings that stores each text once under a number; 0 is the empty text."""

    def __init__(self) -> None:
        self.all = {"": 0}

    def number(self, text: str) -> int:
        """Return the number of a text."""
        return self.all.setdefault(text, len(self.all))


def support_page(names: Sequence[str], tables: Sequence[Table]) -> str:
    """Return the page on operators by compiler versions as HTML."""
    return whole_page("page", "graphfix support tables", page_data(names, tables))


def page_data(names: Sequence[str], tables: Sequence[Table]) -> dict[str, Any]:
    """Return the tables as the page's script reads them: rows of cells, with numbers for texts.

    A cell is 0 where nothing was measured, else [verdict, probes, compiler, date, tried, statements, label]; a statement
    is [sort, words, id, stage, message, probes for, probes against, error or null, rewrite, its safety]. `precision` is
    described in precision_data.py, and null where it was not measured.
    """
    strings = Strings()
    rows = []
    for name in names:
        cells: list[Any] = []
        for table in tables:
            found = support(name, table)
            if found.entry is None:
                cells.append(0)
                continue
            tried = "\n".join(f"{axis}: {', '.join(values)}" for axis, values in found.tried.items()).replace("`", "")
            texts = map(strings.number, (found.entry.compiler, found.entry.on, tried))
            statements = [_statement(statement, strings) for statement in (*found.statements, *found.slow)]
            cells.append([CODES[found.verdict], found.entry.probes, *texts, statements, found.label])
        domain, _, op = name.rpartition(".")
        rows.append([op, domain, cells])
    columns = [[table.target, table.version, table.title, _notes(table)] for table in tables]
    precision = precision_data(tables, strings.number)
    return {"columns": columns, "rows": rows, "precision": precision, "strings": list(strings.all)}


def _notes(table: Table) -> str:
    return " ".join(str(table.about[name]) for name in ("note", "placement", "unplaced") if name in table.about)


def _statement(found: Statement, strings: Strings) -> list[Any]:
    evidence, rewrite = found.evidence, found.fix
    texts = map(strings.number, (found.words.replace("`", ""), evidence.id, evidence.stage, compiler_words(evidence.said)))
    names = (rewrite.name, rewrite.safety) if rewrite is not None else ("", "")
    return [
        SORTS[found.sort], *texts, evidence.supports, evidence.opposes, evidence.error, *map(strings.number, names)
    ]  # fmt: skip
