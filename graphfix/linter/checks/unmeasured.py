"""GF109: the compiler was not measured on this form of the operator."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example


class Unmeasured(Check):
    """A node in a form that no probe covers, so that it is not known whether it is supported.

    Why: a form that was not measured may be supported or not; tables that are copied from documentation state support
    for it, and are often wrong.
    Instead: run the compiler with `--confirm`, or measure the operator with `graphfix probe --op NAME`.
    """

    code = "GF109"
    name = "unmeasured"
    severity = Severity.NOTE
    kind = "unmeasured"
    valid = (Example("y = Relu(x)"),)
    invalid = (Example("y = example.Mystery(x)", says="no probe of this operator"),)

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every node in a form that was not probed, and for the model as a whole."""
        for node, _, ruling in [(None, None, look.model), *look.notable]:
            if ruling.verdict == "unmeasured":
                subject = f"`{node.op}`" if node is not None else "the model"
                yield self.at(look, node, f"{subject} was not measured on {look.table.name}: {ruling.reason}")
