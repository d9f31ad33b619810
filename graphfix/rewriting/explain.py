"""Explanations of the findings that remain after `fix`: the rewrites that declined, or advice where no rewrite exists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from graphfix.analysis.cache import facts_of
from graphfix.analysis.facts import SHAPED_BY
from graphfix.analysis.provenance import Provenance
from graphfix.ir.source_location import SourceLocation
from graphfix.linter.advice import advice, advised_kind
from graphfix.linter.diagnostics import RESIZED, Finding, Result, Severity
from graphfix.linter.fix_rules import ARTIFACT, FALLBACK
from graphfix.rewriting.fixpoint import answering
from graphfix.rewriting.measurement import Confirmed
from graphfix.rewriting.rewrite import Key, Rewrite, Safety
from graphfix.rewriting.transaction import Change, WorkingModel
from graphfix.rewriting.verdict_comparison import title

MOST_TRIALS = 40
"""Maximum number of rewrites applied again to get their reasons; beyond it the reasons recorded before are used."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A finding that remains, on one or several similar nodes: the rewrites with their reasons, and further advice.

    `sources` are the nodes' source locations, one for each node, None where it is not known.
    """

    target: str
    code: str
    op: str
    nodes: tuple[str, ...]
    message: str
    declined: tuple[tuple[str, str], ...]
    advice: str
    sources: tuple[SourceLocation | None, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the explanation as `fix --why` prints it in JSON."""
        return {
            "target": self.target, "code": self.code, "op": self.op, "nodes": list(self.nodes), "message": self.message,
            "declined": [{"rewrite": name, "reason": reason} for name, reason in self.declined], "advice": self.advice,
            "sources": [None if source is None else source.to_json() for source in self.sources],
        }  # fmt: skip


def explain(
    bench: WorkingModel, changes: Sequence[Change], allowed: Set[str], confirmed: Mapping[str, Confirmed]
) -> Iterator[Explanation]:
    """Yield an explanation for every remaining finding that counts; similar findings share one.

    `confirmed` is what compilers made of the result: what one rejects that its table does not is explained as well.
    """
    trials = 0
    for target, group in (*_alike(bench.results), *_unpredicted(bench.results, confirmed)):
        first = group[0]
        reasons: dict[str, str] = {}
        labels = {finding.node for finding in group}
        for rewrite in answering(first.op, first.kind, first.code, first.traits):
            noted = [c.declined for c in changes if c.rewrite == rewrite.name and not c.applied and c.node in labels | {""}]
            if noted and noted[0]:
                reasons[rewrite.name] = noted[0]
            elif trials < MOST_TRIALS:
                trials += 1
                reasons[rewrite.name] = _reason(bench, rewrite, {_key(finding) for finding in group}, allowed)
        placed = [finding for finding in group if finding.node or finding.output]
        nodes = tuple(finding.node or finding.output for finding in placed)
        sources = tuple(finding.source for finding in placed)
        hint = f"{'otherwise' if reasons else 'no rewrite exists for it;'} {_sized_by_values(bench, first)}"
        hint += advice(first.op, advised_kind(first), target=target)
        yield Explanation(target, first.code, first.op, nodes, first.message, tuple(reasons.items()), hint, sources)


def _alike(results: Sequence[Result]) -> Iterator[tuple[str, list[Finding]]]:
    """Yield the findings that make a target reject the model, grouped by target, operator and cause."""
    for result in results:
        groups: dict[tuple[str, str, str, str], list[Finding]] = {}
        for finding in result.findings:
            if finding.severity is not Severity.NOTE and finding.kind not in (FALLBACK, ARTIFACT, RESIZED):
                groups.setdefault((finding.code, finding.op, finding.kind, finding.evidence or ""), []).append(finding)
        yield from ((title(result), group) for group in groups.values())


def _unpredicted(results: Sequence[Result], confirmed: Mapping[str, Confirmed]) -> Iterator[tuple[str, list[Finding]]]:
    """Yield the rejections of compilers for models that their tables accept."""
    for result in results:
        found = confirmed.get(title(result))
        if found is not None and not any(finding.severity is Severity.ERROR for finding in result.findings):
            yield from ((title(result), [each]) for each in found.last.findings if each.severity is Severity.ERROR)


def _sized_by_values(bench: WorkingModel, finding: Finding) -> str:
    """Return that a node's sizes are computed from values of inputs, which can be given; empty where they are not."""
    facts, scope = facts_of(bench.model), tuple(finding.scope)
    node = next((each for each in facts.nodes if each.scope == scope and finding.output in each.proto.output), None)
    if finding.kind != "rejection" or node is None:
        return ""
    trace, sizing = (
        Provenance.of(facts),
        [node.proto.input[at] for at in SHAPED_BY.get(node.op, ()) if at < len(node.proto.input)],
    )
    names = dict.fromkeys(root.input for name in sizing for root in trace.value_roots(name, scope) if root.dim is None)
    if not names:
        return ""
    options = " ".join(f"--set {name}=VALUE" for name in names)
    return f"give the values from which its sizes are computed, with {options}, or "


def _key(finding: Finding) -> Key:
    return tuple(finding.scope), finding.output


def _reason(bench: WorkingModel, rewrite: Rewrite, keys: set[Key], allowed: Set[str]) -> str:
    """Return the reason a rewrite gives for the nodes of a finding."""
    outcome = bench.trial(rewrite, None if rewrite.everywhere else frozenset(keys))
    if outcome.model is None:
        return next((declined.reason for declined in outcome.declined), "it has nothing to do on this form")
    if rewrite.safety not in allowed and rewrite.safety is not Safety.INTERFACE:
        return f"{rewrite.safety.value}; allow with --allow {rewrite.safety.value}"
    return "it applies, but does not resolve the finding"
