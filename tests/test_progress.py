"""Progress on a terminal: the step and the elapsed time appear during a long step, and disappear at its end."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from graphfix.cli import progress as module
from graphfix.cli.progress import progress, spinner

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a terminal is made by pty")


@contextlib.contextmanager
def terminal(delay: float = 0.05) -> Iterator[Callable[[], str]]:
    """A terminal as stderr; the function returns what was written to it so far, without escapes."""
    import pty

    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(module, "DELAY", delay)
    leader, follower = pty.openpty()
    seen: list[bytes] = []

    def read() -> None:
        try:
            while block := os.read(leader, 65536):
                seen.append(block)
        except OSError:
            return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with os.fdopen(follower, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        try:
            yield lambda: re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", b"".join(seen).decode(errors="replace"))
        finally:
            monkeypatch.undo()
    reader.join(2)
    os.close(leader)


def wait_for(written: Callable[[], str], pattern: str) -> None:
    until = time.monotonic() + 10
    while not re.search(pattern, written()):
        assert time.monotonic() < until, f"{pattern} is not in {written()!r}"
        time.sleep(0.02)


def test_a_step_is_named_while_it_runs_although_no_other_begins() -> None:
    with terminal() as written, spinner() as say:
        say("importing torch")
        wait_for(written, r"importing torch\s+0:00:0\d")


def test_a_task_inside_a_task_names_its_steps_in_the_same_line() -> None:
    with terminal() as written, spinner() as outer:
        outer("reading the model")
        with spinner() as inner:
            assert inner == outer
            inner("exporting [bold] with dynamo")
            wait_for(written, r"exporting \[bold\] with dynamo")
        outer("writing out.onnx")
        wait_for(written, "writing out.onnx")


def test_a_bar_shows_how_many_models_are_done() -> None:
    with terminal() as written, progress(40, "linting") as step:
        step("a.onnx")
        wait_for(written, r"linting .*1/40 0:00:0\d a.onnx")
        step("b.onnx")
        wait_for(written, r"2/40 0:00:0\d b.onnx")


def test_a_short_task_shows_nothing() -> None:
    with terminal(60.0) as written:
        with spinner() as say, progress(3, "linting") as step:
            say("reading")
            step("a")
        assert written() == ""


def test_nothing_is_shown_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(module, "DELAY", 0.0)
    monkeypatch.setattr(sys, "stderr", out)
    with spinner() as say, progress(3, "linting") as step:
        say("reading")
        step("a")
        time.sleep(0.1)
    assert out.getvalue() == ""
