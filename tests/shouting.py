"""Work for the workers of a cluster, which import it by this name."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence


def shout(batch: Sequence[str]) -> list[str]:
    """Answer, or end the process that the task is given to."""
    if "kill" in batch:
        os.kill(os.getpid(), signal.SIGKILL)
    return [word.upper() for word in batch]


def fail(batch: Sequence[str]) -> list[str]:
    """Fail, as where a package is not installed."""
    raise ModuleNotFoundError(f"no package for {batch}")
