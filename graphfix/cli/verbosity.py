"""How much a command prints: `-q`, `-v` and `--color`, and the messages on stderr that they turn off and on."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from contextvars import ContextVar

LEVEL: ContextVar[int] = ContextVar("level", default=0)
"""-1 with `-q`, 1 with `-v`."""
VALUED = ("--color",)
"""Global options that take a value."""
COLORS = ("auto", "always", "never")


def add_verbosity(parser: argparse.ArgumentParser, *, first: bool) -> None:
    """Add the global options; those after the command override those before it, where `first` is set."""
    level = parser.add_mutually_exclusive_group()
    unset = 0 if first else argparse.SUPPRESS
    level.add_argument(
        "-q", "--quiet", dest="level", action="store_const", const=-1, default=unset, help="print only the report and errors"
    )
    level.add_argument(
        "-v",
        "--verbose",
        dest="level",
        action="store_const",
        const=1,
        default=unset,
        help="print each step and its time",
    )
    color = "auto" if first else argparse.SUPPRESS
    parser.add_argument("--color", choices=COLORS, default=color, help="color the output: on a terminal (auto), always, or never")


@contextlib.contextmanager
def verbosity(given: argparse.Namespace) -> Iterator[None]:
    """Apply the global options for the duration of a command."""
    from graphfix.report.page import COLOR

    level, color = LEVEL.set(given.level), COLOR.set(given.color)
    try:
        yield
    finally:
        LEVEL.reset(level)
        COLOR.reset(color)


def notice(line: str) -> None:
    """Print a message on stderr that is not an error; nothing with `-q`."""
    if LEVEL.get() >= 0:
        print(f"graphfix: {line}", file=sys.stderr)


def detail(line: str) -> None:
    """Print a message on stderr with `-v` only."""
    if LEVEL.get() > 0:
        print(f"graphfix: {line}", file=sys.stderr, flush=True)
