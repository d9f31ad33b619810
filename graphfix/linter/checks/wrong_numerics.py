"""GF301: the compiler supports the node, and what it compiles computes something else or fails when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphfix.analysis.likely_ties import likely_ties, ties_matter
from graphfix.linter.check import Check, LintContext, evidence_fields
from graphfix.linter.diagnostics import WRONG, Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.node_phrases import describe_node
from graphfix.tables.evidence import AT_READ, Evidence, TableVerdict
from graphfix.tables.floor import FLOOR
from graphfix.tables.unlike import sort_of_difference
from graphfix.tables.versions import WHOLE

if TYPE_CHECKING:
    from graphfix.analysis.facts import NodeFacts

FOR = "for "
"""The prefix of evidence that names the inputs for which the result is wrong; it is right for all others."""
TIES = frozenset({"for equal values", "for equal largest values"})
"""What such evidence says where equal values are taken in another order."""
CLEAR = 5
"""How many probes of a form must have differed for each that agreed, for the form to be held for wrong."""


class WrongNumerics(Check):
    """A form of an operator that compiles, and whose result differed from ONNX's when measured, or that failed when it ran.

    A failure when the compiled model runs is an error, though the compiler accepts the model. Where only some inputs are
    affected, such as ties or shifts by the full bit width, it is a note that names them; where ties are likely, it is a warning.
    It is also a note where more than one in six of the probes of the form agreed with ONNX. Where few probes had the form, the
    message says how many, and the finding weighs less: a warning for a failure, else a note.

    Why: the compiler prints no warning; the deployed model is less accurate, wrong, or stops.
    Instead: rewrite the node into a form that was measured to agree, and compare outputs on real data.
    """

    code = "GF301"
    name = "wrong-numerics"
    severity = Severity.WARNING
    kind = WRONG
    valid = (Example("y = MaxPool<kernel_shape = [2, 2]>(x)", inputs="float[1,1,5,5] x"),)
    invalid = (
        Example(
            "y = MaxPool<kernel_shape = [2, 2], ceil_mode = 1>(x)",
            inputs="float[1,1,5,5] x",
            says="computes something else",
            evidence="demo/MaxPool/ceil-mode",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a finding for every node in a form that was measured to differ, or to fail when it runs."""
        if look.model.wrong is not None and look.model.verdict != "rejected":
            found = describe_node(look.model.wrong.when, look.model_facets, None, look.facts)
            thin = few_probes(look, None, look.model.wrong)
            message = f"a model{found} compiles on {look.table.name} but {consequence(look.model.wrong)}{thin}"
            fields = evidence_fields(look, None, TableVerdict("supported", None, look.model.wrong), look.model_facets)
            yield self.at(look, None, message, severity=severity(look.model.wrong, thin=bool(thin)), **fields)
        for node, facets, ruling in look.notable:
            if ruling.wrong is not None and ruling.verdict != "rejected":
                if ruling.wrong.said in TIES and not ties_matter(node, look.facts):
                    continue
                found = describe_node(ruling.wrong.when, facets, node, look.facts)
                message = f"`{node.op}`{found} compiles on {look.table.name}"
                fields = evidence_fields(look, node, TableVerdict("supported", None, ruling.wrong), facets)
                thin = few_probes(look, node, ruling.wrong)
                message += f" but {consequence(ruling.wrong)}{thin}"
                likely = likely_ties(node, look.facts) if ruling.wrong.said in TIES else ""
                message += f", {likely}" if likely else ""
                grade = severity(ruling.wrong, likely=bool(likely), thin=bool(thin))
                yield self.at(look, node, message, severity=grade, **fields)


def consequence(evidence: Evidence) -> str:
    """Say what the compiled model does: `computes something else for ties (largest relative error 0.5)`.

    Where all probes returned another shape, or infinities, it is that.
    """
    only = f" {evidence.said}" if evidence.said.startswith(FOR) else ""
    if evidence.stage == AT_READ:
        return f"gives an output that cannot be read{only}"
    if evidence.fails:
        return f"fails when it runs{only}"
    if (unlike := sort_of_difference(evidence.said)) and not doubtful(evidence):
        return unlike
    error = f" (largest relative error {evidence.error:.2g})" if evidence.error else ""
    return f"{'may compute' if doubtful(evidence) else 'computes'} something else{only}{error}"


def doubtful(evidence: Evidence) -> bool:
    """Whether too many probes of a form agreed for it to be held for wrong; a failure is never in doubt."""
    return not evidence.fails and evidence.opposes * CLEAR > evidence.supports


def few_probes(look: LintContext, node: NodeFacts | None, evidence: Evidence) -> str:
    """Say how many probes had the form, where they are few and the table has a floor: ` (in 2 of 3 probes)`; else empty."""
    entry = look.table.entry(node.op, node.domain) if node is not None else look.table.entry(WHOLE)
    if entry is None or not entry.active or evidence.supports >= FLOOR:
        return ""
    every = evidence.supports + evidence.opposes
    return f" (in {evidence.supports} of {every} probes)" if every > 1 else " (in the only probe)"


def severity(evidence: Evidence, *, likely: bool = False, thin: bool = False) -> Severity:
    """Return a note where only some inputs are affected that are not `likely`, an error for a failure, else a warning.

    Numbers that differed in some probes of a form and agreed in others are a note too. `thin` is evidence of few probes, which
    weighs less: a warning for a failure, else a note.
    """
    if doubtful(evidence) or (evidence.said.startswith(FOR) and not likely):
        return Severity.NOTE
    if thin:
        return Severity.WARNING if evidence.fails else Severity.NOTE
    return Severity.ERROR if evidence.fails else Severity.WARNING
