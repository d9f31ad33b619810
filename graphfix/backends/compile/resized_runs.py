"""Runs of a compiled model at two sizes of its dynamic dims: the inputs, and the findings that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphfix.linter.diagnostics import RESIZED, Finding, Result, Severity
from graphfix.linter.outcomes import CONTRADICTION, ONE_SIZE
from graphfix.verify.feeds import Feed, seeded_feeds
from graphfix.verify.runtime import session
from graphfix.verify.size_inputs import size_inputs
from graphfix.verify.trial_sizes import TrialSizes

if TYPE_CHECKING:
    from graphfix.backends.compile.case import PreparedCase
    from graphfix.backends.verdict import Resized, Verdict

OTHER_SIZES = ((2, 25), (2, 7), (2, 24), (1, 32), (1, 64), (1, 224), (3, 5), (1, 320), (1, 512))
"""(first dim, other dims) tried in this order for the second sizes, until onnxruntime runs the model at them.

Odd sizes come first: padding that a converter got wrong often changes nothing at even ones.
"""
QUOTED_CHARACTERS = 300
"""Characters of the runtime's message that a finding quotes."""


@dataclass(frozen=True, slots=True)
class SizedRun:
    """One file of inputs and expected outputs, and the sizes of the inputs with dynamic dims in words."""

    file: Path
    sizes: str


def sized_runs(prepared: PreparedCase, folder: Path) -> list[SizedRun]:
    """Return the reference's inputs, and inputs of other sizes at which onnxruntime runs the model.

    None for a model without dynamic dims, or whose outputs cannot be compared.
    """
    trial = TrialSizes.of(prepared.model, {})
    if prepared.feed is None or not trial.dynamic:
        return []
    dynamic = [name for name, dims in trial.deduced.layout.items() if any(isinstance(dim, str) for dim in dims)]
    first = SizedRun(prepared.feed, _in_words(prepared.reference.feed, dynamic))
    with session(prepared.model) as loaded:
        for feed in _feeds(prepared, trial):
            words = _in_words(feed, dynamic)
            if words == first.sizes:
                continue
            try:
                outputs = loaded.run(None, feed)
            except Exception:  # onnxruntime has exceptions of its own; the model may run at another size
                continue
            if all(value.dtype.kind not in "fc" or bool(np.isfinite(value).all()) for value in outputs):
                return [first, _saved(prepared, feed, outputs, folder / "resized.npz", words)]
    return [first]


def _feeds(prepared: PreparedCase, trial: TrialSizes) -> Iterator[Feed]:
    counts = size_inputs(prepared.model)
    for sizes, layout in trial.at(OTHER_SIZES):
        feed = seeded_feeds(prepared.model, layout, {}, sizes, 0, counts=counts)
        if feed is not None:
            yield feed


def _in_words(feed: Feed, dynamic: Sequence[str]) -> str:
    """Return the sizes as options give them: `x=2x3x64`."""
    return ", ".join(f"{name}={'x'.join(map(str, np.shape(feed[name])))}" for name in dynamic if name in feed)


def _saved(prepared: PreparedCase, feed: Mapping[str, Any], outputs: Sequence[Any], file: Path, words: str) -> SizedRun:
    arrays = {f"in:{name}": array for name, array in feed.items()}
    arrays |= {f"out:{info.name}": value for info, value in zip(prepared.model.graph.output, outputs, strict=True)}
    np.savez(file, **arrays)
    return SizedRun(file, words)


def resized_findings(result: Result, verdict: Verdict, runs: Sequence[SizedRun]) -> list[Finding]:
    """Return the findings on a compiled model that was run at other sizes: a failure, or that the table foresaw one."""
    found = verdict.resized
    if found is None:
        return []
    compiler = f"{result.target} {result.compiler['version'] if result.compiler else ''}".strip()
    if found.result == "works":
        return _contradiction(result, compiler, runs)
    sizes = runs[found.place].sizes
    message = f"the compiled model {_does(found)} at {sizes}: compile it for the sizes of its use, with `--shape`"
    said = found.message if found.result == "fails" else ""  # of wrong dims the message tells already
    measured = f'{compiler}: "{said[:QUOTED_CHARACTERS]}"' if said else compiler
    return [Finding(ONE_SIZE.code, ONE_SIZE.name, ONE_SIZE.severity, result.target, message, kind=RESIZED, measured=measured)]


def _does(found: Resized) -> str:
    if found.result == "fails":
        return "does not run"
    if found.message:
        return found.message
    return "computes something else" + (f" (by {found.error:.3g} of the outputs' scale)" if found.error else "")


def _contradiction(result: Result, compiler: str, runs: Sequence[SizedRun]) -> list[Finding]:
    """Return a finding in place of those by which the table says that the model runs at one size only."""
    foreseen = any(finding.kind == RESIZED and finding.severity is Severity.ERROR for finding in result.findings)
    result.findings = [finding for finding in result.findings if finding.kind != RESIZED]  # also those of few probes
    if not foreseen:
        return []
    at = " and at ".join(run.sizes for run in runs)
    message = f"the table of {result.target} {result.target_version} says that the model runs at one size only; it runs at {at}"
    return [Finding(CONTRADICTION.code, CONTRADICTION.name, CONTRADICTION.severity, result.target, message,
                    kind="contradiction", measured=compiler)]  # fmt: skip
