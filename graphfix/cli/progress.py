"""Progress on stderr for tasks that take over a second; nothing is shown when stderr is not a terminal, or with `-q`.

With `-v` each step is a line instead.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from graphfix.cli.verbosity import LEVEL, detail

Step = Callable[[str], None]
STARTED = time.monotonic()
DELAY = 1.0
"""The seconds after which progress is shown, whether or not a step has ended by then."""
MOST_CHARACTERS = 60
"""The length up to which the name of a step is shown."""
_open: list[_Display] = []
"""The display that is open; a task inside another task names its steps in the display of the outer one."""


@contextlib.contextmanager
def progress(total: int, doing: str) -> Iterator[Step]:
    """Yield a function to call with a name after each of `total` steps; a bar with the elapsed time appears after a second."""
    if LEVEL.get() or not sys.stderr.isatty():
        yield _as_line if LEVEL.get() > 0 else lambda _: None
        return
    with _displayed(_Display(doing, total)) as display:
        yield display.advance


def _as_line(what: str) -> None:
    """Print a step as a line, for `-v`, with the seconds since the start."""
    detail(f"{time.monotonic() - STARTED:6.2f} s  {what}")


@contextlib.contextmanager
def spinner(doing: str = "") -> Iterator[Step]:
    """Yield a function that names the current step; its name and the elapsed time appear after a second."""
    if LEVEL.get() or not sys.stderr.isatty():
        yield _as_line if LEVEL.get() > 0 else lambda _: None
        return
    if _open:
        if doing:
            _open[-1].say(doing)
        yield _open[-1].say
        return
    with _displayed(_Display(doing or "starting")) as display:
        yield display.say


@contextlib.contextmanager
def _displayed(display: _Display) -> Iterator[_Display]:
    import threading

    _open.append(display)
    timer = threading.Timer(DELAY, display.show)
    timer.daemon = True
    timer.start()
    try:
        yield display
    finally:
        timer.cancel()
        _open.remove(display)
        display.close()


class _Display:
    """A line on stderr: the step, a bar where the number of steps is known, and the elapsed time.

    It is shown from another thread, so that it appears during a long step.
    """

    def __init__(self, doing: str, total: int | None = None) -> None:
        import threading

        self._doing, self._total = doing, total
        self._done, self._at = 0, ""
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._shown: Any = None
        self._task: Any = None
        self._closed = False

    def say(self, what: str) -> None:
        """Name the current step."""
        with self._lock:
            if self._total is None:
                self._doing = what
            else:
                self._at = what
            self._update()

    def advance(self, name: str) -> None:
        """Count a step that has ended."""
        with self._lock:
            self._done, self._at = self._done + 1, name
            self._update()

    def show(self) -> None:
        """Show the line; called once, from a timer."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        counted = (self._total or 0) > 1
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            *((BarColumn(), MofNCompleteColumn()) if counted else ()),
            TimeElapsedColumn(),
            TextColumn("{task.fields[at]}", markup=False),
        )
        shown = Progress(*columns, console=Console(stderr=True), transient=True)
        with self._lock:
            if self._closed:
                return
            self._task = shown.add_task(_short(self._doing), total=self._total, completed=self._done, at=_short(self._at))
            shown.tasks[0].start_time = self._started
            self._shown = shown
            shown.start()

    def close(self) -> None:
        """Remove the line."""
        with self._lock:
            self._closed = True
            shown, self._shown = self._shown, None
        if shown is not None:
            shown.stop()

    def _update(self) -> None:
        if self._shown is not None:
            fields = {"description": _short(self._doing), "completed": self._done, "at": _short(self._at)}
            self._shown.update(self._task, **fields)


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
