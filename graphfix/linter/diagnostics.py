"""Findings, results and their fingerprints: what the engines return and the renderers print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Any

from graphfix.ir.records import dataclass
from graphfix.ir.source_location import SourceLocation
from graphfix.linter.fingerprints import digits, signature, unnumbered
from graphfix.linter.fix import Fix as Fix
from graphfix.linter.next_options import NextStep as NextStep
from graphfix.linter.short_reprs import ShortFinding, ShortResult


class Severity(StrEnum):
    """The severity of a finding: the compiler rejects the node, the result is wrong or slower, or it is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def weight(self) -> int:
        """3 for an error, 2 for a warning, 1 for a note."""
        return {"error": 3, "warning": 2, "note": 1}[self.value]


BY_OPTION = frozenset({"tensor-outputs", "padded-outputs", "inner-inputs"})
"""Rewrites of the interface that run only where their option asks for them; a finding's `cure` names the option."""


@dataclass(frozen=True, slots=True, repr=False)
class Finding(ShortFinding):
    """A diagnostic about one node (or about the model, when `op` is empty) for one target.

    `cure` holds the command-line options that would fix it, empty where there are none. `called` is the target with the
    requested version, empty without one; `ordinal` is the number of earlier findings with the same traits. `source` is
    the source location of the node, where that is known. `traits` are the facets that the verdict depends on, where it
    comes from a table, and `probes` the numbers of probes for and against it; `tried` is the number of probes
    that rewrites were tried on in vain, 0 where none was like this node, None where nothing is to be said of that.
    """

    code: str
    name: str
    severity: Severity
    target: str
    message: str
    scope: tuple[str, ...] = ()
    node: str = ""
    op: str = ""
    domain: str = ""
    output: str = ""
    kind: str = ""
    evidence: str | None = None
    measured: str = ""
    rewrite: Fix | None = None
    cure: str = ""
    called: str = ""
    ordinal: int = 0
    source: SourceLocation | None = None
    traits: tuple[str, ...] | None = None
    tried: int | None = None
    probes: tuple[int, int] | None = None

    @property
    def fingerprint(self) -> str:
        """16 hex digits that stay the same when a re-export renumbers nodes: no number, index or message enters them."""
        return fingerprint(self)

    def to_json(self) -> dict[str, Any]:
        """The finding as docs/json.md describes it."""
        return {
            "code": self.code,
            "name": self.name,
            "severity": self.severity.value,
            "scope": list(self.scope),
            "node": self.node,
            "op": self.op,
            "domain": self.domain,
            "output": self.output,
            "message": self.message,
            "evidence": self.evidence,
            "measured": self.measured,
            "probes": None if self.probes is None else {"for": self.probes[0], "against": self.probes[1]},
            "cure": self.cure,
            "rewrite": None if self.rewrite is None or self.rewrite.name in BY_OPTION else self.rewrite.to_json(),
            "source": None if self.source is None else self.source.to_json(),
            "fingerprint": self.fingerprint,
        }


@dataclass(frozen=True, slots=True)
class NodeVerdict:
    """A table's verdict on one node: supported, rejected, undecided, unmeasured or wrong, with the evidence.

    `key` is the path of the node in the file: node and attribute of each subgraph that contains it, then its own name,
    or `<node_N>` for the N-th node of a graph when it has none of its own.
    """

    key: tuple[str, ...]
    op: str
    verdict: str
    reason: str = ""
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class SuppressedFinding:
    """A finding that does not count: it is suppressed in the settings or listed in the baseline; `reason` says why."""

    finding: Finding
    by: str
    reason: str


@dataclass(slots=True, repr=False)
class Result(ShortResult):
    """The result for one model on one target: the verdict, the findings, and for `fix` the changes.

    `verdict` is accepted, rejected or undecided; None when the model could not be judged, and `error` says why. `called`
    is the target as it was requested, with the version if one was given, which distinguishes several versions of a target.
    `silenced` are the findings that the project's settings suppress: they do not count, and do not change the verdict,
    which `predicted` keeps once settings have been applied. `interface` are the inputs with dtypes and ranks, and the
    names of the outputs; `signature` is a digest of it. `confirmed` is what the target's compiler made of the model before
    and after `fix`, `unfixed` why the result still does not suit the target, empty where it does. `next` is what to try
    next. `lowering` describes the conversion to ONNX of a model that was given in another format. `before` and `after` are
    the sizes of the model that `fix` was given and of its result. `title` is the compiler's name in messages, `measured_on`
    the tools and versions that the table was measured with, both empty where not known. `profile` holds the bounds of the dynamic
    dims for a compiler that builds for them: `shapes` by input, and whether the user `given` them.
    """

    model: str
    target: str
    target_version: str
    nodes: int = 0
    findings: list[Finding] = field(default_factory=list)
    error: str | None = None
    compiler: dict[str, Any] | None = None
    changes: Sequence[dict[str, Any]] | None = None
    verification: dict[str, Any] | None = None
    output: str | None = None
    statistics: dict[str, Any] | None = None
    called: str = ""
    why: Sequence[dict[str, Any]] | None = None
    silenced: list[SuppressedFinding] = field(default_factory=list)
    predicted: str | None = None
    interface: tuple[Sequence[tuple[str, str, int | None]], Sequence[str]] | None = None
    graph: str = ""
    rulings: Sequence[NodeVerdict] = ()
    lowering: dict[str, Any] | None = None
    confirmed: dict[str, Any] | None = None
    unfixed: str | None = None
    next: NextStep | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    title: str = ""
    measured_on: str = ""
    profile: dict[str, Any] | None = None

    @property
    def verdict(self) -> str | None:
        """The prediction: rejected with any error, undecided when a deciding fact is not known, else accepted.

        Errors about what the compiled model computes do not count: the compiler accepts it.
        """
        if self.error is not None or self.predicted is not None:
            return self.predicted
        if any(finding.severity is Severity.ERROR and finding.kind not in COMPILED for finding in self.findings):
            return "rejected"
        return "undecided" if any(finding.kind in UNDECIDED for finding in self.findings) else "accepted"

    @property
    def signature(self) -> str:
        """16 hex digits for the model's interface, empty where it is not known."""
        return signature(*self.interface) if self.interface is not None else ""

    @property
    def judge(self) -> str:
        """The target and version whose table was used, with the requested version where that one was not measured."""
        asked = self.called.partition("@")[2]
        stands_in = asked and not f"{self.target_version}.".startswith(f"{asked}.")
        return f"{self.target} {self.target_version}{f' (for {asked})' if stands_in else ''}"

    def to_json(self) -> dict[str, Any]:
        """The result as docs/json.md describes it."""
        out: dict[str, Any] = {
            "model": self.model,
            "target": self.target,
            "target_version": self.target_version,
            "verdict": self.verdict if self.target else None,  # a lowering without a target has no verdict
            "compiler": self.compiler,
            "nodes": self.nodes,
            "findings": [finding.to_json() for finding in self.findings],
            "error": self.error,
        }
        if "@" in self.called:
            out["called"] = self.called
        if self.next is not None:
            out["next"] = self.next.to_json()
        if self.profile is not None:
            out["profile"] = self.profile
        if self.silenced:
            out["silenced"] = [
                {"fingerprint": item.finding.fingerprint, "code": item.finding.code, "by": item.by, "reason": item.reason}
                for item in self.silenced
            ]
        if self.statistics is not None:
            out["statistics"] = self.statistics
        if self.changes is not None:
            out |= {"changes": list(self.changes), "verification": self.verification, "output": self.output}
        elif self.lowering is not None and self.verification is not None:
            out |= {"verification": self.verification, "output": self.output}
        elif self.output is not None:
            out["output"] = self.output
        if self.before is not None and self.after is not None:
            out |= {"before": self.before, "after": self.after}
        if self.why is not None:
            out["why"] = list(self.why)
        if self.confirmed is not None:
            out["confirmed"] = self.confirmed
        if self.unfixed is not None:
            out["unfixed"] = self.unfixed or None
        if self.lowering is not None:
            out["lowering"] = self.lowering
        return out


UNDECIDED = frozenset({"undecided", "unmeasured"})
"""Kinds of finding that make the verdict undecided."""
WRONG = "wrong"
"""The kind of finding on a node that compiles and then computes something else, or fails when it runs."""
RESIZED = "resized"
"""The kind of finding on a node that compiles and then runs only with its dynamic dims at one size."""
COMPILED = frozenset({WRONG, RESIZED})
"""Kinds of finding about what a compiled model does: there is one, so that the verdict is not `rejected` for them."""


def number_duplicates(findings: Iterable[Finding], called: str) -> list[Finding]:
    """Set `called` and `ordinal` of the findings of one result, and return them.

    They are changed in place, so they must belong to one result alone: a large model has hundreds of thousands of
    findings, and copying each would take longer than judging the model.
    """
    seen: dict[tuple[str, ...], int] = {}
    out, versioned = list(findings), called if "@" in called else ""
    for finding in out:
        if finding.called != versioned:
            object.__setattr__(finding, "called", versioned)
        key = stable_identity(finding)
        number = seen[key] = seen.get(key, -1) + 1
        if finding.ordinal != number:
            object.__setattr__(finding, "ordinal", number)
    return out


def stable_identity(finding: Finding) -> tuple[str, ...]:
    """The parts of a finding that stay the same when the model is exported again: no index, message or table entry."""
    scope = "/".join(map(unnumbered, finding.scope)) if finding.scope else ""
    target = finding.called or finding.target
    return finding.code, finding.kind, target, scope, finding.domain, finding.op, unnumbered(finding.output)


def fingerprint(finding: Finding) -> str:
    """16 hex digits of a digest over the finding's trait and its ordinal."""
    return digits((*stable_identity(finding), str(finding.ordinal)))
