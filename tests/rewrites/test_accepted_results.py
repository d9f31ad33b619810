"""What a rewrite makes is accepted by the target that called for it, at once or by further rewrites: all rewrites, all targets.

Every example is tried at fixed sizes. A target asks where it rejects the example for a reason that the rewrite answers; of
what the rewrite makes it may then reject nothing that it did not reject before.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import onnx
import pytest
from onnx import ModelProto

from graphfix.backends import toolchain
from graphfix.backends.base import backend
from graphfix.backends.compile.case import Case as Asked
from graphfix.backends.compile.confirm import prepare
from graphfix.backends.connect import open_target
from graphfix.backends.session import Session
from graphfix.ir.bind_inputs import bind
from graphfix.ir.io import save_model
from graphfix.linter.diagnostics import Finding, Result
from graphfix.linter.engine import judge
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.pipeline import fix_model
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Case, Rewrite
from graphfix.rewriting.verdict_comparison import is_error, is_grave

from .fired import fired

TARGETS = ("coreml", "tflite", "tensorrt", "openvino", "tract")
FIRES = [pytest.param(r, c, id=f"{r.name}-{i}") for r in registry().values() for i, c in enumerate(r.fires)]
STAY = {
    ("compress-by-gather", "NonZero"): "its result has as many entries as the mask selects, before and after",
    ("decompose-nms", "NonZero"): "its result has as many rows as boxes are kept, before and after",
    ("decompose-reduction", "ReduceSum"): "its axes are computed at run time before and after",
    ("expand-qlinear", "QuantizeLinear"): "its result is an output of bytes",
    ("lift-invariants", "Loop"): "its number of steps is an input before and after",
    ("nhwc-by-transpose", "MaxPool"): "its operands are bytes, in and out",
    ("nhwc-by-transpose", "Cast"): "its operands are bytes, in and out",
}
"""What is rejected in an example for what the example itself is, by the rewrite and the operator that is left."""
NAMES = re.compile(r" \((?:[^()]|\([^()]*\))*\)|`[^`]*`|\d+")


def at_fixed_sizes(rewrite: Rewrite, case: Case) -> ModelProto | None:
    """The example with the sizes that verification tries first; None where it does not run."""
    reference = fired(rewrite, case).reference
    return bind(fired(rewrite, case).model, reference.trial_sizes, {}) if reference.answers else None


def grave(result: Result) -> list[Finding]:
    return [finding for finding in result.findings if is_grave(finding) and is_error(finding)]


def kinds(findings: Sequence[Finding]) -> set[tuple[str, str]]:
    """What findings say, without names and numbers."""
    return {(finding.op, NAMES.sub("", finding.message)) for finding in findings}


@functools.cache
def results(rewrite: Rewrite, case: Case) -> list[tuple[str, ModelProto, list[Finding]]]:
    """Every target that asks, with the model that is made for it and what it rejects there and did not before."""
    return list(_results(rewrite, case))


def _results(rewrite: Rewrite, case: Case) -> Iterator[tuple[str, ModelProto, list[Finding]]]:
    model = at_fixed_sizes(rewrite, case)
    outcome = rewrite.apply(model) if model is not None else None
    if model is None or outcome is None or outcome.model is None:
        return
    for before in judge(model, TARGETS):
        asks = grave(before)
        if not any(rewrite.answers(f.op, f.kind, f.code, f.traits) for f in asks):
            continue
        made, (after,) = outcome.model, judge(outcome.model, [before.target])
        if kinds(grave(after)) - kinds(asks):
            options = FixOptions(targets=[before.target], allow=frozenset({"approximate"}))
            fixed = fix_model(outcome.model, lambda it, to=before.target: judge(it, [to]), options)  # type: ignore[misc]
            made, after = fixed.model, fixed.results[0]
        known = kinds(asks)
        left = [f for f in grave(after) if f.op and not kinds([f]) & known and (rewrite.name, f.op) not in STAY]
        yield before.target, made, left


@pytest.mark.parametrize(("rewrite", "case"), FIRES)
def test_a_target_rejects_nothing_of_what_is_made_for_it(rewrite: Rewrite, case: Case) -> None:
    for target, _, left in results(rewrite, case):
        assert not left, f"{target}: {[finding.message for finding in left]}"


@pytest.fixture(scope="module")
def opened() -> Iterator[Callable[[str], Session]]:
    """A function that gives a warm session with a target's compiler, or skips."""
    sessions: dict[str, Session] = {}

    def opened(target: str) -> Session:
        if toolchain.find(target, None) is None:
            pytest.skip(f"{target} is not installed: {backend(target).install}")
        if target not in sessions:
            sessions[target] = open_target(target)
        return sessions[target]

    yield opened
    for session in sessions.values():
        session.close()


ASKED = [
    pytest.param(r, c, target, id=f"{r.name}-{i}-{target}", marks=[pytest.mark.exhaustive] if target == "tflite" and i else [])
    for r in registry().values()
    for i, c in enumerate(r.fires)
    for target in TARGETS
]
"""Every example for every target; onnx2tf takes seconds where the others take a fraction of one."""


@pytest.mark.compiler
@pytest.mark.slow
@pytest.mark.parametrize(("rewrite", "case", "target"), ASKED)
def test_the_compiler_takes_what_its_table_accepts(
    rewrite: Rewrite, case: Case, target: str, opened: Callable[[str], Session], tmp_path: Path
) -> None:
    session = opened(target)
    for name, made, _ in results(rewrite, case):
        if name != target or judge(made, [target])[0].verdict != "accepted":
            continue
        path = tmp_path / "made.onnx"
        save_model(made, path)
        with prepare(Asked(path)) as ready:
            answer = ready.ask(session, backend(target))
        assert answer.accepted, f"{answer.stage}: {answer.message}\n{onnx.printer.to_text(made)}"
