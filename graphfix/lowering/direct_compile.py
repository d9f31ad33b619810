"""`compile --exporter direct`: the target's own converter makes its file of a source, without ONNX."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.backends.compile.artifact import PendingArtifact, check_artifact_path
from graphfix.backends.compile.compile import Compiled
from graphfix.backends.verdict import Numerics, Stage, Verdict
from graphfix.errors import BackendError, ModelError, UsageError
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.linter.outcomes import DIFFERENT, REJECTION
from graphfix.lowering.attempts import build_request
from graphfix.lowering.conversion import CONVERTERS, MISSING, Conversion, converters_for
from graphfix.lowering.direct import convert_with
from graphfix.lowering.instructions import Instructions
from graphfix.lowering.options import require_source
from graphfix.lowering.source import FRAMEWORKS, Source, recognise_source
from graphfix.lowering.stages import UNOPENED
from graphfix.lowering.workshop import FrameworkWorkers

if TYPE_CHECKING:
    from onnx import ModelProto

ELSEWHERE = "elsewhere"
"""The stage of a source that turns out to be a model of another framework."""


def compile_directly(
    source: Source, instructions: Instructions, target: str, output: Path, *, force: bool, progress: Callable[[str], None]
) -> Compiled:
    """Convert a source to a target's file, which is written to `output` where there is one.

    Raises UsageError where there is no converter to the target, BackendError where it is not installed, and ModelError where the
    source cannot be opened or run.
    """
    offered = [one for one in CONVERTERS if one.target == target and one.framework in FRAMEWORKS[source.kind]]
    if not offered:
        known = sorted({one.target for one in CONVERTERS})
        raise UsageError(
            f"no converter leads from {source.title} to {target} without ONNX", hint=f"choose from {', '.join(known)}"
        )
    check_artifact_path(output, offered[0].artifact, force=force)
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        made = _converted(source, instructions, target, Path(folder), progress)
        if made.stage == MISSING:
            raise BackendError(made.reason, hint=made.cure)
        if made.stage in UNOPENED:
            raise ModelError(made.reason, path=source.text, hint=made.cure or None)
        written = _written(made, output) if made.artifact is not None else None
    return Compiled(_result(source, target, made, written), _verdict(made), written)


def compile_model_directly(
    model: str | Path | ModelProto, target: str, output: Path, instructions: Instructions, *, force: bool
) -> Compiled:
    """Convert the model that a Python function is given, without progress; UsageError for a model of ONNX."""
    source = recognise_source(model) if isinstance(model, (str, Path)) else None
    found = require_source(target, source)
    return compile_directly(found, instructions, target, output, force=force, progress=lambda _: None)


def _converted(
    source: Source, instructions: Instructions, target: str, folder: Path, progress: Callable[[str], None]
) -> Conversion:
    """Convert by the framework that the source turns out to be of, which only opening a factory shows."""
    with FrameworkWorkers(instructions) as workers:
        frameworks = [name for name in FRAMEWORKS[source.kind] if workers.has(name)] or FRAMEWORKS[source.kind][:1]
        for framework in frameworks:
            for converter in converters_for(source, framework, [target]):
                made = convert_with(workers, source, converter, folder, progress)
                if (
                    made.stage in (MISSING, *UNOPENED) and framework != frameworks[-1]
                ):  # its environment may lack the other framework
                    place = folder / converter.name
                    place.mkdir()
                    request = {**build_request(source, instructions, converter.name, place), "artifact": converter.file}
                    elsewhere = workers.ask(framework, request)["stage"] == ELSEWHERE
                else:
                    elsewhere = made.stage == ELSEWHERE
                if not elsewhere:
                    return made
    raise UsageError(
        f"no converter leads from this model to {target} without ONNX", path=source.text, hint="leave out --exporter"
    )


def _written(made: Conversion, output: Path) -> Path:
    """Move the converted file, and those beside it that belong to it, to the output."""
    assert made.artifact is not None
    with PendingArtifact(output) as draft:
        for part in made.artifact.parent.glob(f"{made.artifact.stem}.*"):
            goal = draft.path if part == made.artifact else draft.path.with_suffix(part.suffix)
            (shutil.copytree if part.is_dir() else shutil.copy)(part, goal)
        draft.commit()
    return output


def _verdict(made: Conversion) -> Verdict:
    stage: Stage = "ok" if made.artifact is not None else "convert"
    numerics: Numerics | None = ("match" if made.good else "differ") if made.compared else None
    error = made.verification.max_rel_error if made.verification is not None and made.compared else None
    return Verdict(made.artifact is not None, stage, made.reason, made.seconds, numerics, error)


def _result(source: Source, target: str, made: Conversion, written: Path | None) -> Result:
    """Return the report: the converter's verdict, and a finding where it fails or the file computes something else."""
    verdict = _verdict(made)
    by = f"{made.converter.name} {made.version}"
    undecided = f"nothing is predicted: {by} converts it without ONNX"
    findings = [Finding("GF109", "unmeasured", Severity.NOTE, target, undecided, kind="unmeasured")]
    if not verdict.accepted:
        said = f"{by} rejects the model: {made.reason}" + (f" ({made.location})" if made.location else "")
        findings[:0] = [Finding(REJECTION.code, REJECTION.name, REJECTION.severity, target, said, kind="rejection")]
    elif not made.good:
        findings[:0] = [Finding(DIFFERENT.code, DIFFERENT.name, DIFFERENT.severity, target, made.reason, kind="compiled")]
    compiler: dict[str, Any] = {
        "version": made.version, "accepted": verdict.accepted, "stage": verdict.stage, "message": verdict.message,
        "seconds": round(verdict.seconds, 3), "predicted": "undecided", "numerics": verdict.numerics, "error": verdict.error,
    }  # fmt: skip
    if made.delegated is not None:
        compiler["delegated"] = made.delegated
    output = str(written) if written is not None else None
    return Result(source.text, target, made.version, findings=findings, compiler=compiler, output=output, called=target)
