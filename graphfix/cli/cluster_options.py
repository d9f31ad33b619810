"""The options on where work runs: how many processes, on this machine or on a cluster."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphfix.errors import UsageError
from graphfix.ir.urls import ModelPath, ModelUrl

if TYPE_CHECKING:
    from graphfix.cli.lint_jobs import Task
    from graphfix.ir.clusters import Cluster


def add_cluster(parser: argparse.ArgumentParser, jobs: str) -> None:
    """Add the options, with a help text of `--jobs`."""
    parser.add_argument("--jobs", "-j", type=int, metavar="N", help=jobs)
    parser.add_argument(
        "--backend",
        dest="cluster",
        metavar="loky|dask=ADDRESS|ray=ADDRESS",
        help="run the jobs in processes of joblib's loky, or on a dask or ray cluster",
    )


def check_jobs(given: argparse.Namespace) -> None:
    """Raise UsageError for a number of jobs that is none."""
    if given.jobs is not None and given.jobs < 1:
        raise UsageError(f"--jobs {given.jobs} is not a number of processes", hint="give 1 or more")


def check_urls(given: argparse.Namespace, models: Sequence[ModelPath]) -> None:
    """Raise UsageError for an option that needs the model's file, where a model is at a URL."""
    url = next((model for model in models if isinstance(model, ModelUrl)), None)
    names = ("fix", "diff", "confirm", "annotate", "html")
    asked = next((f"--{name}" for name in names if getattr(given, name) not in (None, False)), None)
    if url is not None and asked is not None:
        raise UsageError(f"{asked} needs a file on this machine", path=url, hint="download it first")


def chosen_cluster(
    given: argparse.Namespace, tasks: Sequence[Task]
) -> contextlib.AbstractContextManager[Cluster[Any, Any] | None]:
    """Return the cluster that `--backend` names, to be opened; None without one, or where there is nothing to do."""
    if given.cluster is None:
        return contextlib.nullcontext()
    source = next((task.path for task in tasks if task.lowered_source is not None or task.failure is not None), None)
    if source is not None:
        raise UsageError("it was lowered on this machine, and --backend lints elsewhere", path=source, hint="leave it out")
    from graphfix.ir.clusters import open_cluster

    return open_cluster(given.cluster, given.jobs) if tasks else contextlib.nullcontext()
