"""The worker process of a session with one compiler: `PYTHON worker.py ADAPTER REQUESTS ANSWERS SCRATCH`.

It runs in whichever interpreter has the compiler, so it imports only the standard library, its siblings `asking.py`,
`printed.py` and `supervision.py`, and the adapter. ADAPTER is the path of an adapter file, which defines `start`, or
`respond` where it has requests of its own form; REQUESTS and ANSWERS are inherited pipe descriptors that carry one JSON
object per line, SCRATCH is the session's folder.

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
SET_PDEATHSIG, SET_CHILD_SUBREAPER = 1, 36  # prctl(2)


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


HERE = os.path.dirname(os.path.abspath(__file__))
supervision = load("graphfix_supervision", os.path.join(HERE, "supervision.py"))


def write_line(pipe: int, answer: Answer) -> None:
    """Write one answer line to a pipe."""
    line = json.dumps(answer).encode() + b"\n"
    while line:
        line = line[os.write(pipe, line) :]


def limit_resources(memory: int) -> None:
    """Write no core dumps, and bound the address space; where the system has no such limits, the worker's checks remain."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # The worker checks resident memory; the address space limit is only a second bound, since compilers
        # reserve far more than they use.
        resource.setrlimit(resource.RLIMIT_AS, (3 * memory, 3 * memory))


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
        limit_resources(request["memory"])
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
        found: Answer = supervision.supervise(pid, result[0], log[0], requests, request)
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
    # Adapters are named like their compilers, so their folder must not be searched for imports.
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != HERE]
    try:
        module = load("graphfix_adapter", adapter)
        load("graphfix_printed", os.path.join(HERE, "printed.py"))
        respond: Respond | None = getattr(module, "respond", None)
        if respond is None:
            asking = load("graphfix_asking", os.path.join(HERE, "asking.py"))
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
            raise supervision.SessionClosed
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
    except (supervision.SessionClosed, BrokenPipeError):
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
