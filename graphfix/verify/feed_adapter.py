"""The verification inputs of a model whose interface was changed: what the original is run on, and what the result is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Feed = dict[str, Array]
"""Arrays by the names of the inputs."""


@dataclass(frozen=True, slots=True)
class Adapted:
    """One verification input for both sides: what the original is run on, and what the result is.

    With several runs of the original, its outputs are joined along one axis before they are compared.
    """

    old: tuple[Feed, ...]
    new: Feed
    dropped: frozenset[str] = field(default_factory=frozenset)


Adapt = Callable[[Adapted], Adapted]
"""What one change of the interface makes of a verification input."""


def joined(runs: Sequence[Any], like: Any) -> Any:
    """An output of several runs as that of one: joined along the axis that gives it the shape of another array."""
    if len(runs) == 1:
        return runs[0]
    parts, wanted = [np.asarray(run) for run in runs], np.shape(like)
    for axis in range(parts[0].ndim):
        whole = (*parts[0].shape[:axis], sum(part.shape[axis] for part in parts), *parts[0].shape[axis + 1 :])
        if whole == wanted:
            return np.concatenate(parts, axis)
    return np.concatenate(parts) if parts[0].ndim else np.stack(parts)
