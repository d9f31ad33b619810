"""GF313: a product of queries and keys that is scaled afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.narrow_range import in_float16, narrows

if TYPE_CHECKING:
    from graphfix.analysis.values import NodeFacts


class LateScale(Check):
    """A product of two computed matrices, as of queries and keys, that is scaled down afterwards.

    Why: in float16, in which this target computes or the model is, the product may be infinite before it is scaled, which makes
    the attention NaN.
    Instead: `graphfix fix --rewrite scale-before-product` scales the queries first, which is the same in float32;
    `graphfix precision` tells whether it happens on your data.
    """

    code = "GF313"
    name = "late-scale"
    severity = Severity.NOTE
    kind = "precision"
    valid = (
        Example("p = MatMul(x, k)\ny = Div(p, c)", inputs="float[2,4] x, float[4,2] k", weights="float c = {2.0}"),
        Example(
            "d = Div(x, c)\ny = MatMul(d, k)",
            inputs="float16[2,4] x, float16[4,2] k",
            outputs="float16 y",
            weights="float16 c = {16384}",
        ),
    )
    invalid = (
        Example(
            "p = MatMul(x, k)\ny = Div(p, c)",
            inputs="float16[2,4] x, float16[4,2] k",
            outputs="float16 y",
            weights="float16 c = {16384}",
            says="is scaled only after it",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every such product."""
        narrowed = narrows(look)
        for node in look.facts.of_operator("Div", "Mul"):
            if node.domain or len(node.inputs) != 2 or not in_float16(node, narrowed):
                continue
            product = _scaled_product(look, node)
            if product is not None:
                yield self.at(
                    look,
                    product,
                    f"`MatMul` may be infinite in float16: it is scaled only after it, by `{node.label}`; "
                    "the rewrite scale-before-product scales its operand",
                )


def _scaled_product(look: LintContext, node: NodeFacts) -> NodeFacts | None:
    """The product of two computed matrices that a node makes smaller by a known number."""
    for at, other in ((0, 1), (1, 0)):
        by = node.inputs[other]
        if by is None or by.constant is None or by.constant.size != 1 or (node.op == "Div" and at == 1):
            continue
        factor = abs(float(by.constant.reshape(())))
        product = look.facts.producer(node.proto.input[at], node.scope)
        smaller = factor > 1 if node.op == "Div" else factor < 1
        if not smaller or product is None or product.op != "MatMul" or product.domain:
            continue
        if all(value is not None and value.source == "runtime" for value in product.inputs):
            return product
    return None
