"""GF206: an activation that not every compiler supports."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.analysis.patterns.exotic_activations import EXOTIC
from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example

DOMAINS = ("", "com.microsoft")


class ExoticActivation(Check):
    """HardSigmoid, HardSwish, Mish, Celu, Selu, Softsign, ThresholdedRelu, Shrink, Gelu and similar activations.

    Why: frameworks offer them long before compilers support them, and compilers that support them often neither fuse
    nor quantise them.
    Instead: let a rewrite write the exact elementary form; or retrain with one of Relu, Sigmoid and Tanh.
    """

    code = "GF206"
    name = "exotic-activation"
    severity = Severity.NOTE
    kind = "activation"
    valid = (Example("y = Relu(x)"),)
    invalid = (Example("y = Mish(x)", says="`Mish` is an uncommon activation"),)

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every exotic activation."""
        exotic = {at for at, (op, domain, _) in enumerate(look.forms.distinct) if op in EXOTIC and domain in DOMAINS}
        for position in look.forms.nodes_of(exotic):
            node, ruling = look.facts.nodes[position], look.rulings[position]
            answer = {"supported": "supports it", "rejected": "rejects it"}.get(ruling.verdict, "was not measured on it")
            yield self.at(look, node, f"`{node.op}` is an uncommon activation; {look.table.title} {answer} in this form")
