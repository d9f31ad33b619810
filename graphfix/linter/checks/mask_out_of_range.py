"""GF314: what hides the scores of a softmax is outside of float16."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.narrow_range import LARGEST, in_float16, narrows

if TYPE_CHECKING:
    from graphfix.analysis.values import NodeFacts

FARTHEST = 4
"""The most nodes that are searched before a Softmax, one after the other."""
PASSES = frozenset({"Add", "Cast", "Expand", "Mul", "Reshape", "Sub", "Transpose", "Unsqueeze", "Where"})


class MaskOutOfRange(Check):
    """A constant below -65504, such as -1e9, that hides scores from a softmax.

    Why: in float16, in which this target computes or the model is, it is minus infinity, and 0 * infinity, infinity - infinity,
    or a row that is hidden as a whole, are NaN.
    Instead: hide by -30000, as `graphfix fix --rewrite clamp-mask` does; `graphfix precision` tells whether it matters on your
    data.
    """

    code = "GF314"
    name = "mask-out-of-range"
    severity = Severity.NOTE
    kind = "precision"
    valid = (
        Example("a = Add(x, low)\ny = Softmax(a)", weights="float low = {-1000000000}"),
        Example("a = Add(x, low)\ny = Softmax(a)", inputs="float16[2,3] x", outputs="float16 y", weights="float16 low = {61666}"),
    )
    invalid = (
        Example(
            "c = Cast<to = 10>(low)\na = Add(x, c)\ny = Softmax(a)",
            inputs="float16[2,3] x",
            outputs="float16 y",
            weights="float low = {-1000000000}",
            says="is minus infinity in float16",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every Softmax whose scores are hidden so."""
        narrowed = narrows(look)
        for node in look.facts.of_operator("Softmax", "LogSoftmax"):
            if not node.domain and in_float16(node, narrowed):
                found = _mask(look, node)
                if found is not None:
                    low = "what hides scores" if math.isinf(found) else f"{found:.3g}, which hides scores,"
                    yield self.at(look, node, f"{low} is minus infinity in float16; the rewrite clamp-mask keeps it in range")


def _mask(look: LintContext, node: NodeFacts) -> float | None:
    """The lowest constant out of range that reaches a Softmax."""
    edge = [node]
    for _ in range(FARTHEST):
        makers = []
        for one in edge:
            for value, name in zip(one.inputs, one.proto.input, strict=False):
                if value is not None and value.constant is not None and value.constant.dtype.kind == "f" and value.constant.size:
                    lowest = float(value.constant.min())
                    if lowest < -LARGEST:
                        return lowest
                elif name and (maker := look.facts.producer(name, one.scope)) is not None and maker.op in PASSES:
                    makers.append(maker)
        edge = makers
    return None
