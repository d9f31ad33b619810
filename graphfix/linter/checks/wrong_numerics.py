"""GF301: the compiler supports the node and computes wrong numerics."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import Check, LintContext, evidence_fields
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.node_phrases import describe_node
from graphfix.tables.table import TableVerdict

FOR = "for "
"""The prefix of evidence that names the inputs for which the result is wrong; it is right for all others."""


class WrongNumerics(Check):
    """A form of an operator that compiles, and whose result differed from ONNX's when measured.

    Where the result is wrong for some inputs only, such as ties or shifts by the full bit width, it is a note that names
    them.

    Why: the compiler prints no warning; the deployed model is less accurate, or wrong.
    Instead: rewrite the node into a form that was measured to agree, and compare outputs on real data.
    """

    code = "GF301"
    name = "wrong-numerics"
    severity = Severity.WARNING
    kind = "wrong"
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
        """Yield a warning for every node in a form that was measured to differ."""
        for node, facets, ruling in look.notable:
            if ruling.wrong is not None and ruling.verdict != "rejected":
                found = describe_node(ruling.wrong.when, facets, node, look.facts)
                error = f" (largest relative error {ruling.wrong.error:.2g})" if ruling.wrong.error else ""
                message = f"`{node.op}`{found} compiles on {look.table.name}"
                fields = evidence_fields(look, node, TableVerdict("supported", None, ruling.wrong), facets)
                only = f" {ruling.wrong.said}" if ruling.wrong.said.startswith(FOR) else ""
                message += f" but computes something else{only}{error}"
                yield self.at(look, node, message, severity=Severity.NOTE if only else None, **fields)
