"""Output of styled text: through rich on a terminal, elsewhere as plain text without importing rich."""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

from graphfix.errors import printable

if TYPE_CHECKING:
    from rich.console import Console

Span = str | tuple[str, str]
"""A part of a line: plain text, or (text, style) with one of rich's styles such as `bold red`."""
DEFAULT_WIDTH = 100
"""The width in columns where there is no terminal and COLUMNS is not set."""
MIN_WIDTH = 60


COLOR: ContextVar[str] = ContextVar("color", default="auto")
"""`auto` colors on a terminal, unless NO_COLOR is set; `always` also elsewhere on stdout, `never` nowhere."""


def styled(out: TextIO) -> bool:
    """Whether output to a stream goes through rich: on a terminal, or on stdout where colors are requested."""
    return out.isatty() or (COLOR.get() == "always" and out is sys.stdout)


def console(out: TextIO, **options: Any) -> Console:
    """Return rich's console for a stream, with or without colors as requested."""
    from rich.console import Console

    if COLOR.get() == "never":
        options["color_system"] = None
    elif COLOR.get() == "always":
        options |= {"force_terminal": True, "no_color": False}
        if not out.isatty():
            options |= {"color_system": "standard", "width": _columns()}
    return Console(file=out, highlight=False, emoji=False, **options)


def _columns() -> int:
    given = os.environ.get("COLUMNS", "")
    return max(MIN_WIDTH, int(given)) if given.isdecimal() and int(given) else DEFAULT_WIDTH


class Page:
    """Writes lines of spans to a stream; on a terminal they are wrapped, and coloured as `COLOR` says.

    `width` is the number of columns, 60 at least.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._console: Console | None = None
        self.width = _columns()
        if styled(out):
            self._console = console(out)
            self.width = max(MIN_WIDTH, self._console.width)

    def line(self, *spans: Span) -> None:
        """Write one line; control characters, which only names in models and compilers' messages can hold, are made visible."""
        shown = [printable(span) if isinstance(span, str) else (printable(span[0]), span[1]) for span in spans]
        if self._console is None:
            self._out.write("".join(span if isinstance(span, str) else span[0] for span in shown) + "\n")
            return
        from rich.text import Text

        self._console.print(Text.assemble(*shown), soft_wrap=True)
