"""What native code prints: compilers that say why they refuse a model on their standard output or error are read there.

The worker loads this file beside the adapter, as the module `graphfix_printed`, in an interpreter without graphfix.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable, Iterator
from typing import Any

KEPT = "printed.txt"


@contextlib.contextmanager
def printing() -> Iterator[list[str]]:
    """Yield a list that has the lines printed inside this context, by native code too, once it has ended."""
    lines: list[str] = []
    streams = {stream: os.dup(stream) for stream in (1, 2)}
    with open(KEPT, "w") as sink:
        for stream in streams:
            os.dup2(sink.fileno(), stream)
    try:
        yield lines
    finally:
        ctypes.CDLL(None).fflush(None)
        for stream, before in streams.items():
            os.dup2(before, stream)
            os.close(before)
        with open(KEPT, errors="replace") as found:
            lines += [line.rstrip("\n") for line in found]


def attempted(call: Callable[[], Any], errors: tuple[type[Exception], ...]) -> tuple[Any, list[str], Exception | None]:
    """What a call returns, None where it fails, the lines that were printed meanwhile, and the error that it raised."""
    found, failure = None, None
    with printing() as lines:
        try:
            found = call()
        except errors as error:
            failure = error
    return found, lines, failure
