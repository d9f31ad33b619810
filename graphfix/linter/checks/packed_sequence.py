"""GF205: a recurrent node with sequence lengths, from sequence packing that survived the export."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example

RECURRENT = {"LSTM", "GRU", "RNN"}


class PackedSequence(Check):
    """An LSTM, GRU or RNN with `sequence_lens`: pack_padded_sequence survived the export.

    Why: packing saves time in training; on a device it makes the time axis data-dependent, and few compilers support
    the masked form.
    Instead: export without packing where a batch holds one sequence, or let a rewrite drop lengths that are all full.
    """

    code = "GF205"
    name = "packed-sequence"
    severity = Severity.NOTE
    per_target = False
    kind = "packing"
    valid = (
        Example(
            "y, h = GRU<hidden_size = 2>(x, w, r)", inputs="float[4,1,3] x, float[1,6,3] w, float[1,6,2] r",
            outputs="float y, float h",
        ),
    )  # fmt: skip
    invalid = (
        Example(
            "y, h = GRU<hidden_size = 2>(x, w, r, , n)",
            inputs="float[4,1,3] x, float[1,6,3] w, float[1,6,2] r, int32[1] n",
            outputs="float y, float h",
            says="sequence packing",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a note for every recurrent node with the operand `sequence_lens`."""
        for node in look.facts.of_operator(*RECURRENT):
            if not node.domain and len(node.inputs) > 4 and node.inputs[4] is not None:
                lengths = node.inputs[4]
                how = "constant lengths" if lengths.constant is not None else f"lengths from `{lengths.name}`"
                yield self.at(look, node, f"`{node.op}` runs under sequence packing, with {how}")
