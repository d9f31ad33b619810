"""GF311: an exponential that is summed without the largest value subtracted first."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.narrow_range import in_float16, narrows


class OverflowingExponential(Check):
    """An exponential that is summed, in a softmax, a softplus or a sigmoid written as elementary operators.

    Why: in float16, in which this target computes or the model is, exp(x) is infinite from x = 11.1 on, and a quotient of two
    infinities is NaN.
    Instead: export the softmax or sigmoid as one operator, or `graphfix fix --rewrite` with the rewrite that the finding names;
    `graphfix precision` tells whether it happens on your data.
    """

    code = "GF311"
    name = "overflowing-exponential"
    severity = Severity.NOTE
    kind = "precision"
    valid = (
        Example("e = Exp(x)\ns = ReduceSum(e)\ny = Div(e, s)"),
        Example("e = Exp(x)\ny = Neg(e)", inputs="float16[2,3] x", outputs="float16 y"),
        Example(
            "m = ReduceMax(x)\nd = Sub(x, m)\ne = Exp(d)\ns = ReduceSum(e)\ny = Div(e, s)",
            inputs="float16[2,3] x",
            outputs="float16 y",
        ),
    )
    invalid = (
        Example(
            "e = Exp(x)\ns = ReduceSum(e)\ny = Div(e, s)",
            inputs="float16[2,3] x",
            outputs="float16 y",
            says="infinite in float16 from 11.1 on; the rewrite quotient-to-softmax",
        ),
        Example(
            "e = Exp(x)\ns = ReduceSum(e)\ny = Log(s)", inputs="float16[2,3] x", outputs="float16 y", says="log-sum-exp-by-max"
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every such exponential."""
        from graphfix.analysis.patterns.float16_overflows import summed_exponentials

        narrowed = narrows(look)
        for rewrite, node in summed_exponentials(look.facts, lambda node: in_float16(node, narrowed)):
            yield self.at(look, node, f"`Exp` is infinite in float16 from 11.1 on; the rewrite {rewrite} keeps it in range")
