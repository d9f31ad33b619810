"""GF203: an operator whose output shape is computed at run time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Fix, Severity
from graphfix.linter.example import Example
from graphfix.linter.node_phrases import roots_in_words
from graphfix.linter.option_hints import binding
from graphfix.tables.phrases import listed

if TYPE_CHECKING:
    from graphfix.analysis.facts import NodeFacts, Value


class ShapeDependentOperator(Check):
    """A Reshape, Expand, Slice or the like whose target is computed from the dims or values of other tensors.

    Why: shape arithmetic (Shape, Gather, Concat, Range, NonZero...) is where compilers differ most; each folds
    other parts of it, and what is left makes ranks and sizes of later values unknown.
    Instead: fix the dims it depends on, named in the message, and let `graphfix fix` fold the chain.
    """

    code = "GF203"
    name = "shape-dependent-operator"
    severity = Severity.NOTE
    fix = Fix("freeze-dims", "interface")
    per_target = False
    kind = "shape"
    valid = (Example("y = Reshape(x, s)", weights="int64[1] s = {6}"), Example("s = Shape(x)\ny = Expand(x, s)"))
    invalid = (
        Example(
            "s = Shape(x)\nn = Slice(s, a, b)\nt = Concat<axis = 0>(n, c)\ny = Reshape(x, t)",
            inputs="float[n,4] x",
            weights="int64[1] a = {0}, int64[1] b = {1}, int64[1] c = {-1}",
            says="Shape → Slice → Concat → Reshape, which depends on dim 0 of input `x`; fix it with --shape x=<n>x4",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every node whose shape operands are not known before run time."""
        from graphfix.analysis.facts import SHAPED_BY
        from graphfix.analysis.provenance import Provenance, sizing_roots

        trace: Provenance | None = None
        for node in look.facts.of_operator(*SHAPED_BY):
            operand = moving_operand(node)
            if operand is None:
                continue
            trace = trace or Provenance.of(look.facts)
            path = [step.op for step in trace.chain(operand, node.scope)]
            roots = sizing_roots(trace.value_roots(operand.name, node.scope))
            shown = " → ".join([*path, node.op])
            options = binding(look.facts, roots)
            hangs = f", which depends on {listed(roots_in_words(roots)[:3])}" if roots else ""
            fix = f"; fix it with {options}" if options else ""
            yield self.at(look, node, f"the shape is computed at run time by {shown}{hangs}{fix}", cure=options)


def moving_operand(node: NodeFacts) -> Value | None:
    """The first operand that determines the output's shape and is not known before run time; None when there is none."""
    from graphfix.analysis.facts import SHAPED_BY

    if node.domain:
        return None
    for position in SHAPED_BY.get(node.op, ()):
        operand = node.inputs[position] if position < len(node.inputs) else None
        if operand is not None and operand.source in ("shape", "cast-shape", "runtime"):
            return operand
    return None
