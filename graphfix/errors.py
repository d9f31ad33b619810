"""The exception tree: every one of these is the user's to mend, and means exit code 2.

GraphfixError
├── UsageError      an option, target or input name that does not exist
├── ModelError      a model that cannot be read, or breaks ONNX's own laws
├── OutputError     a result that cannot be written where it was asked for
├── TableError      a support table that is missing or malformed
└── BackendError    a compiler that is not installed or cannot be started
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class GraphfixError(Exception):
    """A failure that is said in one line: where, what, and the cure."""

    def __init__(self, problem: str, *, path: str | Path | None = None, cure: str | None = None) -> None:
        self.problem = " ".join(str(problem).split())
        self.path = None if path is None else str(path)
        self.cure = cure
        super().__init__(self.line())

    def line(self) -> str:
        """`path: problem; cure` on one line."""
        where = f"{self.path}: " if self.path else ""
        return f"{where}{self.problem}" + (f"; {self.cure}" if self.cure else "")


class UsageError(GraphfixError):
    """A wrong call: the command line or the arguments of a public function."""


class ModelError(GraphfixError):
    """A file that is not a readable, lawful ONNX model."""


class OutputError(GraphfixError):
    """A destination that cannot be written, or must not be overwritten."""


class TableError(GraphfixError):
    """A support table that is missing or does not parse."""


class BackendError(GraphfixError):
    """A compiler that is absent or cannot be started."""


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint such as `did you mean 'state'?`, or the choices when nothing is near."""
    import difflib

    choices = sorted(known)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"choose from {', '.join(choices)}" if choices else "there is none to choose from"
