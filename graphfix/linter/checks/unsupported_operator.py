"""GF101: the compiler rejects the operator in every form that was probed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphfix.ir.operator_set import STANDARD
from graphfix.linter.check import LintContext, TableCheck
from graphfix.linter.example import Example
from graphfix.linter.operator_domains import owner
from graphfix.tables.unknown_operators import UNKNOWN

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets
    from graphfix.analysis.facts import NodeFacts
    from graphfix.tables.evidence import Evidence


class UnsupportedOperator(TableCheck):
    """An operator that the backend's compiler rejected in every form it was measured in.

    Why: the compiler has no implementation of it, so changing the node's attributes does not fix it.
    Instead: let a rewrite express it in operators that the compiler supports, or replace the layer in the training code.
    """

    code = "GF101"
    name = "unsupported-operator"
    kinds = frozenset({"operator"})
    valid = (Example("y = Relu(x)"),)
    invalid = (Example("y = Mish(x)", says="Demo does not support `Mish`", evidence="demo/Mish/unsupported"),)

    def describe(self, node: NodeFacts | None, facets: Facets, evidence: Evidence, look: LintContext) -> str:
        """Return the message; of an operator that ONNX does not define it says whose domain it is in."""
        said = super().describe(node, facets, evidence, look)
        if node is None or look.table.judged_as(node.op, node.domain)[0] != UNKNOWN:
            return said
        whose = f" (domain `{node.domain}`: {owner(node.domain)[0]})" if node.domain not in STANDARD else ""
        return f"{said}, which is not an operator of ONNX{whose}"
