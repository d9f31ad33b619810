"""A pool's process ends with its parent: one that waits for work would wait for a killed parent forever."""

from __future__ import annotations

import os
import threading
import time

WATCH = 2.0
"""Seconds between two looks at whether the parent of a process still runs."""


def end_with(parent: int) -> None:
    """End this process when its parent does; called by a pool in each of its processes."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH)
    os._exit(1)
