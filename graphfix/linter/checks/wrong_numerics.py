"""GF301: the compiler takes the node and computes something else."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import Check, Look, cited
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.tables.phrases import in_words
from graphfix.tables.table import Ruling

FOR = "for "
"""How the words of evidence start that name the numbers which come out wrong; other numbers come out right."""


class WrongNumerics(Check):
    """A form of an operator that compiles, and whose result differed from ONNX's when measured.

    Where only some numbers come out wrong, such as ties or shifts of the whole width, it is a note that names them.

    Why: nothing warns of it; the model ships and is quietly less accurate, or plainly wrong.
    Instead: rewrite the node into a form that was measured to agree, and compare outputs on real data.
    """

    code = "GF301"
    name = "wrong-numerics"
    severity = Severity.WARNING
    kind = "wrong"
    valid = (Example("y = MaxPool<kernel_shape = [2, 2]>(x)", inputs="float[1,1,5,5] x"),)
    invalid = (
        Example(
            "y = MaxPool<kernel_shape = [2, 2], ceil_mode = 1>(x)",
            inputs="float[1,1,5,5] x",
            says="computes something else",
            evidence="demo/MaxPool/ceil-mode",
        ),
    )

    def check(self, look: Look) -> Iterator[Finding]:
        """Yield a warning for every node in a form that was measured to differ."""
        for node, facets, ruling in look.notable:
            if ruling.wrong is not None and ruling.verdict != "rejected":
                found = in_words(ruling.wrong.when, facets)
                error = f" (largest relative error {ruling.wrong.error:.2g})" if ruling.wrong.error else ""
                message = f"`{node.op}`{f' with {found}' if found else ''} compiles on {look.table.title}"
                proof = cited(look, node, Ruling("supported", None, ruling.wrong))
                odd = f" {ruling.wrong.said}" if ruling.wrong.said.startswith(FOR) else ""
                message += f" but computes something else{odd}{error}"
                yield self.at(look, node, message, severity=Severity.NOTE if odd else None, **proof)
