"""Trials of fixes as data, and the file beside the tables that holds them."""

from __future__ import annotations

import functools
import json
import lzma
from dataclasses import asdict, dataclass, field
from pathlib import Path

from graphfix.analysis.facets.node import Facets
from graphfix.tables.agreement import TRIALS

UNRUN = "unrun"
"""The result of a trial on a model that onnxruntime cannot run, so that no rewrite of it could be verified."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What rewriting did for one refused probe.

    `result` is `fixed` when the compiler accepts the rewritten probe and, where it runs, computes the same; `rejected` or
    `wrong` when it does not although the table says so; `none` when no sequence of rewrites satisfied the table, and `unrun`
    where none could be verified, which counts for nothing.
    `rewrites` are those applied, in order, `main` is the one applied to the probe's node, and `safety` the least safe class
    among them. `said` is the compiler's message. `facets` are those of a node among the nodes that usually come with it, which
    is no probe of the evidence; empty otherwise.
    """

    op: str
    digest: str
    result: str
    main: str = ""
    rewrites: tuple[str, ...] = ()
    safety: str = ""
    said: str = ""
    facets: Facets = field(default_factory=dict)

    def line(self) -> str:
        """Return one line of JSON."""
        return json.dumps({k: v for k, v in asdict(self).items() if v}, ensure_ascii=False, separators=(",", ":"))


def parse_trial(line: str) -> Trial:
    """Return the trial in a line of JSON."""
    data = json.loads(line)
    return Trial(**{**data, "rewrites": tuple(data.get("rewrites", ()))})


def read_trials(folder: Path) -> dict[tuple[str, str], Trial]:
    """Return the trials of a folder of tables by operator and digest of the probe; none where there is no file."""
    path = folder / TRIALS
    return dict(_parsed(path, path.stat().st_mtime_ns)) if path.exists() else {}


@functools.lru_cache(2)  # a run writes one table after the other, with the trials of each
def _parsed(path: Path, written: int) -> dict[tuple[str, str], Trial]:
    """Return the trials in a file that was last written at a time, in nanoseconds."""
    trials = map(parse_trial, lzma.decompress(path.read_bytes()).decode().splitlines())
    return {(trial.op, trial.digest): trial for trial in trials}
