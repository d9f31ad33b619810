"""How far outputs may be from the original's: a share of top-1 decisions, a signal-to-noise ratio, or a largest difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphfix.errors import UsageError
from graphfix.verify.metrics import OutputMetrics

KINDS = ("top1", "snr", "max")
HINT = "write top1=0.5%, snr=40dB or max=1e-2, several with commas"


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits that hold for every output; None where there is no such limit.

    `top1` is the share of rows whose largest value may move, `snr` the least signal-to-noise ratio in dB, `largest` the largest
    difference of a value.
    """

    top1: float | None = None
    snr: float | None = None
    largest: float | None = None

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Parse `top1=0.5%`, `snr=40dB` or `max=1e-2`; several are separated by commas."""
        found: dict[str, float] = {}
        for part in text.split(","):
            name, equals, written = (word.strip() for word in part.partition("="))
            if not equals or name not in KINDS:
                raise UsageError(f"`{part.strip()}` is no budget", hint=HINT)
            percent = written.endswith("%")
            number = written.removesuffix("%") if percent else written[:-2] if written.lower().endswith("db") else written
            try:
                value = float(number) / (100 if percent else 1)
            except ValueError:
                raise UsageError(f"`{written}` is no number in the budget `{text}`", hint=HINT) from None
            if not 0 <= value < float("inf") or (percent and name != "top1") or (name == "top1" and value > 1):
                raise UsageError(f"`{part.strip()}` is no budget", hint=HINT)
            found[name] = value
        return cls(found.get("top1"), found.get("snr"), found.get("max"))

    def exceeded(self, metrics: Mapping[str, OutputMetrics]) -> str | None:
        """Return which output is beyond a limit and how far; None where the budget holds."""
        for name, one in metrics.items():
            told = one.to_json()
            snr, top1, largest = told["snr_db"], told["top1"], told["max_abs"] or 0.0
            if self.snr is not None and one.noise > 0 and (snr is None or snr < self.snr):
                return f"`{name}` has {'no signal' if snr is None else f'{snr:.1f} dB'}, not {self.snr:g} dB"
            if self.largest is not None and not largest <= self.largest:
                return f"`{name}` differs by {largest:.3g}, more than {self.largest:g}"
            if self.top1 is not None and top1 is not None and 1 - top1 > self.top1 + 1e-12:
                return f"the top-1 of `{name}` moves in {100 * (1 - top1):.1f} % of rows, more than {100 * self.top1:g} %"
        return None

    def __str__(self) -> str:
        """The budget as it is written on the command line."""
        parts = [f"top1={100 * self.top1:g}%"] if self.top1 is not None else []
        parts += [f"snr={self.snr:g}dB"] if self.snr is not None else []
        return ",".join(parts + ([f"max={self.largest:g}"] if self.largest is not None else []))


def measured(names: Sequence[str], old: Sequence[Sequence[Any]], new: Sequence[Sequence[Any]]) -> dict[str, OutputMetrics]:
    """Return the metrics of every output over several runs, `old` and `new` holding the outputs of each run in order.

    Of three dims, as of a sequence of characters, the first two are rows whose top-1 is compared.
    """
    found = {name: OutputMetrics() for name in names}
    for before, after in zip(old, new, strict=True):
        for name, was, now in zip(names, before, after, strict=True):
            rows = np.ndim(was) == 3 and np.shape(was) == np.shape(now)
            found[name].add(*(np.reshape(one, (-1, np.shape(one)[2])) for one in (was, now)) if rows else (was, now))
    return found
