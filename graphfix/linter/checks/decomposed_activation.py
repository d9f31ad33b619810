"""GF207: an exotic activation that the exporter decomposed into elementary operators."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example


class DecomposedActivation(Check):
    """A hard-sigmoid, hard-swish, gelu, swish, mish or softsign that is written as elementary operators.

    Why: it compiles nearly everywhere, but runs as one kernel per operator where the compiler does not recognise the
    pattern, and quantises badly; the finding names the activation that these operators compute.
    Instead: nothing is needed for it to compile; newer opsets have the activation as a single operator.
    """

    code = "GF207"
    name = "decomposed-activation"
    severity = Severity.NOTE
    per_target = False
    kind = "activation"
    valid = (Example("y = Sigmoid(x)"), Example("a = Relu(x)\ny = Mul(a, x)"))
    invalid = (
        Example("s = Sigmoid(x)\ny = Mul(x, s)", says="swish"),
        Example("p = Softplus(x)\nt = Tanh(p)\ny = Mul(x, t)", says="mish"),
        Example(
            "a = Add(x, three)\nc = Clip(a, zero, six)\nm = Mul(x, c)\ny = Div(m, six)",
            weights="float three = {3.0}, float zero = {0.0}, float six = {6.0}",
            says="hard-swish",
        ),
        Example(
            "d = Div(x, r)\ne = Erf(d)\na = Add(e, one)\nm = Mul(x, a)\ny = Mul(m, half)",
            weights="float r = {1.4142135}, float one = {1.0}, float half = {0.5}",
            says="gelu",
        ),
        Example("b = Abs(x)\na = Add(b, one)\ny = Div(x, a)", weights="float one = {1.0}", says="softsign"),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note on the last node of every group of nodes that computes such an activation."""
        from graphfix.analysis.patterns.decomposed_activations import decomposed

        for found in decomposed(look.facts):
            yield self.at(look, found.node, f"the last node of a {found.activation} that is written as elementary operators")
