"""GF109: the compiler was not measured on this form of the operator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphfix.ir.operator_set import STANDARD
from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.operator_domains import owner

if TYPE_CHECKING:
    from graphfix.analysis.facts import NodeFacts


class Unmeasured(Check):
    """A node in a form that no probe covers, so that it is not known whether it is supported.

    It is a warning where the operator is in a domain that ONNX does not define and the target's table does not know it: few
    compilers support such operators. The message says whose domain it is.

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
        functions = {(function.domain, function.name) for function in look.facts.model.functions}
        for node, _, ruling in [(None, None, look.model), *look.notable]:
            if ruling.verdict != "unmeasured":
                continue
            foreign = node is not None and node.domain not in STANDARD and (node.domain, node.op) not in functions
            if node is not None and foreign and not look.table.of_torch and look.table.entry(node.op, node.domain) is None:
                yield self.at(look, node, _foreign_message(node, look), severity=Severity.WARNING)
                continue
            subject = f"`{node.op}`" if node is not None else "the model"
            yield self.at(look, node, f"{subject} was not measured on {look.table.name}: {ruling.reason}")


def _foreign_message(node: NodeFacts, look: LintContext) -> str:
    """Return the message on an operator of a domain that ONNX does not define and the table does not know."""
    whose, hint = owner(node.domain)
    known = f"`{node.op}` of the domain `{node.domain}` ({whose}) is not known to {look.table.name}"
    return f"{known}: no probe of this operator; {hint}"
