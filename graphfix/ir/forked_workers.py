"""Forked workers for tasks that run native code on untrusted models: a crash or a hang costs one task its result.

Not `multiprocessing` or `concurrent.futures`: importing them takes longer than linting a small model, and a process that ends
breaks a whole pool of the latter.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Task = TypeVar("Task")
Found = TypeVar("Found")
MEMORY = 8 << 30
"""Bytes that a worker may allocate; models are read without their weights."""
WALL = 6
"""Seconds that may pass for each second of processor time allowed: other programs may be using the processor."""
LENGTH = 8
"""The bytes before a message that say how long it is."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What became of a task whose worker ended without a result: it `crashed` with a signal, or took more than `seconds`.

    `gone` is what a cluster says of a worker of its own that ended with the task.
    """

    seconds: float
    crashed: str = ""
    gone: str = ""

    @property
    def reason(self) -> str:
        """The reason in words."""
        if self.gone:
            return f"the worker that had it ended ({self.gone})"
        if self.crashed:
            return f"native code crashed on it ({self.crashed})"
        return f"it took more than {self.seconds:.3g} s of processor time"


def can_fork() -> bool:
    """Whether this system has workers that share what is imported; without them tasks run in this process."""
    return hasattr(os, "fork")


@dataclass(slots=True)
class ForkedWorkers(Generic[Task, Found]):
    """Up to `jobs` workers that call `work` on tasks; `budget` says how much processor time a task may take, in seconds."""

    work: Callable[[Task], Found]
    budget: Callable[[Task], float]
    jobs: int = 1
    start: Callable[[Callable[[Task], Found]], Worker] | None = None
    """How a worker is started, if not by a fork."""
    idle: list[Worker] = field(default_factory=list)
    busy: dict[int, tuple[int, Worker]] = field(default_factory=dict)
    """The positions of tasks and their workers, by the descriptors that the results come from."""

    def run(self, tasks: Sequence[Task]) -> Iterator[Found | Lost]:
        """Yield the result of each task in order, or why there is none.

        An exception that `work` raises is raised here.
        """
        yield from in_order(self.as_done(tasks))

    def as_done(self, tasks: Sequence[Task]) -> Iterator[tuple[int, Found | Lost]]:
        """Yield the positions of tasks with their results, or why there are none, as soon as these are known."""
        waiting = deque(enumerate(tasks))
        with contextlib.closing(self):
            while waiting or self.busy:
                while waiting and len(self.busy) < self.jobs:
                    self._begin(*waiting.popleft())
                for position, answer in list(self._finished()):
                    yield position, _raised(*answer)

    def ask(self, task: Task) -> Found | Lost:
        """Return the result of one task, or why there is none; the worker goes on waiting for others until `close`."""
        self._begin(0, task)
        done: dict[int, tuple[bool, Any]] = {}
        while not done:
            done.update(self._finished())
        found: Found | Lost = _raised(*done[0])
        return found

    def close(self) -> None:
        """End all workers."""
        for worker in [*self.idle, *(worker for _, worker in self.busy.values())]:
            worker.end()
        self.idle.clear()
        self.busy.clear()

    def _begin(self, position: int, task: Task) -> None:
        worker = self.idle.pop() if self.idle else (self.start or Worker.forked)(self.work)
        worker.begin(task, self.budget(task))
        self.busy[worker.results] = position, worker

    def _finished(self) -> Iterator[tuple[int, tuple[bool, Any]]]:
        """Wait for a worker, and yield the positions of the tasks that ended with what they gave."""
        soonest = min(worker.left() for _, worker in self.busy.values())
        for descriptor in select.select(list(self.busy), [], [], soonest)[0]:
            position, worker = self.busy.pop(descriptor)
            answer = worker.result()
            if answer is not None:
                self.idle.append(worker)
                yield position, answer
            else:
                yield position, (True, worker.lost())
        for descriptor, (position, worker) in list(self.busy.items()):
            if worker.left() <= 0:
                del self.busy[descriptor]
                yield position, (True, worker.lost())


def in_order(found: Iterable[tuple[int, Found]]) -> Iterator[Found]:
    """Yield values in the order of their positions, each as soon as those before it are there."""
    done: dict[int, Found] = {}
    following = 0
    for position, one in found:
        done[position] = one
        while following in done:
            yield done.pop(following)
            following += 1


def _raised(fine: bool, found: Any) -> Any:
    """Return what a task gave, or raise what it raised."""
    if not fine:
        raise found
    return found


@dataclass(slots=True)
class Worker:
    """One process that works on tasks, and the pipes to it and from it."""

    process: int
    tasks: int
    results: int
    seconds: float = 0.0
    until: float = 0.0

    @classmethod
    def forked(cls, work: Callable[[Any], Any]) -> Worker:
        """Fork a process that calls `work`."""
        tasks, results = os.pipe(), os.pipe()
        process = os.fork()
        if process == 0:
            os.close(tasks[1])
            os.close(results[0])
            serve(work, tasks[0], results[1])
        os.close(tasks[0])
        os.close(results[1])
        return cls(process, tasks[1], results[0])

    def begin(self, task: Any, seconds: float) -> None:
        """Send a task that may take so many seconds of processor time."""
        self.seconds = seconds
        self.until = time.monotonic() + WALL * seconds
        with contextlib.suppress(BrokenPipeError):  # a process that ended between two tasks is found when its result is read
            _send(self.tasks, (task, seconds))

    def left(self) -> float:
        """Return the seconds until the task is given up."""
        return max(0.0, self.until - time.monotonic())

    def result(self) -> tuple[bool, Any] | None:
        """Return whether the work was done, with its result or its exception; None where the process ended instead."""
        answer: tuple[bool, Any] | None = _received(self.results)
        return answer

    def lost(self) -> Lost:
        """End the process, and return why it gave no result."""
        if self.left() > 0:  # it closed its pipe, so it has ended or is about to
            code = self._waited()
            if code != -signal.SIGXCPU:
                return Lost(self.seconds, signal.Signals(-code).name if code < 0 else f"exit code {code}")
        else:
            self.end()
        return Lost(self.seconds)

    def end(self) -> None:
        """Kill the process, which waits for a task or takes too long for one."""
        os.kill(self.process, signal.SIGKILL)
        self._waited()

    def _waited(self) -> int:
        os.close(self.tasks)
        os.close(self.results)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


def serve(work: Callable[[Any], Any], tasks: int, results: int) -> None:
    """Answer tasks until the pipe is closed, and end this process."""
    import faulthandler
    import resource

    try:
        faulthandler.disable()  # the parent tells of a crash
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # and says that it was interrupted
        _bound(resource.RLIMIT_DATA, MEMORY)
        while (given := _received(tasks)) is not None:
            task, seconds = given
            _bound(resource.RLIMIT_CPU, _until(seconds))
            try:
                answer = True, work(task)
            except Exception as error:
                _send(results, (False, error))
                continue
            _send(results, answer)
    finally:
        os._exit(0)


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Bound the memory and the time of this process; a signal ends it where it takes so many seconds of processor time."""
    import resource

    before = {kind: resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_DATA, resource.RLIMIT_CPU)}
    _bound(resource.RLIMIT_DATA, MEMORY)
    _bound(resource.RLIMIT_CPU, _until(seconds))
    signal.setitimer(signal.ITIMER_REAL, WALL * seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for kind, least in before.items():
            _bound(kind, least)


def _until(seconds: float) -> int:
    """Return the processor time of this process, in whole seconds, after which so many more have passed."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    return int(used.ru_utime + used.ru_stime + seconds) + 1


def _bound(kind: int, least: int) -> None:
    """Set the soft limit of a resource; a lower hard limit of the user's holds."""
    import resource

    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (least, resource.getrlimit(kind)[1]))


def _send(descriptor: int, message: Any) -> None:
    import pickle  # which a process that lints a single model has no use for

    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    view = memoryview(len(data).to_bytes(LENGTH, "little") + data)
    while view:
        view = view[os.write(descriptor, view) :]


def _received(descriptor: int) -> Any:
    """Return the next message from a pipe; None where it was closed before its end."""
    import pickle

    length = _read(descriptor, LENGTH)
    data = None if length is None else _read(descriptor, int.from_bytes(length, "little"))
    return None if data is None else pickle.loads(data)


def _read(descriptor: int, length: int) -> bytes | None:
    parts = []
    while length:
        part = os.read(descriptor, min(length, 1 << 20))
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
