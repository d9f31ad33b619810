"""Verification inputs for a model whose interface was changed: the feeds of the original and of the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Feed = dict[str, Array]
"""Arrays by the names of the inputs."""


Outputs = dict[str, Any]
"""What a model gives, by the names of the outputs, in order: arrays, or lists and dicts for sequences and maps."""


@dataclass(frozen=True, slots=True)
class Adapted:
    """One verification input for both sides: `old` are the feeds of the original, `new` is the feed of the result.

    With several runs of the original, its outputs are concatenated along one axis before they are compared. `dropped`
    are the outputs that the result does not have; `outputs` turn the original's other outputs into those of the result.
    """

    old: tuple[Feed, ...]
    new: Feed
    dropped: frozenset[str] = field(default_factory=frozenset)
    outputs: tuple[Callable[[Outputs], Outputs], ...] = ()


Adapt = Callable[[Adapted], Adapted]
"""What one change of the interface makes of a verification input."""


def joined(runs: Sequence[Any], like: Any) -> Any:
    """Concatenate an output of several runs along the axis that gives it the shape of `like`."""
    if len(runs) == 1:
        return runs[0]
    parts, wanted = [np.asarray(run) for run in runs], np.shape(like)
    for axis in range(parts[0].ndim):
        whole = (*parts[0].shape[:axis], sum(part.shape[axis] for part in parts), *parts[0].shape[axis + 1 :])
        if whole == wanted:
            return np.concatenate(parts, axis)
    return np.concatenate(parts) if parts[0].ndim else np.stack(parts)
