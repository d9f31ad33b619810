"""The process that asks one compiler: `PYTHON worker.py ADAPTER REQUESTS ANSWERS SCRATCH`.

It runs in whichever interpreter has the compiler, so it imports nothing but the standard library, its sibling
`asking.py` and the adapter. ADAPTER is the path of an adapter file, which has `start`, or `respond` where its
questions are of a form of its own; REQUESTS and ANSWERS are inherited pipe descriptors carrying one JSON object a
line, SCRATCH is the session's folder.

The compiler is imported once; every request is answered by a forked child, so that whatever the compiler does
to its process costs one answer. The child has a session of its own and holds only its result pipe: what it
prints is drained, what it forks dies with it. When REQUESTS closes, because the session ended or its owner
was killed, the worker ends everything it started and removes SCRATCH.
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

NOISE = 4000  # bytes kept of what it printed last
HEARTBEAT = 0.05  # seconds between two looks at the child's memory
PAGE = os.sysconf("SC_PAGE_SIZE")
SET_PDEATHSIG, SET_CHILD_SUBREAPER = 1, 36  # prctl(2)


class Gone(Exception):
    """The session's owner closed the request pipe."""


def prctl(option: int, value: int) -> None:
    """Linux process control; a no-op elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def load(name: str, path: str) -> Any:
    """The module in the file `path`, under a name that cannot shadow a compiler's."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def write(pipe: int, answer: Answer) -> None:
    """One line into a pipe, whole."""
    line = json.dumps(answer).encode() + b"\n"
    while line:
        line = line[os.write(pipe, line) :]


def child(respond: Respond, request: Request, result: int, noise: int, worker: int) -> None:
    """The forked child: bound, silenced, answering once; it never returns."""
    try:
        os.setsid()
        prctl(SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != worker:
            os._exit(1)
        os.dup2(noise, 1)
        os.dup2(noise, 2)
        os.close(noise)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # The worker watches what is resident; the address space is only a backstop, since compilers
        # reserve far more than they use.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (3 * request["memory"], 3 * request["memory"]))
        os.environ["TMPDIR"] = tempfile.tempdir = request["scratch"]
        os.chdir(request["scratch"])
        try:
            for answer in respond(request):
                write(result, answer)
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"[:NOISE]
            write(result, {"stage": "crash", "message": said, "last": True})
    finally:
        os._exit(0)


def descendants(pid: int) -> list[int]:
    """Every process below `pid` that still hangs together, from /proc (empty where there is none)."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as listing:
                for one in listing.read().split():
                    found += [int(one), *descendants(int(one))]
    return found


def resident(pid: int) -> int:
    """Bytes of memory held by `pid` and what it started, not counting pages shared with files."""
    total = 0
    for one in (pid, *descendants(pid)):
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{one}/statm") as fields:
            sizes = fields.read().split()
            total += (int(sizes[1]) - int(sizes[2])) * PAGE
    return total


def bury(pid: int) -> int:
    """End the child and all that it started; its wait status."""
    status = 0
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        status = os.waitpid(pid, 0)[1]
    # Orphans come to the worker, which is their subreaper: also those that left the child's session.
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] or descendants(os.getpid()):
            for orphan in descendants(os.getpid()):
                with contextlib.suppress(OSError):
                    os.kill(orphan, signal.SIGKILL)
            time.sleep(0.001)
    return status


def spoken(line: bytes) -> Answer | None:
    """The last whole answer in what came through the result pipe; ValueError when something else did."""
    *whole, rest = line.split(b"\n")
    if len(rest) > 1 << 20:
        raise ValueError("an answer without an end")
    answers = [json.loads(one) for one in whole]
    if not all(isinstance(one, dict) and isinstance(one.get("stage"), str) for one in answers):
        raise ValueError("an answer without a stage")
    return answers[-1] if answers else None


def ended(status: int, noise: bytes) -> str:
    """How a child ended that did not answer, with the last it printed."""
    if os.WIFSIGNALED(status):
        why = f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    else:
        why = f"exited with status {os.WEXITSTATUS(status)} without an answer"
    lines = [text for text in re.split(r"[\r\n]+", noise.decode(errors="replace")) if text.strip()]
    return ": ".join([why, " ".join(lines[-3:]).strip()[-500:]]) if lines else why


def supervise(pid: int, result: int, noise: int, requests: int, request: Request) -> Answer:
    """Wait for the child's answer within its bounds, then end it and all it started."""
    started = looked = time.monotonic()
    line, heard, answer = b"", b"", None
    stage, why = "crash", ""
    handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    watched = [result, noise, requests] + ([] if handle is None else [handle])
    try:
        while not why:
            now = time.monotonic()
            if now >= started + request["deadline"]:
                stage, why = "timeout", f"no answer within {request['deadline']:g} s"
                break
            if now >= looked + HEARTBEAT:
                looked = now
                if resident(pid) > request["memory"]:
                    why = f"more than {request['memory'] / 2**30:g} GiB of memory"
                    break
            ready = select.select(watched, [], [], HEARTBEAT)[0]
            if requests in ready:
                raise Gone
            if noise in ready:
                block = os.read(noise, 1 << 16)
                heard = (heard + block)[-NOISE:]
                if not block:
                    watched.remove(noise)
            if result in ready:
                block = os.read(result, 1 << 16)
                line += block
                answer = spoken(line)
                if not block or (answer and answer["last"]):
                    break
            elif handle in ready or (handle is None and not ready and os.waitpid(pid, os.WNOHANG)[0]):
                break
    except (ValueError, KeyError):
        answer, why = None, "garbage where the answer should be"
    finally:
        if handle is not None:
            os.close(handle)
        status = bury(pid)
    if answer and answer["last"]:
        return answer
    why = why or ended(status, heard)
    # With an answer before the last, the model was compiled: it is the run that failed.
    return {**answer, "message": why} if answer else {"stage": stage, "message": why}


def answer(respond: Respond, request: Request, requests: int, answers: int) -> Answer:
    """Fork a child for one request and see it through."""
    started = time.monotonic()
    result, noise = os.pipe(), os.pipe()
    worker = os.getpid()
    pid = os.fork()
    if pid == 0:
        for end in (result[0], noise[0], requests, answers):
            os.close(end)
        child(respond, request, result[1], noise[1], worker)
    os.close(result[1])
    os.close(noise[1])
    try:
        found = supervise(pid, result[0], noise[0], requests, request)
    finally:
        os.close(result[0])
        os.close(noise[0])
    return {"seconds": time.monotonic() - started, **found}


def version(distributions: tuple[str, ...]) -> dict[str, str]:
    """The installed versions of the distributions that are there."""
    found = {}
    for name in distributions:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def main() -> None:
    """Import the compiler, then answer until the request pipe closes."""
    adapter, requests, answers, scratch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    here = os.path.dirname(os.path.abspath(__file__))
    # Adapters bear their compilers' names, so their folder must not be searched for imports.
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides; it closes the pipe
    prctl(SET_CHILD_SUBREAPER, 1)
    os.set_inheritable(requests, False)
    os.set_inheritable(answers, False)
    os.environ["TMPDIR"] = tempfile.tempdir = scratch

    try:
        module = load("graphfix_adapter", adapter)
        respond = getattr(module, "respond", None)
        if respond is None:
            asking = load("graphfix_asking", os.path.join(here, "asking.py"))
            respond = functools.partial(asking.respond, module.start())
        with contextlib.suppress(ImportError):
            importlib.import_module("numpy")  # here rather than in every child
        gc.freeze()  # what is loaded now need not be looked through by every child
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        write(answers, {"ready": version(module.DISTRIBUTIONS)})
    except BaseException as error:
        write(answers, {"failed": f"{type(error).__name__}: {error}"})
        return
    buffer = b""
    try:
        while True:
            block = os.read(requests, 1 << 16)
            if not block:
                raise Gone
            buffer += block
            while b"\n" in buffer:
                line, _, buffer = buffer.partition(b"\n")
                write(answers, answer(respond, json.loads(line), requests, answers))
    except (Gone, BrokenPipeError):
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
