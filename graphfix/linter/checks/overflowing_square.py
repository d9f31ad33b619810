"""GF312: squares under a root, of numbers that are not scaled first."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.narrow_range import in_float16, narrows


class OverflowingSquare(Check):
    """Squares that are averaged or summed under a root, as layer norms, RMS norms and L2 norms do.

    Why: in float16, in which this target computes or the model is, the square of 256 is infinite, and that of 0.0002 is 0.
    Instead: `graphfix fix --rewrite scale-before-square --allow approximate` divides by the largest magnitude first;
    `graphfix precision` tells whether it happens on your data.
    """

    code = "GF312"
    name = "overflowing-square"
    severity = Severity.NOTE
    kind = "precision"
    valid = (
        Example("q = Mul(x, x)\ns = ReduceMean(q)\ny = Sqrt(s)"),
        Example("q = Mul(x, x)\ny = ReduceMean(q)", inputs="float16[2,3] x", outputs="float16 y"),
        Example(
            "a = Abs(x)\nm = ReduceMax(a)\nd = Div(x, m)\nq = Mul(d, d)\ns = ReduceMean(q)\ny = Sqrt(s)",
            inputs="float16[2,3] x",
            outputs="float16 y",
        ),
    )
    invalid = (
        Example(
            "q = Mul(x, x)\ns = ReduceMean(q)\ny = Sqrt(s)",
            inputs="float16[2,3] x",
            outputs="float16 y",
            says="infinite in float16 from 256 on",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every such square."""
        from graphfix.analysis.patterns.float16_overflows import rooted_squares

        narrowed = narrows(look)
        for node in rooted_squares(look.facts, lambda node: in_float16(node, narrowed)):
            message = f"the square of `{node.proto.input[0]}` is infinite in float16 from 256 on"
            yield self.at(look, node, f"{message}; the rewrite scale-before-square keeps it in range")
