"""compile: predict, hand the model to the compiler, place what it makes, and cut down what it refuses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.artifact import Draft
from graphfix.compile_case import Case, Ready
from graphfix.confirm import confirm, prepared
from graphfix.diagnostic import Finding, Result, Severity
from graphfix.engine import judge
from graphfix.errors import TableError, UsageError
from graphfix.outcomes import CONTRADICTION, REJECTION
from graphfix.testimony import unwritten

if TYPE_CHECKING:
    from graphfix.backends.base import Backend
    from graphfix.backends.session import Session
    from graphfix.backends.verdict import Verdict
    from graphfix.bisect import Part


@dataclass(frozen=True, slots=True)
class Compiled:
    """What compile did: the report with prediction and verdict, the compiler's answer, and what was written.

    `output` is the artifact, None when there is none: it was rejected, or can be run and not written; `part` is the
    smallest rejected part, where one was looked for.
    """

    result: Result
    verdict: Verdict
    output: Path | None
    part: Part | None = None


def compile_case(
    case: Case,
    target: str,
    session: Session,
    *,
    output: Path | None,
    options: Mapping[str, Any] | None = None,
    part: Path | None = None,
    patience: float = 300.0,
    say: Callable[[str], None] | None = None,
) -> Compiled:
    """Compile a case with an open session; `part` is where the smallest rejected part goes, searched for `patience` s.

    Raises GraphfixError for an unreadable model, inputs that do not fit, and an output that cannot be written.
    """
    from graphfix.backends.base import backend

    wanted = backend(target.partition("@")[0])
    with prepared(case) as ready:
        result = predicted(ready, target)
        if output is None:
            verdict, placed = confirm(result, ready, session, wanted, options=options), None
        else:
            with Draft(output) as draft:
                verdict = confirm(result, ready, session, wanted, output=draft.path, options=options)
                placed = output if verdict.accepted and draft.path.exists() else None
                if placed is not None:
                    draft.put()
                elif verdict.accepted:
                    result.findings[:0] = unwritten(result, ready, verdict)
        found = None
        if part is not None and not verdict.accepted:
            found = _cut(ready, session, wanted, verdict, options, patience, say or (lambda _: None))
            found.save(part)
            assert result.compiler is not None
            result.compiler["part"] = {"path": str(part), "operators": found.operators, "complete": not found.cut_short}
            result.findings = [_pointed(finding, found, part) for finding in result.findings]
        result.output = str(placed) if placed is not None else None
    return Compiled(result, verdict, placed, found)


def predicted(ready: Ready, target: str) -> Result:
    """The prediction for the bound model; undecided, with a note, for a compiler that has no table."""
    name = str(ready.case.path)
    try:
        return judge(ready.model, [target], name=name)[0]
    except (TableError, UsageError) as error:
        short, _, version = target.partition("@")
        note = Finding("GF109", "unmeasured", Severity.NOTE, short, f"nothing is predicted: {error.problem}", kind="unmeasured")
        return Result(name, short, version, len(ready.facts.nodes), [note])


def _cut(
    ready: Ready, session: Session, wanted: Backend, verdict: Verdict, options: Mapping[str, Any] | None,
    patience: float, say: Callable[[str], None],
) -> Part:  # fmt: skip
    from graphfix.bisect import smallest
    from graphfix.blame import blame

    suspects = blame(verdict.message, verdict.nodes, ready.facts).nodes
    return smallest(ready, session, wanted, verdict, suspects=suspects, options=options, patience=patience, say=say)


def _pointed(finding: Finding, part: Part, place: Path) -> Finding:
    """A finding that speaks of the whole model, with the part that suffices to see it."""
    if finding.code == CONTRADICTION.code or (finding.code == REJECTION.code and not finding.node):
        return dataclasses.replace(finding, message=f"{finding.message}; {place} holds {part.summary}, enough to see it")
    return finding
