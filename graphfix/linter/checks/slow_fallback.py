"""GF403: the compiler supports the node, and runs it on a fallback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.fix_rules import FALLBACK
from graphfix.linter.node_phrases import describe_node

if TYPE_CHECKING:
    from graphfix.analysis.facts import NodeFacts
    from graphfix.tables.evidence import Evidence

INTEGERS = ("int64", "int32")


class SlowFallback(Check):
    """A node that compiles, but that the compiler runs on a fallback: in a reference implementation, or outside the delegate.

    It is a warning where the compiler runs a slower implementation in place of tuned code, as OpenVINO's runtime model
    says, and a note where TensorFlow Lite does not delegate the node to XNNPACK, which splits the part that XNNPACK runs.
    Computations of sizes are left out: they cost nothing. So are models that the compiler rejects.

    No finding does not mean no fallback. Where Core ML runs a node is decided on the device and was not measured, nor was
    TensorRT on one; tract has no fallback. `graphfix explain TARGET OP` says whether this was measured, and how often.

    Why: the compiler prints no warning; one such node can take longer than all the others together.
    Example: OpenVINO computes the indices of a maximum, or reduces over axes that are not constant, element by element.
    Instead: make the operand constant or leave the output unused that the message names, or measure whether it matters.
    """

    code = "GF403"
    name = "slow-fallback"
    severity = Severity.WARNING
    kind = FALLBACK
    valid = (
        Example("y = Erf(x)"),
        Example("a = Mish(x)\ny = Softplus(a)"),
        Example("y = Exp(x)"),
    )
    invalid = (
        Example("y = Softplus(x)", says="runs in the compiler's reference implementation", evidence="demo/Softplus/every-form"),
        Example(
            "y = Tanh(x)",
            inputs="float[n,4] x",
            says="`Tanh` with a dynamic batch dim in `input` (`x`: [n, 4]) runs outside the delegate",
            evidence="demo/Tanh/input-dims-not-static",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a finding for every node that was measured to run on a fallback."""
        from graphfix.tables.placement import SORTS, fallback, placements

        known = placements(look.table)
        if known is None or look.rejects:
            return
        slow = {at: met for at, form in enumerate(look.forms.distinct) if (met := fallback(known, *form)) is not None}
        for position in look.forms.nodes_of(slow):
            node, facets, evidence = look.facts.nodes[position], look.facets[position], slow[look.forms.of_node[position]]
            if look.rulings[position].verdict != "supported" or _computes_sizes(node):
                continue
            found = describe_node(evidence.when, facets, node, look.facts) if evidence.id != "exception" else " in this form"
            message = f"`{node.op}`{found} runs {SORTS[evidence.stage]}, on {look.table.name}"
            message += f": {evidence.said}" if evidence.said else ""
            severity = None if evidence.stage != "undelegated" else Severity.NOTE
            yield self.at(look, node, message, severity=severity, **_evidence_fields(look, node, evidence))


def _computes_sizes(node: NodeFacts) -> bool:
    """Whether a node computes nothing but sizes or other single numbers: integers of rank 0 or 1."""
    outputs = [value for value in node.outputs if value is not None]
    return all(value.rank is not None and value.rank <= 1 and value.dtype in INTEGERS for value in outputs)


def _evidence_fields(look: LintContext, node: NodeFacts, evidence: Evidence) -> dict[str, Any]:
    """The evidence as the fields `evidence`, `measured` and `probes` of a Finding."""
    from graphfix.tables.placement import placements

    domain = f"{node.domain}." if node.domain else ""
    known = placements(look.table)
    entry = None if known is None else known.entry(node.op, node.domain)
    compiler = entry.compiler if entry is not None else look.table.version
    probes = f"{evidence.supports} probe{'s' if evidence.supports != 1 else ''}"
    cited = f"{look.table.measured_target}/{domain}{node.op}/{evidence.id}"
    counts = (evidence.supports, evidence.opposes)
    return {"evidence": cited, "measured": f'{compiler}, {probes}: "{evidence.said}"', "probes": counts}
