"""Clusters that tasks run on: processes of this machine by loky, or the workers of a dask or ray cluster.

Each is an optional package, imported when it is asked for. A worker that ends costs no other task its result.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from typing import Any, Generic, TypeVar

from graphfix.errors import BackendError, UsageError, nearest
from graphfix.ir.forked_workers import Lost
from graphfix.ir.parent_watch import end_with
from graphfix.ir.records import dataclass

Task = TypeVar("Task")
Found = TypeVar("Found")
Submit = Callable[..., "Future[Any]"]
AHEAD = 2
"""The batches that are sent for each worker at a time, so that none waits for the next."""
ANSWER = 30
"""Seconds in which a scheduler must answer."""
PACKAGES = {"loky": "joblib", "dask": "distributed", "ray": "ray"}
"""The clusters, and the packages that they need."""


@dataclass(frozen=True, slots=True)
class Cluster(Generic[Task, Found]):
    """Workers that take functions by `submit`, `workers` of them at a time; `deaths` are the errors for one that ended."""

    submit: Submit
    workers: int
    deaths: tuple[type[BaseException], ...]

    def run(
        self, work: Callable[[Sequence[Task]], Sequence[Found]], batches: Iterable[Sequence[Task]]
    ) -> Iterator[tuple[Task, Found | Lost]]:
        """Yield each task with what `work` returns for it, as soon as that is known, in any order.

        A batch whose worker ended is tried again task by task, with nothing beside it: only a task that ends its worker again
        has no result.

        Raises:
            BackendError: the workers cannot run the work at all.
        """
        waiting, suspects = iter(batches), deque[Task]()
        running: dict[Future[Any], Sequence[Task]] = {}
        try:
            while True:
                for batch in waiting:
                    running[self.submit(work, batch)] = batch
                    if len(running) >= AHEAD * self.workers:
                        break
                alone = not running
                if alone and suspects:
                    batch = [suspects.popleft()]
                    running[self.submit(work, batch)] = batch
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    batch = running.pop(future)
                    error = future.exception()
                    if error is None:
                        yield from zip(batch, future.result(), strict=True)
                    elif not isinstance(error, self.deaths):
                        said = f"the workers cannot run this ({type(error).__name__}: {_last_line(error)})"
                        raise BackendError(said, hint="install the same graphfix where they run") from error
                    elif alone:
                        yield batch[0], Lost(0.0, gone=type(error).__name__)
                    else:
                        suspects.extend(batch)
        finally:
            for future in running:
                future.cancel()


def _last_line(error: BaseException) -> str:
    """Return the last line of an error, which in a worker's traceback says what went wrong."""
    return ([line for line in str(error).splitlines() if line.strip()] or [""])[-1][:200]


@contextlib.contextmanager
def open_cluster(text: str, jobs: int | None) -> Iterator[Cluster[Any, Any]]:
    """Connect to the cluster that a text such as `dask=tcp://host:8786` names; `jobs` limits the tasks at a time.

    Raises:
        UsageError: there is no such kind of cluster, it needs an address, or its package is not installed.
        BackendError: nobody answers at the address.
    """
    kind, _, address = text.partition("=")
    if kind not in PACKAGES:
        raise UsageError(f"there is no kind of cluster `{kind}`", hint=nearest(kind, PACKAGES))
    if (kind == "loky") == bool(address):
        wanted = "--backend loky" if kind == "loky" else f"--backend {kind}=ADDRESS"
        raise UsageError(f"--backend {text} is no cluster", hint=f"write {wanted}")
    try:
        importlib.import_module(PACKAGES[kind])
    except ImportError as error:
        hint = f"install it with `pip install 'graphfix[{'registry' if kind == 'loky' else kind}]'`"
        raise UsageError(f"--backend {kind} needs {PACKAGES[kind]}", hint=hint) from error
    opened = {"loky": _loky, "dask": _dask, "ray": _ray}[kind]
    with opened(address, jobs) as cluster:
        yield cluster


@contextlib.contextmanager
def _loky(address: str, jobs: int | None) -> Iterator[Cluster[Any, Any]]:
    loky = importlib.import_module("joblib.externals.loky")
    workers = jobs or loky.cpu_count()
    watched = {"max_workers": workers, "initializer": end_with, "initargs": (os.getpid(),)}

    def submit(work: Callable[..., Any], batch: Sequence[Any]) -> Future[Any]:
        # A pool of which a process has ended is replaced here; another may end before it is given the batch.
        try:
            future: Future[Any] = loky.get_reusable_executor(**watched).submit(work, batch)
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        return future

    try:
        yield Cluster(submit, workers, (BrokenExecutor,))
    finally:
        loky.get_reusable_executor(**watched).shutdown(kill_workers=True)


@contextlib.contextmanager
def _dask(address: str, jobs: int | None) -> Iterator[Cluster[Any, Any]]:
    distributed = importlib.import_module("distributed")
    try:
        client = distributed.Client(address, set_as_default=False, timeout=ANSWER)
    except (OSError, ValueError) as error:
        raise BackendError(f"no dask scheduler answers at {address}", hint="check the address") from error
    with client:
        workers = sum(client.nthreads().values())
        if not workers:
            raise BackendError(f"the dask cluster at {address} has no workers", hint="start some")
        executor = client.get_executor(pure=False)
        killed = importlib.import_module("distributed.scheduler").KilledWorker
        yield Cluster(executor.submit, min(workers, jobs or workers), (killed,))


@contextlib.contextmanager
def _ray(address: str, jobs: int | None) -> Iterator[Cluster[Any, Any]]:
    ray = importlib.import_module("ray")
    connected = ray.is_initialized()  # by a caller, who goes on using it
    try:
        if not connected:
            ray.init(address=address, log_to_driver=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise BackendError(f"no ray cluster answers at {address}", hint="check the address") from error

    def submit(work: Callable[..., Any], batch: Sequence[Any]) -> Future[Any]:
        future: Future[Any] = ray.remote(work).options(num_cpus=1, max_retries=1).remote(batch).future()
        return future

    try:
        workers = int(ray.cluster_resources().get("CPU", 1))
        errors = ray.exceptions
        deaths = (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError)
        yield Cluster(submit, min(workers, jobs or workers), deaths)
    finally:
        if not connected:
            ray.shutdown()
