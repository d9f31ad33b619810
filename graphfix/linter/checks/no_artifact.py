"""GF113: the compiler runs the node, but cannot write the compiled model to a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from graphfix.analysis.surroundings import BEFORE, BEHIND, surroundings
from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.fix_rules import ARTIFACT
from graphfix.tables.phrases import describe_match

if TYPE_CHECKING:
    from graphfix.linter.check import Form
    from graphfix.tables.evidence import Evidence
    from graphfix.tables.table import Table


class NoArtifact(Check):
    """A node that the compiler runs, and for which its file format has no notation: the model compiles, but is not written.

    It comes from a measured list: the prober lets tract write every probe that it supports (`graphfix probe --artifact`). The
    verdict stays `accepted`, and `fix` changes nothing for it: whoever loads the ONNX file needs no artifact. Models that
    the compiler rejects have no such finding, and neither have nodes that are folded or are inside a branch.

    Why: `graphfix compile` cannot write what it made of the model, and says so only at the end.
    Example: tract fuses the exact Gelu into an operator that NNEF does not have.
    Instead: apply the rewrite that the message names with `graphfix fix --rewrite NAME`, or ship the ONNX file.
    """

    code = "GF113"
    name = "no-artifact"
    severity = Severity.WARNING
    kind = ARTIFACT
    valid = (Example("y = Relu(x)"), Example("y = Exp(x)"))
    invalid = (Example("y = Abs(x)", says="cannot be written to a file", evidence="demo/Abs/unwritten"),)

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a finding for every node that was measured to have no notation in the compiler's file format."""
        from graphfix.tables.artifact import artifact_table, fused, unwritten

        known = artifact_table(look.table)
        if known is None or look.rejects:
            return
        found = {
            at: evidence
            for at, form in enumerate(look.forms.distinct)
            if form[2].get("inside", "nothing") == "nothing" and (evidence := unwritten(known, *form)) is not None
        }
        told: dict[tuple[int, str, str], dict[str, Any]] = {}
        for position in look.forms.nodes_of(found):
            node, at = look.facts.nodes[position], look.forms.of_node[position]
            if look.rulings[position].verdict == "supported":
                around = surroundings(node, look.facts)
                key = (at, around[BEFORE], around[BEHIND])
                if key not in told:
                    told[key] = _fields(look, known, look.forms.distinct[at], found[at], around)
                yield self.at(look, node, **told[key])
        fusable = fused(known)
        if fusable:
            yield from self._fused(look, fusable)

    def _fused(self, look: LintContext, fusable: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[Finding]:
        """Yield a finding for every decomposed activation that the compiler fuses into an operator that it cannot write."""
        from graphfix.analysis.patterns.decomposed_activations import decomposed
        from graphfix.tables.artifact import best_chain

        for found in decomposed(look.facts):
            value = found.node.outputs[0]
            row = fusable.get((found.activation, value.dtype if value is not None else ""))
            if row is None or found.node.scope:
                continue
            option, count = best_chain(row)
            hint = f"`{option}` writes it otherwise ({count})" if option else "load the model as ONNX"
            message = (
                f"the {found.activation} that ends here is fused by {look.table.title}, and then cannot be written to a file"
            )
            measured = f'{look.table.measured_target} {look.table.version}, {row["probes"]["for"]} probes: "{row["said"]}"'
            evidence = f"{look.table.measured_target}/@fused/{found.activation.replace(' ', '-')}"
            yield self.at(look, found.node, f"{message}; {hint}", cure=option, evidence=evidence, measured=measured)


def _fields(look: LintContext, known: Table, form: Form, evidence: Evidence, around: Mapping[str, str]) -> dict[str, Any]:
    """The message, the option that helps, and the evidence, as the fields of a Finding."""
    from graphfix.tables.artifact import fixed_by

    op, whose, facets = form
    found = describe_match(evidence.when, facets) if evidence.id != "exception" else " in this very form"
    subject = f"`{op}`{found}"
    option, count = fixed_by(known, op, whose, evidence.id, around)
    hint = f"`{option}` writes it otherwise ({count})" if option else "load the model as ONNX"
    domain = f"{whose}." if whose else ""
    probes = f"{evidence.supports} probe{'s' if evidence.supports != 1 else ''}"
    return {
        "message": f"{subject} is run by {look.table.title}, but cannot be written to a file; {hint}",
        "cure": option,
        "evidence": f"{look.table.measured_target}/{domain}{op}/{evidence.id}",
        "measured": f'{look.table.measured_target} {look.table.version}, {probes}: "{evidence.said}"',
        "probes": (evidence.supports, evidence.opposes),
    }
