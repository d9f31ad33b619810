"""A page of styled text: through rich on a terminal, as plain text anywhere else (and then rich is not imported)."""

from __future__ import annotations

import os
from typing import TextIO

Span = str | tuple[str, str]
"""A piece of a line: plain text, or (text, style) with a style of rich's such as `bold red`."""
USUAL = 100
"""Columns where there is no terminal and COLUMNS does not say."""
NARROWEST = 60


class Page:
    """Writes lines of spans to a stream; on a terminal they are coloured, unless NO_COLOR is set, and wrapped at its width.

    `width` are the columns that a writer may count on, 60 at least.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._console = None
        given = os.environ.get("COLUMNS", "")
        self.width = max(NARROWEST, int(given)) if given.isdecimal() and int(given) else USUAL
        if out.isatty():
            from rich.console import Console

            self._console = Console(file=out, highlight=False, emoji=False)
            self.width = max(NARROWEST, self._console.width)

    def line(self, *spans: Span) -> None:
        """Write one line."""
        if self._console is None:
            self._out.write("".join(span if isinstance(span, str) else span[0] for span in spans) + "\n")
            return
        from rich.text import Text

        self._console.print(Text.assemble(*spans))
