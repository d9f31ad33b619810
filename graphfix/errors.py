"""Exception classes. Each one reports a problem that the user can fix; the command line exits with code 2 on any of them.

GraphfixError
├── UsageError      an option, target or input name that does not exist
├── ModelError      a model that cannot be read, or violates ONNX's constraints
├── OutputError     a result that cannot be written to the requested path
│   └── ChangedError  a file that was written by somebody else since it was read
├── TableError      a support table that is missing or malformed
└── BackendError    a compiler that is not installed or cannot be started
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

SINGLE_SLASH = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+:)/(?!/)")
"""The beginning of a URL that has been a Path, which leaves one slash of two. A drive of Windows has one letter."""

CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that move a terminal's cursor, change its colours, begin a line, or change the direction of the text after them."""
INTERRUPTED = 130
"""The exit code of a shell for a command that SIGINT ended."""


def printable(text: str, keep: str = "") -> str:
    r"""Return a text with control characters, as names in models may have, shown as `\x1b`, `\n` or `\u202e`, but for `keep`."""
    return CONTROL.sub(lambda found: found[0] if found[0] in keep else _shown(found[0]), text)


def _shown(character: str) -> str:
    short = {"\n": "\\n", "\r": "\\r"}.get(character)
    return short or (f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}")


class GraphfixError(Exception):
    """A failure that is reported on one line: the path, the problem, and a hint on how to fix it.

    `cure` is the former name of `hint`, accepted as a keyword and readable as an attribute.
    """

    def __init__(self, problem: str, *, path: str | Path | None = None, hint: str | None = None, cure: str | None = None) -> None:
        self.problem = " ".join(str(problem).split())
        self.path = None if path is None else SINGLE_SLASH.sub(r"\1//", str(path))
        self.hint = hint if hint is not None else cure
        super().__init__(self.line())

    @property
    def cure(self) -> str | None:
        """The hint under its former name."""
        return self.hint

    def line(self) -> str:
        """Return `path: problem; hint` on one line."""
        where = f"{self.path}: " if self.path else ""
        return printable(f"{where}{self.problem}" + (f"; {self.hint}" if self.hint else ""))


class UsageError(GraphfixError):
    """An invalid command line, or invalid arguments of a public function."""


class ModelError(GraphfixError):
    """A file that cannot be read as an ONNX model or violates ONNX's constraints."""


class OutputError(GraphfixError):
    """An output path that cannot be written, or must not be overwritten."""


class ChangedError(OutputError):
    """A file that was written by somebody else since it was read, and would have been overwritten."""


class TableError(GraphfixError):
    """A support table that is missing or does not parse."""


class BackendError(GraphfixError):
    """A compiler that is not installed or cannot be started."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint such as "did you mean `state`?", or the list of choices when no known word is similar."""
    import difflib

    choices = sorted(known)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"choose from {', '.join(choices)}" if choices else "there is none to choose from"
