"""GF208: a recurrent node with activations other than the standard ones."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.analysis.patterns.exotic_activations import EXOTIC_IN_RNN
from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example


class ExoticRecurrentActivation(Check):
    """An LSTM, GRU or RNN whose `activations` are not sigmoid and tanh.

    Why: fused recurrent kernels have the standard activations built in; another one usually comes from Keras's old
    default, hard_sigmoid.
    Instead: retrain with the standard ones, replace hard-sigmoid by sigmoid (approximate), or decompose the node.
    """

    code = "GF208"
    name = "exotic-recurrent-activation"
    severity = Severity.NOTE
    per_target = False
    kind = "activation"
    valid = (
        Example(
            "y, h = GRU<hidden_size = 2>(x, w, r)", inputs="float[4,1,3] x, float[1,6,3] w, float[1,6,2] r",
            outputs="float y, float h",
        ),
    )  # fmt: skip
    invalid = (
        Example(
            'y, h = GRU<hidden_size = 2, activations = ["HardSigmoid", "Tanh"]>(x, w, r)',
            inputs="float[4,1,3] x, float[1,6,3] w, float[1,6,2] r",
            outputs="float y, float h",
            says="HardSigmoid",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every recurrent node with an exotic activation."""
        from graphfix.analysis.constant_folding import attribute

        for node in look.facts.of_operator("LSTM", "GRU", "RNN"):
            if not node.domain:
                exotic = EXOTIC_IN_RNN - {"relu"} if node.op == "RNN" else EXOTIC_IN_RNN
                used = [name for name in attribute(node.proto, "activations", ()) if name.lower() in exotic]
                if used:
                    names = ", ".join(dict.fromkeys(used))
                    yield self.at(look, node, f"`{node.op}` uses {names} inside; fused kernels have sigmoid and tanh only")
