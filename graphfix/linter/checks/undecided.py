"""GF108: a fact that decides the verdict on the node is not known, or too few probes like it were measured."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import Check, LintContext, evidence_fields
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.node_phrases import unknown_note
from graphfix.tables.phrases import condition_in_words


class Undecided(Check):
    """A node whose verdict depends on a fact that the model does not state, or on very few probes.

    Why: the compiler rejects one of the two possibilities, or rejected the few probes of this form that were measured, so
    either verdict would be a guess.
    Instead: give what is missing, usually with `--shape` or `--set`, or run the compiler itself with `--confirm`.
    """

    code = "GF108"
    name = "undecided"
    severity = Severity.NOTE
    kind = "undecided"
    valid = (Example("y = Add(x, x)"),)
    invalid = (
        Example(
            "z = example.Mystery(x)\ny = Add(z, z)",
            says="may reject `Add`: the dtype is not known",
            evidence="demo/Add/dtype-float64",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every node whose ruling is undecided, and for the model as a whole."""
        for node, facets, ruling in [(None, look.model_facets, look.model), *look.notable]:
            told = ruling.evidence is not None and ruling.evidence.left and look.delegated  # by the rule about the CPU
            if ruling.verdict == "undecided" and ruling.evidence is not None and not told:
                subject = f"`{node.op}`" if node is not None else "the model"
                form = condition_in_words(ruling.evidence.when) or "a form of it"
                known = unknown_note(ruling.missing, node, look.facts)
                message = f"{look.table.name} may reject {subject}: {ruling.reason}{known}"
                if ruling.missing:  # else the reason is that few probes had this form
                    message += f", and it rejects {form}"
                yield self.at(look, node, message, **evidence_fields(look, node, ruling, facets))
