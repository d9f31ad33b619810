"""Output of styled text: through rich on a terminal, elsewhere as plain text without importing rich."""

from __future__ import annotations

import os
from typing import TextIO

Span = str | tuple[str, str]
"""A part of a line: plain text, or (text, style) with one of rich's styles such as `bold red`."""
DEFAULT_WIDTH = 100
"""The width in columns where there is no terminal and COLUMNS is not set."""
MIN_WIDTH = 60


class Page:
    """Writes lines of spans to a stream; on a terminal they are wrapped, and coloured unless NO_COLOR is set.

    `width` is the number of columns, 60 at least.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._console = None
        given = os.environ.get("COLUMNS", "")
        self.width = max(MIN_WIDTH, int(given)) if given.isdecimal() and int(given) else DEFAULT_WIDTH
        if out.isatty():
            from rich.console import Console

            self._console = Console(file=out, highlight=False, emoji=False)
            self.width = max(MIN_WIDTH, self._console.width)

    def line(self, *spans: Span) -> None:
        """Write one line."""
        if self._console is None:
            self._out.write("".join(span if isinstance(span, str) else span[0] for span in spans) + "\n")
            return
        from rich.text import Text

        self._console.print(Text.assemble(*spans), soft_wrap=True)
