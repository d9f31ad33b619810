"""GF204: control flow that depends on an input whose value is known before deployment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Fix, Severity
from graphfix.linter.example import Example
from graphfix.linter.option_hints import binding
from graphfix.tables.phrases import listed

if TYPE_CHECKING:
    from graphfix.analysis.facts import NodeFacts
    from graphfix.analysis.provenance import Provenance, Root

BRANCHING = {"If", "Loop", "Scan"}


class InputBoundControlFlow(Check):
    """If and Loop nodes whose condition depends on a scalar input or on the dims of an input.

    Why: a mode switch or a sample rate as an input doubles the graph, and every compiler must compile both branches,
    including the one that is never run; most reject that.
    Instead: bind the input and fix the dims that are named; `graphfix fix` then keeps only the branch that runs.
    """

    code = "GF204"
    name = "input-bound-control-flow"
    severity = Severity.NOTE
    fix = Fix("bind-input", "interface")
    per_target = False
    kind = "control-flow"
    valid = (Example("y = Relu(x)"),)
    invalid = (
        Example(
            "c = Equal(sr, k)\ny = If(c) <then_branch = a () => (float[2,3] p) { p = Relu(x) }, "
            "else_branch = b () => (float[2,3] q) { q = Neg(x) }>",
            inputs="float[2,3] x, int64 sr",
            weights="int64 k = {16000}",
            says="the only If depends on input `sr`; bind it with --set sr=16000",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield one note for each control-flow operator: how many nodes there are, and which inputs they depend on."""
        found = [node for node in look.facts.of_operator(*BRANCHING) if not node.domain]
        if not found:
            return
        from graphfix.analysis.provenance import Provenance

        trace = Provenance.of(look.facts)
        roots_of = {node.proto.output[0]: self.roots(node, trace) for node in found if node.proto.output}
        by_label = {node.label: node for node in found}
        for op, count in Counter(node.op for node in found).items():
            nodes = [node for node in found if node.op == op]
            outer = {scope for node in nodes for scope in _enclosing(node, by_label)}
            roots = list(dict.fromkeys(r for node in [*nodes, *outer] for r in roots_of.get(node.proto.output[0], ())))
            if not roots:
                continue
            roots.sort(key=lambda root: root.dim is not None)
            inputs = list(dict.fromkeys(_subject(root) for root in roots))
            number = f"the only {op} depends" if count == 1 else f"{'both' if count == 2 else f'all {count}'} {op} nodes depend"
            message = f"{number} on {listed(inputs)}; bind {'it' if len(inputs) == 1 else 'them'} with "
            options = binding(look.facts, roots)
            yield self.at(look, nodes[-1], message + options, cure=options)

    @staticmethod
    def roots(node: NodeFacts, trace: Provenance) -> list[Root]:
        """The inputs and input dims that a node's condition or trip count depends on.

        Inputs of rank 1 and up are data, not switches, and are left out.
        """
        small = {v.name for v in trace.facts.inputs if v.rank is not None and v.rank == 0}
        names = node.proto.input[:2] if node.op == "Loop" else node.proto.input[:1] if node.op == "If" else ()
        roots = [root for name in names if name for root in trace.value_roots(name, node.scope)]
        return [root for root in roots if root.dim is not None or root.input in small]


def _enclosing(node: NodeFacts, by_label: Mapping[str, NodeFacts]) -> list[NodeFacts]:
    """The control-flow nodes whose subgraphs contain a node."""
    labels = (step.partition(" of ")[2] for step in node.scope)
    return [by_label[label] for label in labels if label in by_label]


def _subject(root: Root) -> str:
    """A root as a message names it."""
    return f"input `{root.input}`" if root.dim is None else f"the dims of `{root.input}`"
