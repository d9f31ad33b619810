"""Output into a pipe that its reader may close, as in `graphfix lint ... | head`: the rest is discarded."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any


class TolerantOutput:
    """A text stream whose remaining output is discarded once the reader is gone, so that the command still ends.

    The exit code must be that of the findings: a script that pipes the report into `head` tests it with `pipefail`.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text."""
        try:
            return int(self._stream.write(text))
        except BrokenPipeError:
            self._discard()
            return len(text)

    def flush(self) -> None:
        """Flush what was written."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._discard()

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def _discard(self) -> None:
        """Let the descriptor of the closed pipe lead nowhere; what is still buffered goes there as well."""
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self._stream.fileno())
        os.close(null)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def reopen_closed() -> None:
    """Let the output streams that are closed, as by `>&-`, lead nowhere: the next file that is opened would take their place."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))


@contextlib.contextmanager
def tolerant_stdout() -> Iterator[None]:
    """Let stdout discard what it cannot write; nothing changes for a terminal, or where something else stands for stdout."""
    stdout: Any = sys.stdout
    if stdout is not sys.__stdout__ or stdout is None or stdout.isatty():
        yield
        return
    with contextlib.redirect_stdout(TolerantOutput(stdout)):
        try:
            yield
        finally:
            sys.stdout.flush()
