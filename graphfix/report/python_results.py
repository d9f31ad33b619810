"""What the Python functions return: short in a prompt, as text when printed, as a table in a notebook."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphfix.linter.diagnostics import Finding, Result

if TYPE_CHECKING:
    import onnx

    from graphfix.lowering.paths.model import ConversionPath, ConversionPaths
    from graphfix.rewriting.explain import Explanation
    from graphfix.rewriting.transaction import Change
    from graphfix.verify.reference import Verification


@dataclass(frozen=True, slots=True)
class Report:
    """What lint found: one Result for each target, in the order asked for."""

    results: tuple[Result, ...]

    @property
    def verdict(self) -> str:
        """`accepted`, `undecided` or `rejected`: the gravest over the targets."""
        order = ("accepted", "undecided", "rejected")
        return max((str(result.verdict) for result in self.results), key=order.index, default="accepted")

    @property
    def findings(self) -> list[Finding]:
        """The findings of every target, gravest first within each."""
        return [finding for result in self.results for finding in result.findings]

    def to_json(self) -> list[dict[str, Any]]:
        """The results as the `json` output format has them."""
        return [result.to_json() for result in self.results]

    def __repr__(self) -> str:
        return f"<Report: {', '.join(map(verdict_by, self.results)) or 'no target'}>"

    def __str__(self) -> str:
        from graphfix.report.text import render

        out = io.StringIO()
        render(self.results, out)
        return out.getvalue()

    def _repr_html_(self) -> str:
        """What a notebook shows: a row per target, with the causes of what is not accepted below it."""
        from graphfix.report.notebook import html

        return html(self.results)


@dataclass(frozen=True, slots=True)
class Fixed:
    """What fix made: the best verified model, every rewrite applied or declined, the verification, and a new report.

    `why` explains each finding that remains: which rewrites declined, and what else helps.
    """

    model: onnx.ModelProto
    changes: tuple[Change, ...]
    verification: Verification
    report: Report
    why: tuple[Explanation, ...] = ()

    def __repr__(self) -> str:
        return f"<Fixed: {self._summary()}; {', '.join(map(verdict_by, self.report.results))}>"

    def __str__(self) -> str:
        return f"{self._summary()}\n{self.report}"

    def _summary(self) -> str:
        applied = sum(change.applied for change in self.changes)
        verified = self.verification.method if not applied else "verified" if self.verification.passed else "not verified"
        return f"{applied} rewrite{'' if applied == 1 else 's'} applied, {verified}"

    def _repr_html_(self) -> str:
        """What a notebook shows: the rewrites that were applied, with their numbers, above the report."""
        from graphfix.report.notebook import changes_html, html

        return changes_html([change.to_json() for change in self.changes]) + html(self.report.results)


@dataclass(frozen=True, slots=True)
class Paths:
    """All conversion paths of one model to its targets, by exporter and by the rewrites that they need."""

    found: ConversionPaths

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets, in the order asked for."""
        return self.found.targets

    @property
    def reached(self) -> list[str]:
        """The targets that at least one path reaches."""
        return self.found.reached

    def best(self, target: str) -> ConversionPath:
        """Return the path to a target that needs least; it may not reach the target."""
        return self.found.best(target)

    def to_json(self) -> dict[str, Any]:
        """All paths as `graphfix paths --output-format json` has them."""
        return self.found.to_json()

    def __repr__(self) -> str:
        ways = ", ".join(f"{target} {self.best(target).means.value}" for target in self.targets)
        return f"<Paths: {len(self.reached)} of {len(self.targets)} targets reached; {ways}>"

    def __str__(self) -> str:
        from graphfix.report.paths_text import render_paths

        out = io.StringIO()
        render_paths(self.found, out)
        return out.getvalue()

    def _repr_html_(self) -> str:
        """What a notebook shows: a row per exporter, a column per target."""
        from graphfix.report.notebook import paths_html

        return paths_html(self.found)


def verdict_by(result: Result) -> str:
    """Return a result in a few words: the verdict, the target, and the number of errors."""
    errors = sum(finding.severity.weight == 3 for finding in result.findings)
    counted = f" ({errors} error{'' if errors == 1 else 's'})" if errors else ""
    return f"{result.verdict or 'no verdict'} by {result.judge}{counted}"
