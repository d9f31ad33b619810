"""Progress on stderr for tasks that take over a second; nothing is shown when stderr is not a terminal, or with `-q`.

With `-v` each step is a line instead.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from graphfix.cli.verbosity import LEVEL, detail

Step = Callable[[str], None]
STARTED = time.monotonic()


@contextlib.contextmanager
def progress(total: int, doing: str) -> Iterator[Step]:
    """Yield a function to call with a name after each of `total` steps; a progress bar appears after one second."""
    if LEVEL.get() or not sys.stderr.isatty():
        yield _as_line if LEVEL.get() > 0 else lambda _: None
        return
    started, done = time.monotonic(), 0
    with contextlib.ExitStack() as stack:
        advance: Step | None = None

        def step(name: str) -> None:
            nonlocal done, advance
            done += 1
            if advance is None and time.monotonic() - started > 1:
                advance = _bar(stack, total, doing)
            if advance is not None:
                advance(name)

        yield step


def _bar(stack: contextlib.ExitStack, total: int, doing: str) -> Step:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[at]}"),
    )
    shown = stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
    task = shown.add_task(doing, total=total, at="")
    return lambda name: shown.update(task, advance=1, at=name)


def _as_line(what: str) -> None:
    """Print a step as a line, for `-v`, with the seconds since the start."""
    detail(f"{time.monotonic() - STARTED:6.2f} s  {what}")


@contextlib.contextmanager
def spinner() -> Iterator[Step]:
    """Yield a function that sets the current activity; a spinner shows it on stderr, on a terminal and after one second."""
    if LEVEL.get() or not sys.stderr.isatty():
        yield _as_line if LEVEL.get() > 0 else lambda _: None
        return
    from rich.console import Console

    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        status = Console(stderr=True).status("")
        shown = False

        def say(what: str) -> None:
            nonlocal shown
            if not shown and time.monotonic() - started > 1:
                stack.enter_context(status)
                shown = True
            status.update(what)

        yield say
