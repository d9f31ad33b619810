"""Mutants through `graphfix fix`, as the command line runs it: a result or one clear error, in time, and no other file."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from graphfix.cli.app import main
from graphfix.errors import GraphfixError
from graphfix.ir.forked_workers import ForkedWorkers, Lost
from graphfix.ir.skeleton import read_skeleton
from tests.fuzz.linting import BATCH, FIXTURES, RAW, Defect
from tests.fuzz.mutants import mutant, seeds

SECONDS = 120.0
"""The processor time of one fix: each rewrite is verified in onnxruntime."""
Ended = tuple[int, str]
"""An exit code, and what went to stderr."""


def fix(path: Path) -> Ended:
    """Fix a model for two targets beside itself."""
    words = ["fix", str(path), "-t", "tract,coreml", "-o", str(path.with_suffix(".fixed")), "--no-confirm", "--isolated"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        code = main(words)
    return code, said.getvalue()


def fix_defects(seed: int, count: int, *, jobs: int = 1) -> Iterator[Defect]:
    """Fix the first mutants of a seed and yield those that show a defect."""
    models = seeds(FIXTURES)
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        with tempfile.TemporaryDirectory(prefix="graphfix-fuzz-") as scratch:
            paths = [Path(scratch, f"{number}.onnx") for number in numbers]
            data = [mutant(models, seed, number) for number in numbers]
            for path, content in zip(paths, data, strict=True):
                path.write_bytes(content)
            workers = ForkedWorkers(fix, lambda path: SECONDS, jobs)
            for number, path, content, found in zip(numbers, paths, data, workers.run(paths), strict=True):
                if isinstance(found, Lost):
                    yield Defect(number, content, found.reason, native=True)
                elif said := _wrong(path, content, *found):
                    yield Defect(number, content, said)
            known = {path.name for path in paths} | {path.with_suffix(".fixed").name for path in paths}
            assert not (left := set(os.listdir(scratch)) - known), f"fix left {left}"


def _wrong(path: Path, content: bytes, code: int, said: str) -> str:
    """Return what is wrong with the end of a fix; empty where nothing is."""
    output = path.with_suffix(".fixed")
    if "Traceback" in said or "graphfix failed" in said or any(RAW.search(line) for line in said.splitlines()):
        return said
    if path.read_bytes() != content:
        return "the model that was given was changed"
    if code not in (0, 1, 2) or (code == 2) == output.exists():
        return f"exit code {code}, and {'a' if output.exists() else 'no'} file was written: {said}"
    if output.exists():
        try:
            read_skeleton(output)
        except GraphfixError as error:
            return f"the result cannot be read: {error}"
    return ""
