"""Compile a model: predict, run the compiler, write the artifact, and bisect a rejection."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.backends.compile.artifact import PendingArtifact
from graphfix.backends.compile.case import Case, PreparedCase
from graphfix.backends.compile.confirm import confirm, prepare
from graphfix.backends.compile.findings import is_interface_error, unwritten_findings
from graphfix.backends.compile.image_artifact import ClassifierFile, Scaling, classifier_file
from graphfix.errors import TableError, UsageError
from graphfix.linter.checks.image_dtype import ImageDtype
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.linter.engine import judge
from graphfix.linter.outcomes import CONTRADICTION, REJECTION

if TYPE_CHECKING:
    from graphfix.backends.base import Backend
    from graphfix.backends.compile.bisect import Part
    from graphfix.backends.session import Session
    from graphfix.backends.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Compiled:
    """The result of compiling: the report with prediction and verdict, the compiler's verdict, and the written files.

    `output` is the artifact, None where the model was rejected or can be run but not written; `part` is the smallest
    rejected part, where one was searched for.
    """

    result: Result
    verdict: Verdict
    output: Path | None
    part: Part | None = None

    def __repr__(self) -> str:
        says = "accepted" if self.verdict.accepted else f"rejected in stage {self.verdict.stage}"
        return f"<Compiled: {says} by {self.result.judge}" + (f", wrote {self.output}>" if self.output is not None else ">")


def compile_case(
    case: Case,
    target: str,
    session: Session,
    *,
    output: Path | None,
    options: Mapping[str, Any] | None = None,
    part: Path | None = None,
    seconds: float = 300.0,
    progress: Callable[[str], None] | None = None,
    labels: Sequence[str] = (),
    scaling: Scaling | None = None,
) -> Compiled:
    """Compile a case in an open session; the smallest rejected part is searched for `seconds` and written to `part`.

    `labels` and `scaling` (mean and deviation) go into the file of an image classifier, for targets that ask for metadata.
    Raises GraphfixError for an unreadable model, inputs that do not fit, and an output that cannot be written.
    """
    from graphfix.backends.base import backend

    wanted = backend(target.partition("@")[0])
    with prepare(case) as prepared:
        result = predict(prepared, target)
        classifier, more = classifier_file(target, prepared.model, labels, scaling)
        options = {**(options or {}), **more}
        if classifier is not None and any(map(is_interface_error, result.findings)):
            verdict, written = _refused(result, session), None
        elif output is None:
            verdict, written = confirm(result, prepared, session, wanted, options=options), None
        else:
            with PendingArtifact(output) as draft:
                verdict = confirm(result, prepared, session, wanted, output=draft.path, options=options)
                if classifier is not None and verdict.accepted:
                    verdict = _completed(result, verdict, classifier, draft.path)
                written = output if verdict.accepted and draft.path.exists() else None
                if written is not None:
                    draft.commit()
                else:
                    draft.blame_disk(verdict.message)
                    result.findings[:0] = unwritten_findings(result, prepared, verdict) if verdict.accepted else []
        rejected = None
        if part is not None and not verdict.accepted:
            rejected = _bisect(prepared, session, wanted, verdict, options, seconds, progress or (lambda _: None))
            rejected.save(part)
            assert result.compiler is not None
            result.compiler["part"] = {"path": str(part), "operators": rejected.operators, "complete": not rejected.cut_short}
            result.findings = [_with_part(finding, rejected, part) for finding in result.findings]
        result.output = str(written) if written is not None else None
    return Compiled(result, verdict, written, rejected)


def _refused(result: Result, session: Session) -> Verdict:
    """Return the verdict on a model whose interface the target does not take, for which the compiler is not asked."""
    from graphfix.backends.verdict import Verdict

    message = next(finding.message for finding in result.findings if is_interface_error(finding))
    result.compiler = {
        "version": session.version, "accepted": False, "stage": "load", "message": message, "seconds": 0.0,
        "predicted": result.verdict, "numerics": None, "error": None,
    }  # fmt: skip
    return Verdict(False, "load", message)


def _completed(result: Result, verdict: Verdict, classifier: ClassifierFile, path: Path) -> Verdict:
    """Put metadata into a compiled file and return the verdict, a rejection where the file has not the target's interface."""
    assert result.compiler is not None
    trouble = classifier.trouble(path.read_bytes())
    if not trouble:
        result.compiler["metadata"] = classifier.write(path)
        result.findings = [finding for finding in result.findings if finding.code != ImageDtype.code]
        return verdict
    message = f"the compiled file has not the interface that {classifier.target} asks for: {trouble}"
    found = Finding(REJECTION.code, REJECTION.name, REJECTION.severity, result.target, message, kind="rejection")
    result.findings[:0] = [found]
    result.compiler |= {"accepted": False, "stage": "runtime", "message": message}
    return dataclasses.replace(verdict, accepted=False, stage="runtime", message=message)


def predict(prepared: PreparedCase, target: str) -> Result:
    """Return the prediction for the bound model; for a compiler without a table it is undecided, with a note."""
    name = str(prepared.case.path)
    try:
        return judge(prepared.model, [target], name=name)[0]
    except (TableError, UsageError) as error:
        short, _, version = target.partition("@")
        note = Finding("GF109", "unmeasured", Severity.NOTE, short, f"nothing is predicted: {error.problem}", kind="unmeasured")
        return Result(name, short, version, len(prepared.facts.nodes), [note])


def _bisect(
    prepared: PreparedCase, session: Session, wanted: Backend, verdict: Verdict, options: Mapping[str, Any] | None,
    seconds: float, progress: Callable[[str], None],
) -> Part:  # fmt: skip
    from graphfix.backends.compile.bisect import smallest_rejected_part
    from graphfix.backends.compile.blame import blame

    suspects = blame(verdict.message, verdict.nodes, prepared.facts).nodes
    return smallest_rejected_part(
        prepared, session, wanted, verdict, suspects=suspects, options=options, seconds=seconds, progress=progress
    )


def _with_part(finding: Finding, part: Part, path: Path) -> Finding:
    """The finding; one about the whole model mentions the part that reproduces it."""
    if finding.code == CONTRADICTION.code or (finding.code == REJECTION.code and not finding.node):
        return dataclasses.replace(finding, message=f"{finding.message}; {path} holds {part.summary}, enough to see it")
    return finding
