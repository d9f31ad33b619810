"""Lowering for commands: a source becomes ONNX in a temporary folder, and reports name the source."""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphfix.errors import ModelError
from graphfix.linter.diagnostics import Finding, Result, number_duplicates
from graphfix.lowering.codes import finding
from graphfix.lowering.instructions import Instructions, parse_instructions
from graphfix.lowering.lower import ReportProgress, lower_source
from graphfix.lowering.lowered import Lowered
from graphfix.lowering.source import Source
from graphfix.lowering.stages import location_text
from graphfix.tables.table import table


@dataclass(frozen=True, slots=True)
class LoweredSource:
    """A lowered source under its own name; `file` is its ONNX model, or None where every exporter failed."""

    name: str
    file: Path | None
    lowered: Lowered

    def with_findings(self, results: Sequence[Result]) -> list[Result]:
        """Return the results with the findings and the summary of the lowering added."""
        for result in results:
            findings = [*self.findings(result.target), *result.findings]
            findings.sort(key=lambda one: -one.severity.weight)
            result.findings = number_duplicates(findings, result.called or result.target)
            result.lowering = self.lowered.to_json()
        return list(results)

    @property
    def summary(self) -> str:
        """The exporter and what came of it, in one line."""
        return f"{self.name}: by {self.lowered.exporter}, {self.lowered.chosen.summary()}"

    def empty_result(self, target: str) -> Result:
        """Return the result for a target where there is no ONNX model to lint."""
        return Result(self.name, target.partition("@")[0], table(target).version, called=target)

    def findings(self, target: str) -> Iterator[Finding]:
        """Yield the findings of the lowering for one target."""
        return lowering_findings(self.lowered, target)


def lowering_findings(lowered: Lowered, target: str) -> Iterator[Finding]:
    """Yield a lowering's findings for one target: failed exports, or a failed verification, and what training left."""
    chosen = lowered.chosen
    if chosen.model is None:
        for attempt in lowered.attempts:
            yield finding(
                {**attempt.failure, "kind": "export-failed", "text": f"`{attempt.exporter}`: {attempt.summary()}"}, target
            )
    elif not chosen.verified and chosen.verification is not None:
        problem = "computes something else" if chosen.verification.inputs else "cannot be verified"
        text = f"what `{chosen.exporter}` made {problem}: {chosen.verification.reason}"
        yield finding({"kind": "lowering-differs", "text": text}, target)
    for leftover in lowered.leftovers:
        yield finding(leftover, target)


@contextlib.contextmanager
def lower_for_command(
    source: Source,
    given: argparse.Namespace,
    *,
    targets: Sequence[str] = (),
    shapes: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    progress: ReportProgress | None = None,
) -> Iterator[LoweredSource]:
    """Lower a source by the options of a command line; the models are deleted on exit.

    Raises:
        GraphfixError: the options contradict each other, or the source cannot be opened.
    """
    with lower_temporarily(
        source, parse_instructions(given, shapes or {}), targets=targets, values=values, progress=progress
    ) as lowered_source:
        yield lowered_source


@contextlib.contextmanager
def lower_temporarily(
    source: Source,
    wanted: Instructions,
    *,
    targets: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
    progress: ReportProgress | None = None,
) -> Iterator[LoweredSource]:
    """Lower a source by instructions; the models are deleted on exit.

    Raises:
        GraphfixError: the source cannot be opened.
    """
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        lowered = lower_source(source, wanted, Path(folder), targets=targets, values=values, progress=progress)
        if lowered.problem is not None:
            raise lowered.problem
        yield LoweredSource(source.text, lowered.chosen.model, lowered)


def usable_model(lowered_source: LoweredSource) -> Path:
    """Return the verified ONNX model's file; ModelError with the exporter's message where there is none."""
    return verified_model(lowered_source.lowered, cure="see `graphfix lower` for what was tried")


def verified_model(lowered: Lowered, *, cure: str) -> Path:
    """Return the chosen model's file.

    Raises:
        ModelError: no exporter gives a model, or the model computes something else; the message names the line where known.
    """
    best = lowered.chosen
    if best.model is None:
        location = location_text(best.failure)
        message = f"{best.exporter} cannot lower it{f', at {location}' if location else ''}: {best.failure.get('message')}"
        raise ModelError(message, path=lowered.source.text, hint=best.failure.get("cure") or cure)
    if not best.verified:
        assert best.verification is not None
        message = str(best.verification.reason)
        if best.verification.inputs:
            line = next((f" ({location_text(one)})" for one in lowered.leftovers if location_text(one)), "")
            message = f"the lowered model computes something else: {message}{line}"
        raise ModelError(message, path=lowered.source.text, hint=cure)
    return best.model
