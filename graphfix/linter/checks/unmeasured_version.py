"""GF903: the requested version of the compiler was not measured."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example


class UnmeasuredVersion(Check):
    """A target version that was never measured, so that the table of the nearest measured one was used.

    Why: compilers gain and lose operators between releases, so the verdict is about another version than the requested one.
    Instead: measure it, with `graphfix backends install T@VERSION` and `graphfix probe --target T@VERSION`.
    """

    code = "GF903"
    name = "unmeasured-version"
    severity = Severity.NOTE
    kind = "version"
    valid = (
        Example("y = Relu(x)"),
        Example("y = Relu(x)", target="demo@1.0"),
        Example("y = Relu(x)", target="demo@1"),
    )
    invalid = (
        Example("y = Relu(x)", target="demo@0.9", says="version 0.9 was not measured"),
        Example("y = Relu(x)", target="demo@1.1", says="graphfix probe --target demo@1.1"),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield one note on the model when the table is that of another version than the requested one."""
        table = look.table
        if table.asked:
            wanted = f"{table.measured_target}@{table.asked}"
            yield self.at(
                look,
                None,
                f"version {table.asked} was not measured: the nearest measured version, {table.title}, is used instead; "
                f"measure it with `graphfix backends install {wanted}` and `graphfix probe --target {wanted}`",
            )
