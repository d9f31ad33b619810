"""Workers that are started as programs of their own: in a process that has threads, such as a cluster's, a fork is not safe.

They speak with this process like forked ones, over their standard input and output; what the work itself prints goes to stderr.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

from graphfix.ir.forked_workers import Worker, serve


def spawned(work: Callable[[Any], Any]) -> Worker:
    """Start a process that imports the function `work` by its name and calls it on tasks."""
    tasks, results = os.pipe(), os.pipe()
    line = [sys.executable, "-m", __name__, work.__module__, work.__qualname__]
    ends = [(os.POSIX_SPAWN_DUP2, tasks[0], 0), (os.POSIX_SPAWN_DUP2, results[1], 1)]
    process = os.posix_spawn(sys.executable, line, os.environ, file_actions=ends)
    os.close(tasks[0])
    os.close(results[1])
    return Worker(process, tasks[1], results[0])


if __name__ == "__main__":
    answers = os.dup(1)
    os.dup2(2, 1)
    serve(getattr(importlib.import_module(sys.argv[1]), sys.argv[2]), 0, answers)
