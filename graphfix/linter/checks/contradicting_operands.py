"""GF210: a node that no input lets run, since the fixed sizes of its operands contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.analysis.patterns.words import CONFLICT
from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.node_phrases import shape_text
from graphfix.tables.phrases import listed, phrase


class ContradictingOperands(Check):
    """A node whose operands have fixed sizes with which the operator is not defined, such as an Add of [2, 3] and [2, 4].

    Why: the model fails on every input, in onnxruntime as in any compiler; some compilers only notice when it runs. An export
    with a defect of the exporter leaves such nodes behind, or an edit by hand, or sizes that were replaced in one place only.
    Instead: correct the source or the edit. No rewrite can tell which of the sizes was meant.
    """

    code = "GF210"
    name = "contradicting-operands"
    severity = Severity.ERROR
    per_target = False
    valid = (Example("y = Add(x, z)", inputs="float[2, 3] x, float[2, 1] z"),)
    invalid = (
        Example("y = Add(x, z)", inputs="float[2, 3] x, float[2, 4] z", says="no input lets `Add` run"),
        Example("y = MatMul(x, w)", inputs="float[n, 3] x", weights="float[2, 1] w = {1, 2}", says="inner sizes differ"),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield an error for every node of the main graph whose operands contradict each other."""
        for node in look.facts.nodes:
            word = dict(node.structure).get(CONFLICT) if node.structure else None
            if word is not None:
                shapes = listed([shape_text(value) for value in node.inputs if value is not None])
                yield self.at(look, node, f"no input lets `{node.op}` run: {phrase(CONFLICT, word)} ({shapes})")
