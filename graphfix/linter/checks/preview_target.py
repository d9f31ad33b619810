"""GF904: the target is a preview, whose table is not yet as good as those of other targets."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example


class PreviewTarget(Check):
    """A target whose table is not yet right often enough, or without tried fixes, so that it is in no group such as `all`.

    Why: a verdict on such a target may be wrong more often; the message says how often it was right on ONNX's conformance models.
    Instead: ask the compiler itself with `--confirm`.
    """

    code = "GF904"
    name = "preview-target"
    severity = Severity.NOTE
    kind = "preview"
    valid = (Example("y = Relu(x)"),)
    invalid = (
        Example("y = Relu(x)", target="draft", says="agrees with the compiler on 87.5 % of 40 conformance models"),
        Example("y = Relu(x)", target="draft@0.1", says="no agreement with the compiler is recorded"),
        Example("y = Abs(x)", target="draft", says="fixes were not tried"),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield one note on the model when the target is a preview."""
        if look.table.preview:
            yield self.at(look, None, f"preview: {look.table.preview}")
