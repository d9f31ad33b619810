"""GF315: an epsilon that float16 rounds to 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.narrow_range import VANISHES, in_float16, narrows

if TYPE_CHECKING:
    from graphfix.analysis.values import NodeFacts

NORMALIZATIONS = ("LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization", "BatchNormalization")
ADDS = ("Add", "Max", "Clip")
READERS = ("Sqrt", "Div", "Log", "Reciprocal", "Pow")


class VanishingEpsilon(Check):
    """An epsilon below 3e-8, such as 1e-12, that guards a root, a logarithm or a quotient.

    Why: in float16, in which this target computes or the model is, it is 0, so that a row of equal numbers gives infinity or
    NaN.
    Instead: train or export with 1e-5, or `graphfix fix --rewrite raise-epsilon --allow approximate`; `graphfix precision`
    tells whether it matters on your data.
    """

    code = "GF315"
    name = "vanishing-epsilon"
    severity = Severity.NOTE
    kind = "precision"
    valid = (
        Example("y = LayerNormalization<epsilon = 1e-12>(x, w)", weights="float[3] w = {1, 1, 1}"),
        Example(
            "y = LayerNormalization<epsilon = 1e-5>(x, w)",
            inputs="float16[2,3] x",
            outputs="float16 y",
            weights="float16[3] w = {15360, 15360, 15360}",
        ),
    )
    invalid = (
        Example(
            "y = LayerNormalization<epsilon = 1e-12>(x, w)",
            inputs="float16[2,3] x",
            outputs="float16 y",
            weights="float16[3] w = {15360, 15360, 15360}",
            says="the epsilon 1e-12 is 0 in float16",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every such epsilon."""
        narrowed = narrows(look)
        read: set[tuple[tuple[str, ...], str]] | None = None
        for node in look.facts.of_operator(*NORMALIZATIONS, *ADDS):
            found = None if node.domain else _epsilon(node)
            if found is None or not in_float16(node, narrowed):
                continue
            if node.op in ADDS:
                if read is None:
                    read = {(one.scope, name) for one in look.facts.of_operator(*READERS) for name in one.proto.input}
                if not any((node.scope, name) in read for name in node.proto.output):
                    continue
            yield self.at(look, node, f"the epsilon {found:.3g} is 0 in float16; the rewrite raise-epsilon keeps it")


def _epsilon(node: NodeFacts) -> float | None:
    """A node's epsilon, or the one positive number that it adds or compares with, where float16 rounds it to 0."""
    from graphfix.analysis.constant_folding import attribute

    if node.op in NORMALIZATIONS:
        found = attribute(node.proto, "epsilon")
        return float(found) if found is not None and 0 < float(found) <= VANISHES else None
    for value in node.inputs:
        if value is not None and value.constant is not None and value.constant.size == 1 and value.constant.dtype.kind == "f":
            number = float(value.constant.reshape(()))
            if 0 < number <= VANISHES:
                return number
    return None
