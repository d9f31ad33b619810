"""What native code prints is told beside what its call returns or raises, and the streams are as they were afterwards."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

from graphfix.backends.printed import attempted, printing


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


def say(words: str) -> int:
    """Print from C, whose buffer Python does not flush, and past it."""
    os.write(2, b"first\n")
    return int(ctypes.CDLL(None).puts(words.encode()))


def test_lines_of_native_code_are_kept_and_the_streams_restored(capfd: pytest.CaptureFixture[str]) -> None:
    found, lines, failure = attempted(lambda: say("from C"), (ValueError,))
    assert found >= 0
    assert (lines, failure) == (["first", "from C"], None)
    os.write(1, b"outside\n")
    assert capfd.readouterr() == ("outside\n", "")


def test_a_failure_is_told_with_what_was_printed_before_it() -> None:
    def fail() -> None:
        say("why")
        raise ValueError("no")

    found, lines, failure = attempted(fail, (ValueError,))
    assert (found, lines, str(failure)) == (None, ["first", "why"], "no")


def test_other_errors_are_raised_and_leave_the_streams_as_they_were(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), printing():
        raise KeyError("x")
    os.write(1, b"outside\n")
    assert capfd.readouterr().out == "outside\n"
