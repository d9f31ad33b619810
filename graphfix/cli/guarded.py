"""Commands that run native code on one model, in a forked process: a crash there is an error message and exit code 2."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NoReturn, TypeVar

from graphfix.errors import INTERRUPTED, printable

if TYPE_CHECKING:
    from graphfix.ir.forked_workers import Lost

PARENT_DEATH = 1
"""The number of Linux' prctl(2) for the signal that a process gets when its parent ends."""
STOPPED = ("SIGTERM", "SIGHUP")
"""The signals that ask a process to end."""
OUT_OF_TIME = ("SIGXCPU", "SIGALRM")
"""The signals that end a process that judges a model for too long."""
PATIENCE = 0.2
"""Seconds in which a command ends that the terminal interrupted along with this process."""
END = b"end"
Found = TypeVar("Found")


class Watch:
    """The connection of a command to the process that waits for it; `lost` is what became of the first run of the command."""

    __slots__ = ("lost", "tell")

    def __init__(self, tell: int = -1, lost: Lost | None = None) -> None:
        self.tell, self.lost = tell, lost

    def run(self, work: Callable[[], Found], seconds: float) -> Found | Lost:
        """Call `work` within limits; where it ends this process, the command is run again with the reason as the result."""
        if self.lost is not None:
            return self.lost
        if self.tell < 0:  # no process waits
            return work()
        from graphfix.ir.forked_workers import limited

        os.write(self.tell, f"{seconds}\n".encode())
        try:
            with limited(seconds):
                return work()
        finally:
            os.write(self.tell, END + b"\n")


def can_guard() -> bool:
    """Whether commands run in a process of their own: it has copies of what is in memory, but not of other threads."""
    threading = sys.modules.get("threading")  # what is imported before the fork is copied by it
    return hasattr(os, "fork") and (threading is None or threading.active_count() == 1)


def run_guarded(run: Callable[[Watch], int]) -> int:
    """Run a command in a forked process and return its exit code; 2, with a line on stderr, where a signal ended it.

    Where it ended at work that the command runs by its watch, the command is run again in this process without that work.
    """
    sys.stdout.flush()
    parent, (told, tell) = os.getpid(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        _end(run, Watch(tell), parent)
    os.close(tell)
    with _forwarded(child, signal.SIGTERM, signal.SIGHUP):
        code = _awaited(child)
    with open(told, "rb") as file:
        (*_, last) = file.read().splitlines() or [END]
    name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    if last != END and name not in STOPPED:
        from graphfix.ir.forked_workers import Lost

        return run(Watch(lost=Lost(float(last), "" if name in OUT_OF_TIME else name)))
    if code >= 0:
        _leave(code)  # the interpreter of this process did nothing that it has to end in order
    if name in STOPPED:
        print(f"graphfix: ended by {name}", file=sys.stderr)
    else:
        hint = "report it, with the model if you may share it"
        files = ", ".join(word for word in sys.argv[2:] if os.path.isfile(word))
        print(printable(f"graphfix: {files}: native code crashed on this model ({name}); {hint}"), file=sys.stderr)
    return 2


def _awaited(child: int) -> int:
    """Return the exit code of a process when it has ended; an interrupt is sent on to it unless it got one itself."""
    while True:
        try:
            os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # an interrupt that came after waitpid would lose its answer
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        except KeyboardInterrupt:  # the terminal interrupts both, and the child says so
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                time.sleep(PATIENCE / 20)
            os.kill(child, signal.SIGINT)
        else:
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            signal.signal(signal.SIGINT, before)
            return code


def _leave(code: int) -> NoReturn:
    """End this process without the steps that free its memory."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _end(run: Callable[[Watch], int], watch: Watch, parent: int) -> NoReturn:
    """Run the command in this process and end it; it is ended too when its parent is killed."""
    code = 2
    try:
        import faulthandler

        from graphfix.ir.memory import bound_memory

        _end_with_parent()
        bound_memory()
        faulthandler.disable()
        if os.getppid() == parent:
            code = run(watch)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:  # before the command began, which says so itself
        print("graphfix: interrupted", file=sys.stderr)
        code = INTERRUPTED
    except BaseException:
        import traceback

        traceback.print_exc()
    _leave(code)


def _end_with_parent() -> None:
    """Let this process be killed when its parent ends, where the system can."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PARENT_DEATH, signal.SIGKILL)


@contextlib.contextmanager
def _forwarded(child: int, *signals: int) -> Iterator[None]:
    """Send these signals on to a process."""
    before = {number: signal.signal(number, lambda number, _: os.kill(child, number)) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
