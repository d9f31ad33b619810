"""Mutants through the linter, as the command line runs it: each gives verdicts or one clear error, in time."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from graphfix.cli.guarded import Watch
from graphfix.cli.lint_jobs import Task, run_tasks
from tests.fuzz.mutants import mutant, seeds

FIXTURES = Path(__file__).parents[2] / "fixtures"
TARGETS = ("tract", "tensorrt", "coreml", "openvino", "tflite")
BATCH = 500
"""The mutants whose files exist at a time."""
RAW = re.compile("[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Defect:
    """A mutant on which something went wrong: what was said, and whether it is contained, as native code that crashed or hung."""

    number: int
    data: bytes
    said: str
    native: bool = False


def defects(seed: int, count: int, *, jobs: int = 1, seconds: float | None = None) -> Iterator[Defect]:
    """Lint the first mutants of a seed and yield those that show a defect; `seconds` is the processor time each may take."""
    models = seeds(FIXTURES)
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        data = [mutant(models, seed, number) for number in numbers]
        with tempfile.TemporaryDirectory(prefix="graphfix-fuzz-") as scratch:
            paths = [Path(scratch, f"{number}.onnx") for number in numbers]
            for path, content in zip(paths, data, strict=True):
                path.write_bytes(content)
            tasks = [Task(path, TARGETS, {}, {}, seconds=seconds) for path in paths]
            for number, content, (results, _) in zip(numbers, data, run_tasks(tasks, jobs, watch=Watch()), strict=True):
                said = results[0].error
                if said is None:
                    continue
                if "native code crashed" in said or "took more than" in said:
                    yield Defect(number, content, said, native=True)
                elif "graphfix failed" in said or RAW.search(said):
                    yield Defect(number, content, said)
            left = sorted(set(os.listdir(scratch)) - {path.name for path in paths})
            assert not left, f"lint wrote {left}"
