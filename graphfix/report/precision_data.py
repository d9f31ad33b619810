"""What the page of support tables holds of precisions: the arithmetics of compilers, and the forms that they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphfix.report.precision_matrix import LEGEND, all_forms, arithmetic_lines, mark, words_on
from graphfix.tables.precision import read_precision
from graphfix.tables.table import Table


def precision_data(tables: Sequence[Table], number: Callable[[str], int]) -> dict[str, Any] | None:
    """Return the data with texts as numbers; None where no table was measured so.

    `versions` are names of compiler versions, `arithmetics` lists of lines with how each is known, one list for a version, and
    `forms` rows of an abbreviation, the form in words, a mark for each version, and lines of what the compilers say.
    """
    found = [known for table in tables if (known := read_precision(table)) is not None]
    if not found:
        return None
    rows = []
    for form in all_forms(found):
        said = [number(f"{known.target} {known.version}, {names}: {words}") for known in found
                for names, words in words_on(known, form)]  # fmt: skip
        rows.append([number(form.short), number(form.label), [number(mark(known, form)) for known in found], said])
    return {
        "versions": [f"{known.target} {known.version}" for known in found],
        "arithmetics": [[[number(line), number(said)] for line, said in arithmetic_lines(known)] for known in found],
        "forms": rows,
        "legend": [number(line) for line in LEGEND],
    }
