"""A clock that records the time of each stage of a run."""

from __future__ import annotations

import time
from dataclasses import field

from graphfix.ir.records import dataclass


@dataclass(slots=True)
class StageTimer:
    """Seconds by stage, in the order of first use; time outside of laps is not counted."""

    spent: dict[str, float] = field(default_factory=dict)
    since: float = field(default_factory=time.perf_counter)

    def start(self) -> None:
        """Begin a lap: the time before it belongs to no stage."""
        self.since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End a lap: add the time since the last one to a stage."""
        now = time.perf_counter()
        self.spent[stage] = self.spent.get(stage, 0.0) + now - self.since
        self.since = now

    def add(self, other: dict[str, float]) -> None:
        """Add the seconds by stage of another clock, perhaps of another process."""
        for stage, seconds in other.items():
            self.spent[stage] = self.spent.get(stage, 0.0) + seconds

    def lines(self) -> list[str]:
        """Return the stages with their milliseconds and percentages, longest first, and the sum."""
        total = sum(self.spent.values())
        ranked = sorted(self.spent.items(), key=lambda item: -item[1])
        shares = [f"{1000 * seconds:9.1f} ms  {seconds / total if total else 0:5.1%}  {stage}" for stage, seconds in ranked]
        return [*shares, f"{1000 * total:9.1f} ms  in all"]
