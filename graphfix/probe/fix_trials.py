"""Trials of fixes: rewrite a refused probe as `fix` would, and ask the compiler about the result."""

from __future__ import annotations

import contextlib
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import onnx

from graphfix.backends.base import backend
from graphfix.backends.session import Session
from graphfix.backends.verdict import Verdict
from graphfix.errors import UsageError
from graphfix.linter.diagnostics import WRONG, Result, Severity
from graphfix.linter.engine import judge
from graphfix.linter.measured_fix import FREEZE
from graphfix.probe.build import Probe
from graphfix.probe.form import NUMBERS_ONLY, VARIANT
from graphfix.probe.measure import ask_model, stable_message
from graphfix.probe.subject import NODE
from graphfix.probe.trials import UNRUN, Trial
from graphfix.rewriting.fix_options import FixOptions, TimeLimitReached
from graphfix.rewriting.pipeline import FixResult, fix_model
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Safety
from graphfix.verify.reference import Reference

EXACT = frozenset[str]()
ALL = frozenset({"approximate", "interface"})
LEFT_OUT = frozenset({"simplify"})
"""A rewrite of the whole model, in a process of its own; what it does to a model of one node says nothing about others."""
LIMIT = 10.0
"""Seconds for the rewriting of one probe, and for the compiler's verdict on the result."""


def try_fix(probe: Probe, session: Session, target: str, home: Path | None = None) -> Trial:
    """Rewrite a probe for a target and ask the compiler about the result.

    Exact rewrites are tried first, then exact ones with the dynamic dims fixed to the sizes of the probe's inputs, then
    rewrites of every safety class. A variant that the runtime cannot run either says nothing: its shapes may be at odds.
    """
    trial = Trial(probe.op, probe.digest, "none")
    sizes = {value.name: probe.feeds[value.name].shape for value in dynamic_inputs(probe.model) if value.name in probe.feeds}
    attempts = [(EXACT, {}), *([(EXACT, sizes)] if sizes else []), (ALL, {}), *([(ALL, sizes)] if sizes else [])]
    for allow, shapes in attempts:
        fixed = _rewritten(probe, f"{target}@{session.version}", allow, shapes, home)
        if fixed is None:
            continue
        trial = _asked(probe, fixed, session, target)
        if trial.result == "fixed":
            break
    if trial.result == "none" and VARIANT in probe.varied and not Reference(probe.model, data=probe.feeds or None).answers:
        return replace(trial, result=UNRUN)
    return trial


def dynamic_inputs(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """Return the inputs that are tensors of known rank with a dim that is not fixed."""
    tensors = [value for value in model.graph.input if value.type.tensor_type.HasField("shape")]
    return [v for v in tensors if any(not dim.HasField("dim_value") or dim.dim_value < 0 for dim in v.type.tensor_type.shape.dim)]


def _rewritten(
    probe: Probe, target: str, allow: frozenset[str], shapes: Mapping[str, Sequence[int]], home: Path | None
) -> FixResult | None:
    """Return the result of `fix` on a probe; None where the table still rejects it, or nothing changed."""
    sizes = {name: list(dims) for name, dims in shapes.items()}
    numbers = NUMBERS_ONLY in probe.varied
    options = FixOptions(allow=allow, shapes=sizes, data=probe.feeds or None, without=LEFT_OUT)
    try:
        with _interrupted_after(LIMIT):
            fixed = fix_model(probe.model, lambda candidate: _judged(candidate, target, home, numbers=numbers), options)
    except (TimeLimitReached, UsageError):
        return None
    verdict = fixed.results[0].verdict
    return fixed if fixed.changed and verdict != "rejected" and fixed.verification.passed else None


def _judged(model: onnx.ModelProto, target: str, home: Path | None, *, numbers: bool) -> list[Result]:
    """Judge a model; wrong numerics for some inputs only count in full for a probe of `numbers`, which is run on such inputs."""
    results = judge(model, [target], home=home)
    for result in results if numbers else ():
        result.findings = [
            replace(f, severity=Severity.WARNING) if f.kind == WRONG and f.severity is Severity.NOTE else f
            for f in result.findings
        ]
    return results


@contextlib.contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    """Raise TimeLimitReached in the block after some seconds; one rewrite may take long, so a check between two is too late."""

    if not hasattr(signal, "SIGALRM"):  # on Windows, where a rewrite is not interrupted
        yield
        return

    def stop(*_: object) -> None:
        raise TimeLimitReached

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _asked(probe: Probe, fixed: FixResult, session: Session, target: str) -> Trial:
    """Ask the compiler about a rewritten probe, and return the trial."""
    applied = [change for change in fixed.changes if change.applied]
    names = tuple(dict.fromkeys(change.rewrite for change in applied))
    known = registry()
    telling = [c for c in applied if c.rewrite in known and not known[c.rewrite].tidies] or applied
    main = next((c.rewrite for c in telling if c.node == NODE), telling[0].rewrite)
    main = FREEZE if FREEZE in names else main
    safety = max((change.safety for change in applied), key=lambda s: Safety(s).rank)
    with tempfile.TemporaryDirectory(prefix="graphfix-fix-") as folder:
        verdict = _verdict(probe, fixed.model, session, target, Path(folder))
    word = "fixed" if verdict.accepted else "rejected"
    if verdict.accepted and verdict.numerics in ("differ", "error"):
        word = "wrong"
    said = "" if word == "fixed" else stable_message(verdict.message)
    return Trial(probe.op, probe.digest, word, main, names, str(safety.value), said)


def _verdict(probe: Probe, model: onnx.ModelProto, session: Session, target: str, folder: Path) -> Verdict:
    """Ask about a rewritten probe; outputs are compared where its inputs and outputs are still the probe's."""
    inputs = {value.name: value.type.tensor_type.elem_type for value in model.graph.input}
    same = all(inputs.get(value.name) == value.type.tensor_type.elem_type for value in probe.model.graph.input)
    same &= [value.name for value in model.graph.output] == [value.name for value in probe.model.graph.output]
    asked = replace(probe, model=model, feeds={n: v for n, v in probe.feeds.items() if n in inputs})
    asked = asked if same else replace(asked, wanted=None)
    first = ask_model(asked, session, target, folder, simplify=False, deadline=LIMIT)
    if not backend(target).simplifies or first.accepted:
        return first
    return ask_model(asked, session, target, folder, simplify=True, deadline=LIMIT)
