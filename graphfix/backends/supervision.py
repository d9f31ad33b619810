"""Supervision of the worker's forked children: their answers, their bounds, and the end of all processes they start.

`worker.py` loads this file by its path in the compiler's interpreter, so it imports only the standard library.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import re
import select
import signal
import time
from typing import Any

Answer = dict[str, Any]
Request = dict[str, Any]
LOG_BYTES = 4000  # bytes kept of the end of what a child printed
MEMORY_CHECK_SECONDS = 0.05  # between two checks of the child's memory
PAGE_SIZE = mmap.PAGESIZE


class SessionClosed(Exception):
    """The owner of the session closed the request pipe."""


def descendants(pid: int) -> list[int]:
    """Return the process ids of all living descendants of `pid`, from /proc (empty where there is no /proc)."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as listing:
                for one in listing.read().split():
                    found += [int(one), *descendants(int(one))]
    return found


def resident(pid: int) -> int:
    """Return the bytes of resident memory of `pid` and its descendants, without pages shared with files."""
    total = 0
    for one in (pid, *descendants(pid)):
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{one}/statm") as fields:
            sizes = fields.read().split()
            total += (int(sizes[1]) - int(sizes[2])) * PAGE_SIZE
    return total


def kill_tree(pid: int) -> int:
    """Kill the child and all processes that it started; returns its wait status."""
    status = 0
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        status = os.waitpid(pid, 0)[1]
    # Orphans become children of the worker, which is their subreaper, also those that left the child's session.
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] or descendants(os.getpid()):
            for orphan in descendants(os.getpid()):
                with contextlib.suppress(OSError):
                    os.kill(orphan, signal.SIGKILL)
            time.sleep(0.001)
    return status


def last_answer(line: bytes) -> Answer | None:
    """Return the last complete answer in the bytes from the result pipe; raises ValueError for anything else."""
    *whole, rest = line.split(b"\n")
    if len(rest) > 1 << 20:
        raise ValueError("an answer without an end")
    answers = [json.loads(one) for one in whole]
    if not all(isinstance(one, dict) and isinstance(one.get("stage"), str) for one in answers):
        raise ValueError("an answer without a stage")
    return answers[-1] if answers else None


def exit_reason(status: int, log: bytes) -> str:
    """Describe how a child ended that did not answer, with the last lines it printed."""
    if os.WIFSIGNALED(status):
        why = f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    else:
        why = f"exited with status {os.WEXITSTATUS(status)} without an answer"
    lines = [text for text in re.split(r"[\r\n]+", log.decode(errors="replace")) if text.strip()]
    return ": ".join([why, " ".join(lines[-3:]).strip()[-500:]]) if lines else why


def supervise(pid: int, result: int, log: int, requests: int, request: Request) -> Answer:
    """Wait for the child's answer within its bounds, then end it and all it started.

    Raises SessionClosed when the request pipe closes meanwhile.
    """
    watch = Watch(pid, result, log, requests, request)
    try:
        watch.run()
    finally:
        status = kill_tree(pid)
    if watch.answer and watch.answer["last"]:
        return watch.answer
    why = watch.failure or exit_reason(status, watch.logged)
    # With an answer before the last, the model was compiled: the run failed.
    return {**watch.answer, "message": why} if watch.answer else {"stage": watch.stage, "message": why}


class Watch:
    """What was read from a child until it answered, failed, or exceeded a bound; `failure` says which bound it was."""

    def __init__(self, pid: int, result: int, log: int, requests: int, request: Request) -> None:
        self.pid, self.result, self.log, self.requests, self.request = pid, result, log, requests, request
        self.handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
        self.watched = [result, log, requests] + ([] if self.handle is None else [self.handle])
        self.started = self.checked = time.monotonic()
        self.line, self.logged = b"", b""
        self.answer: Answer | None = None
        self.stage, self.failure = "crash", ""

    def run(self) -> None:
        """Read from the child until it is finished."""
        try:
            while not self.exceeds_bound() and not self.read():
                pass
        except (ValueError, KeyError):
            self.answer, self.failure = None, "garbage where the answer should be"
        finally:
            if self.handle is not None:
                os.close(self.handle)

    def exceeds_bound(self) -> bool:
        """Whether the child has passed its deadline or its memory bound, which is checked from time to time."""
        now = time.monotonic()
        if now >= self.started + self.request["deadline"]:
            self.stage, self.failure = "timeout", f"no answer within {self.request['deadline']:g} s"
        elif now >= self.checked + MEMORY_CHECK_SECONDS:
            self.checked = now
            if resident(self.pid) > self.request["memory"]:
                self.failure = f"more than {self.request['memory'] / 2**30:g} GiB of memory"
        return bool(self.failure)

    def read(self) -> bool:
        """Read what the child has written and printed; True when it has given its last answer or exited."""
        ready = select.select(self.watched, [], [], MEMORY_CHECK_SECONDS)[0]
        if self.requests in ready:
            raise SessionClosed
        if self.log in ready:
            block = os.read(self.log, 1 << 16)
            self.logged = (self.logged + block)[-LOG_BYTES:]
            if not block:
                self.watched.remove(self.log)
        if self.result in ready:
            block = os.read(self.result, 1 << 16)
            self.line += block
            self.answer = last_answer(self.line)
            return not block or bool(self.answer and self.answer["last"])
        return self.handle in ready or (self.handle is None and not ready and bool(os.waitpid(self.pid, os.WNOHANG)[0]))
