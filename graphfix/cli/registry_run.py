"""Linting a registry of models into a file: each result is written as it is known, and a later run goes on from there."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from graphfix.cli.cluster_options import chosen_cluster
from graphfix.cli.input_fingerprints import input_fingerprints
from graphfix.cli.lint_jobs import Task, run_as_done
from graphfix.cli.options import RANKS
from graphfix.cli.progress import progress
from graphfix.cli.results_journal import ResultsJournal
from graphfix.cli.run_settings import ModelSettings
from graphfix.cli.verbosity import notice
from graphfix.errors import UsageError
from graphfix.ir.urls import ModelPath
from graphfix.lowering.source import Source
from graphfix.report.held_back import Registry, tally
from graphfix.report.held_back_text import render_registry
from graphfix.report.results_file import Row

SCREEN = 3
"""The causes that are shown of each target at the end."""


def lint_into_file(given: argparse.Namespace, settings: Sequence[ModelSettings], sources: Mapping[ModelPath, Source]) -> int:
    """Lint what the output file does not know yet, then print what holds the models back; the exit code is that of `lint`."""
    output, output_format = _checked(given, settings, sources)
    by_model = {str(one.model): one for one in settings}
    prints = dict(zip(by_model, input_fingerprints(given, list(by_model.values())), strict=True))
    wanted = {model: (prints[model], len(one.targets)) for model, one in by_model.items()}
    journal = ResultsJournal(output, wanted, resume=given.resume, force=given.force)
    with contextlib.closing(journal):
        left = [one for model, one in by_model.items() if model not in journal.done]
        began = time.monotonic()
        _lint(given, left, prints, journal)
        seconds = time.monotonic() - began
        done = f"{len(left)} models linted in {seconds:.1f} s ({len(left) / max(seconds, 1e-3):.1f} a second)"
        notice(f"{done}, {len(journal.done)} before" if journal.done else done)
        levels = {model: given.fail_on or one.config.fail_on for model, one in by_model.items()}
        codes: list[int] = []
        registry = tally(_watched(journal.rows(), levels, codes))
        journal.finish(output_format)
    _print(registry, output)
    return max(codes, default=0)


def _checked(
    given: argparse.Namespace, settings: Sequence[ModelSettings], sources: Mapping[ModelPath, Source]
) -> tuple[Path, str]:
    """Return the output file and its format; UsageError for what does not go with them."""
    output_format = given.output_format or settings[0].config.output_format
    if output_format not in ("parquet", "json-lines"):
        hint = "add --output-format json-lines or parquet"
        raise UsageError(f"--resume continues a file of results, not {output_format}", hint=hint)
    if given.output_file is None:
        raise UsageError(f"{output_format} is written to a file" if not given.resume else "--resume continues a file of results",
                         hint="add --output-file FILE")  # fmt: skip
    names = ("fix", "diff", "confirm", "annotate", "html", "update_baseline")
    asked = next((name for name in names if getattr(given, name) not in (None, False)), None)
    if asked is not None:
        raise UsageError(f"--{asked.replace('_', '-')} does not go with a file of results", hint="leave one of them out")
    if sources:
        hint = "write it with `graphfix lower`, and lint that"
        raise UsageError("a registry holds ONNX models", path=next(iter(sources)), hint=hint)
    if output_format == "parquet":
        from graphfix.report.parquet import pyarrow

        pyarrow(given.output_file)
    return given.output_file, output_format


def _lint(
    given: argparse.Namespace, settings: Sequence[ModelSettings], prints: Mapping[str, str], journal: ResultsJournal
) -> None:
    """Judge models and append their rows; errors are printed as they are met."""
    tasks = [Task.under(one, statistics=given.statistics, seconds=given.timeout) for one in settings]
    for one in settings:
        one.policy.shrinks = False  # only some of the models are linted
    with progress(len(tasks), "linting") as step, chosen_cluster(given, tasks) as cluster:
        for position, (found, _) in run_as_done(tasks, given.jobs, watch=given.watch, cluster=cluster):
            one = settings[position]
            for result in found:
                one.policy.apply(result)
            if found[0].error is not None:
                print(f"graphfix: {found[0].error}", file=sys.stderr)
            journal.add([{**result.to_json(), "input": prints[str(one.model)]} for result in found])
            step(one.model.name)


def _watched(rows: Iterator[Row], levels: Mapping[str, str], codes: list[int]) -> Iterator[Row]:
    """Yield the rows, and collect the exit codes that those of this run's models give."""
    for row in rows:
        if row["model"] in levels:
            codes.append(_code(row, levels[row["model"]]))
        yield row


def _code(row: Row, fail_on: str) -> int:
    if row["error"] is not None:
        return 2
    if fail_on == "undecided":
        return int(row["verdict"] == "undecided" or any(finding["severity"] == "error" for finding in row["findings"]))
    return int(any(RANKS[finding["severity"]] >= RANKS[fail_on] for finding in row["findings"]))


def _print(registry: Registry, output: Path) -> None:
    """Print what holds the models back, and where the results are."""
    render_registry(registry, sys.stdout, most=SCREEN)
    notice(f"wrote {output}")
