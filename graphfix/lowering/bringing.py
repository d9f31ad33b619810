"""Sources among the models of a command: each lowered into a temporary folder, and spoken of by its own name."""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphfix.diagnostic import Finding, Result, told_apart
from graphfix.errors import ModelError
from graphfix.lowering.codes import finding
from graphfix.lowering.instructions import Instructions, instructions
from graphfix.lowering.lower import Say, lower_source
from graphfix.lowering.lowered import Lowered, placed
from graphfix.lowering.source import Source
from graphfix.table import table


@dataclass(frozen=True, slots=True)
class Brought:
    """A model in ONNX that was given in another form; `file` is None where no exporter made anything of it."""

    name: str
    file: Path | None
    lowered: Lowered

    def held(self, results: Sequence[Result]) -> list[Result]:
        """The results with the findings of the lowering, and how it went."""
        for result in results:
            found = [*self.findings(result.target), *result.findings]
            found.sort(key=lambda one: -one.severity.weight)
            result.findings = told_apart(found, result.called or result.target)
            result.lowering = self.lowered.to_json()
        return list(results)

    @property
    def said(self) -> str:
        """What became of it, in one line."""
        return f"{self.name}: by {self.lowered.exporter}, {self.lowered.chosen.summary()}"

    def unseen(self, target: str) -> Result:
        """The result for a target that there is nothing to show to."""
        return Result(self.name, target.partition("@")[0], table(target).version, called=target)

    def findings(self, target: str) -> Iterator[Finding]:
        """Why no exporter makes ONNX of it, or that the result computes something else; and what training left."""
        return told(self.lowered, target)


def told(lowered: Lowered, target: str) -> Iterator[Finding]:
    """The findings of a lowering, for one target."""
    chosen = lowered.chosen
    if chosen.model is None:
        for attempt in lowered.attempts:
            yield finding(
                {**attempt.failure, "kind": "export-failed", "text": f"`{attempt.exporter}`: {attempt.summary()}"}, target
            )
    elif not chosen.verified and chosen.verification is not None:
        what = "computes something else" if chosen.verification.inputs else "cannot be verified"
        said = f"what `{chosen.exporter}` made {what}: {chosen.verification.reason}"
        yield finding({"kind": "lowering-differs", "text": said}, target)
    for leftover in lowered.leftovers:
        yield finding(leftover, target)


@contextlib.contextmanager
def lowering(
    source: Source,
    given: argparse.Namespace,
    *,
    targets: Sequence[str] = (),
    shapes: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    say: Say | None = None,
) -> Iterator[Brought]:
    """A source lowered as the command line says; its models are gone afterwards. GraphfixError where it cannot be opened."""
    with brought(source, instructions(given, shapes or {}), targets=targets, values=values, say=say) as made:
        yield made


@contextlib.contextmanager
def brought(
    source: Source,
    wanted: Instructions,
    *,
    targets: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
    say: Say | None = None,
) -> Iterator[Brought]:
    """A source lowered as instructed; its models are gone afterwards. GraphfixError where it cannot be opened."""
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        lowered = lower_source(source, wanted, Path(folder), targets=targets, values=values, say=say)
        if lowered.problem is not None:
            raise lowered.problem
        yield Brought(source.text, lowered.chosen.model, lowered)


def usable(brought: Brought) -> Path:
    """The file of a model that was lowered and verified; ModelError with the exporter's words otherwise."""
    return verified(brought.lowered, cure="see `graphfix lower` for what was tried")


def verified(lowered: Lowered, *, cure: str) -> Path:
    """The chosen model's file; ModelError, with the line it is about, where there is none that computes the same."""
    best = lowered.chosen
    if best.model is None:
        where = placed(best.failure)
        said = f"{best.exporter} cannot lower it{f', at {where}' if where else ''}: {best.failure.get('message')}"
        raise ModelError(said, path=lowered.source.text, cure=best.failure.get("cure") or cure)
    if not best.verified:
        assert best.verification is not None
        said = str(best.verification.reason)
        if best.verification.inputs:
            line = next((f" ({placed(one)})" for one in lowered.leftovers if placed(one)), "")
            said = f"the lowered model computes something else: {said}{line}"
        raise ModelError(said, path=lowered.source.text, cure=cure)
    return best.model
