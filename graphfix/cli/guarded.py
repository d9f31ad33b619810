"""Commands that run native code on one model, in a forked process: a crash there is an error message and exit code 2."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator

from graphfix.errors import printable

PARENT_DEATH = 1
"""The number of Linux' prctl(2) for the signal that a process gets when its parent ends."""


def run_guarded(run: Callable[[], int]) -> int:
    """Run a command in a forked process and return its exit code; 2, with a line on stderr, where a signal ended it."""
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return run()
    sys.stdout.flush()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _end(run, parent)
    with _forwarded(child, signal.SIGTERM, signal.SIGHUP):
        while True:
            try:
                status = os.waitpid(child, 0)[1]
                break
            except KeyboardInterrupt:  # the terminal interrupts both, and the child says so
                continue
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    name = signal.Signals(-code).name
    if name in ("SIGTERM", "SIGHUP"):
        print(f"graphfix: ended by {name}", file=sys.stderr)
    else:
        hint = "report it, with the model if you may share it"
        files = ", ".join(word for word in sys.argv[2:] if os.path.isfile(word))
        print(printable(f"graphfix: {files}: native code crashed on this model ({name}); {hint}"), file=sys.stderr)
    return 2


def _end(run: Callable[[], int], parent: int) -> None:
    """Run the command in this process and end it; it is ended too when its parent is killed."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PARENT_DEATH, signal.SIGKILL)
    faulthandler.disable()
    if os.getppid() != parent:
        os._exit(2)
    code = 2
    try:
        code = run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


@contextlib.contextmanager
def _forwarded(child: int, *signals: int) -> Iterator[None]:
    """Send these signals on to a process."""
    before = {number: signal.signal(number, lambda number, _: os.kill(child, number)) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
