"""GF404: the target's accelerator does not take the node, which runs on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from graphfix.linter.check import LintContext, Row, TableCheck, evidence_fields
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.node_phrases import describe_node, unknown_note

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets
    from graphfix.analysis.facts import NodeFacts
    from graphfix.tables.evidence import Evidence


class CpuFallback(TableCheck):
    """A node that the accelerator of the target does not take, so that the runtime computes it on the CPU.

    It is a warning where the accelerator takes other nodes of the model, an error where it takes none: the model is accepted,
    and runs on the CPU alone. It is a note where it depends on a fact that the model does not state.

    Why: each node on the CPU between nodes of the accelerator cuts the graph; tensors are copied at each cut, and converted
    where the two compute in other dtypes. `--statistics` shows the partitions.
    Example: the QNN execution provider has no Acosh, and takes nothing with dynamic dims.
    Instead: fix dims with `--shape`, or let a rewrite express the node in operators that the accelerator takes.
    """

    code = "GF404"
    name = "cpu-fallback"
    severity = Severity.WARNING
    kinds: ClassVar[frozenset[str]] = frozenset()
    valid = (Example("y = Relu(x)"), Example("y = Mish(x)"), Example("y = Asinh(x)"))
    invalid = (
        Example("a = Relu(x)\ny = Acosh(a)", says="Demo leaves `Acosh` to the CPU", evidence="demo/Acosh/unsupported"),
        Example("y = Acosh(x)", says="to the CPU, and takes no other node", evidence="demo/Acosh/unsupported"),
        Example("y = Shrink(x)", says="Demo leaves parts of `Shrink` to the CPU", evidence="demo/Shrink/unsupported"),
        Example(
            "a = Abs(x)\nb = example.Mystery(a)\ny = Asinh(b)",
            says="may leave `Asinh` to the CPU: the dtype is not known",
            evidence="demo/Asinh/dtype-float64",
        ),
    )

    def reported(self, look: LintContext) -> list[Row]:
        """Return the nodes that are left to the CPU."""
        return [row for row in look.rows("rejected") if row[3].left]

    def grade(self, look: LintContext) -> Severity:
        """Return `error` where the accelerator takes no node of the model; of a program of torch the file runs all the same."""
        return Severity.ERROR if look.delegated is False and not look.table.of_torch else Severity.WARNING

    def describe(self, node: NodeFacts | None, facets: Facets, evidence: Evidence, look: LintContext) -> str:
        """Return the message: the target, and the form of this node that it leaves to the CPU."""
        assert node is not None
        form = describe_node(evidence.when, facets, node, look.facts)
        alone = ", and takes no other node" if look.delegated is False else ""
        parts = "parts of " if evidence.left_in_parts else ""
        return f"{look.table.name} leaves {parts}`{node.op}`{form} to {look.table.left_to}{alone}"

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a finding for every node on the CPU, and notes for those that may be, where other nodes are certainly taken."""
        yield from super().check(look)
        for node, facets, ruling, evidence in look.rows("undecided"):
            if evidence.left and look.delegated:
                known = unknown_note(ruling.missing, node, look.facts)
                message = f"{look.table.name} may leave `{node.op}` to {look.table.left_to}: {ruling.reason}{known}"
                fields = evidence_fields(look, node, ruling, facets)
                yield self.at(look, node, message, severity=Severity.NOTE, kind=evidence.kind, **fields)
