"""The error of a model's outputs in a narrower arithmetic, and whether it is within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from graphfix.verify.budget import Budget
from graphfix.verify.metrics import OutputMetrics


@dataclass(slots=True)
class OutputError:
    """The distance of one output from float32's over all inputs, and how many of its values are no longer finite."""

    name: str
    metrics: OutputMetrics = field(default_factory=OutputMetrics)
    lost: int = 0
    """Values that are finite in float32 and infinite or NaN in the narrower arithmetic."""

    def add(self, exact: npt.NDArray[Any], narrow: npt.NDArray[Any]) -> None:
        """Add the output for one input. Rows of rank 3 count for the agreement of the largest value, too."""
        if exact.dtype.kind == "f" and narrow.shape == exact.shape:
            self.lost += int(np.sum(np.isfinite(exact) & ~np.isfinite(narrow)))
            if exact.ndim == 3:
                exact, narrow = (each.reshape(-1, each.shape[-1]) for each in (exact, narrow))
        self.metrics.add(exact, narrow)

    def to_json(self) -> dict[str, Any]:
        """Return max_abs, mean_abs, cosine, snr_db, top1 and lost."""
        return {**self.metrics.to_json(), "scale": self.scale, "lost": self.lost}

    @property
    def scale(self) -> float:
        """The root of the mean square of the output in float32."""
        return float(np.sqrt(self.metrics.signal / self.metrics.values)) if self.metrics.values else 0.0

    @property
    def noise(self) -> float:
        """The energy of the error relative to the output's: 0 for none, infinite where values were lost."""
        if self.lost:
            return float("inf")
        return self.metrics.noise / self.metrics.signal if self.metrics.signal else float(self.metrics.noise > 0)

    @property
    def snr(self) -> float:
        """The signal-to-noise ratio in dB, infinite where nothing differs."""
        noise = self.noise
        if noise in (0.0, float("inf")):
            return float("inf") if noise == 0.0 else float("-inf")
        return float(-10 * np.log10(noise))


def within(budget: Budget, errors: Sequence[OutputError]) -> bool:
    """Whether every output is within the budget, and no value was lost."""
    return not any(error.lost for error in errors) and budget.exceeded({error.name: error.metrics for error in errors}) is None


def errors_of(names: Sequence[str], pairs: Sequence[tuple[Sequence[Any], Sequence[Any]]]) -> list[OutputError]:
    """Return the error of each output over several inputs; each pair holds the outputs in float32 and in the arithmetic."""
    found = [OutputError(name) for name in names]
    for exact, narrow in pairs:
        for error, old, new in zip(found, exact, narrow, strict=True):
            error.add(np.asarray(old), np.asarray(new))
    return found
