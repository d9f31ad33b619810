"""The worker process of a session with one compiler: `PYTHON worker.py ADAPTER REQUESTS ANSWERS SCRATCH`.

It runs in whichever interpreter has the compiler, so it imports nothing but the standard library, its sibling
`asking.py` and the adapter. ADAPTER is the path of an adapter file, which defines `start`, or `respond` where it has
requests of its own form; REQUESTS and ANSWERS are inherited pipe descriptors carrying one JSON object per
line, SCRATCH is the session's folder.

The compiler is imported once; every request is answered by a forked child, so that a crash of the compiler loses only
one answer. The child runs in a process session of its own and holds only its result pipe. What it prints is read and
mostly discarded; the processes it starts are killed with it. When REQUESTS closes, because the session ended or its
owner was killed, the worker ends everything it started and removes SCRATCH.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import importlib.metadata
import importlib.util
import json
import os
import re
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

Request = dict[str, Any]
Answer = dict[str, Any]
Respond = Callable[[Request], Iterator[Answer]]

LOG_BYTES = 4000  # bytes kept of the end of what a child printed
MEMORY_CHECK_SECONDS = 0.05  # between two checks of the child's memory
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
SET_PDEATHSIG, SET_CHILD_SUBREAPER = 1, 36  # prctl(2)


class SessionClosed(Exception):
    """The owner of the session closed the request pipe."""


def prctl(option: int, value: int) -> None:
    """Linux process control; a no-op elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def load(name: str, path: str) -> Any:
    """Import the file `path` as a module, under a name that cannot shadow a compiler's module."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def write_line(pipe: int, answer: Answer) -> None:
    """Write one answer line to a pipe."""
    line = json.dumps(answer).encode() + b"\n"
    while line:
        line = line[os.write(pipe, line) :]


def run_child(respond: Respond, request: Request, result: int, log: int, worker: int) -> None:
    """Run in the forked child: set the bounds, redirect the output, answer one request, and exit."""
    try:
        os.setsid()
        prctl(SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != worker:
            os._exit(1)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # The worker checks resident memory; the address space limit is only a second bound, since compilers
        # reserve far more than they use.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (3 * request["memory"], 3 * request["memory"]))
        os.environ["TMPDIR"] = tempfile.tempdir = request["scratch"]
        os.chdir(request["scratch"])
        try:
            for answer in respond(request):
                write_line(result, answer)
        except BaseException as error:
            message = f"{type(error).__name__}: {error}"[:LOG_BYTES]
            write_line(result, {"stage": "crash", "message": message, "last": True})
    finally:
        os._exit(0)


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


def answer_request(respond: Respond, request: Request, requests: int, answers: int) -> Answer:
    """Fork a child for one request and return its answer."""
    started = time.monotonic()
    result, log = os.pipe(), os.pipe()
    worker = os.getpid()
    pid = os.fork()
    if pid == 0:
        for end in (result[0], log[0], requests, answers):
            os.close(end)
        run_child(respond, request, result[1], log[1], worker)
    os.close(result[1])
    os.close(log[1])
    try:
        found = supervise(pid, result[0], log[0], requests, request)
    finally:
        os.close(result[0])
        os.close(log[0])
    return {"seconds": time.monotonic() - started, **found}


def installed_versions(distributions: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of those distributions that are installed."""
    found = {}
    for name in distributions:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def start(adapter: str, answers: int) -> Respond | None:
    """Import the adapter and its compiler, and write the versions, or why the import failed; None in that case."""
    here = os.path.dirname(os.path.abspath(__file__))
    # Adapters are named like their compilers, so their folder must not be searched for imports.
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    try:
        module = load("graphfix_adapter", adapter)
        respond: Respond | None = getattr(module, "respond", None)
        if respond is None:
            asking = load("graphfix_asking", os.path.join(here, "asking.py"))
            respond = functools.partial(asking.respond, module.start())
        with contextlib.suppress(ImportError):
            importlib.import_module("numpy")  # once here rather than in every child
        gc.freeze()  # so that children do not collect what is loaded now
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        write_line(answers, {"ready": installed_versions(module.DISTRIBUTIONS)})
    except BaseException as error:
        write_line(answers, {"failed": f"{type(error).__name__}: {error}"})
        return None
    return respond


def serve(respond: Respond, requests: int, answers: int) -> None:
    """Answer requests; raises SessionClosed when the request pipe closes."""
    buffer = b""
    while True:
        block = os.read(requests, 1 << 16)
        if not block:
            raise SessionClosed
        buffer += block
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            write_line(answers, answer_request(respond, json.loads(line), requests, answers))


def main() -> None:
    """Import the compiler, then answer until the request pipe closes."""
    adapter, requests, answers, scratch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the session decides; it closes the pipe
    prctl(SET_CHILD_SUBREAPER, 1)
    os.set_inheritable(requests, False)
    os.set_inheritable(answers, False)
    os.environ["TMPDIR"] = tempfile.tempdir = scratch
    respond = start(adapter, answers)
    if respond is None:
        return
    try:
        serve(respond, requests, answers)
    except (SessionClosed, BrokenPipeError):
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
