"""Which findings count: codes that are selected or ignored, changed severities, suppressions and the baseline.

The verdict comes from the table and does not change, whatever is silenced here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import field
from fnmatch import fnmatchcase

from graphfix.ir.records import dataclass
from graphfix.linter.baseline import REASON, Baseline
from graphfix.linter.codes import matches_any, selects
from graphfix.linter.config import Config, Suppression
from graphfix.linter.diagnostics import Finding, Result, Severity, SuppressedFinding
from graphfix.linter.outcomes import OUTCOMES, STALE, UNUSED, Outcome


@dataclass(slots=True)
class Policy:
    """One configuration applied to results in the order of their models.

    `shrinks` tells whether entries that are no longer found are removed from the baseline: only where models are judged
    with the settings' shapes and values, since a finding may go away because others were given on the command line.
    `update` replaces the baseline's entries with the present findings.
    """

    config: Config
    baseline: Baseline | None = None
    shrinks: bool = True
    update: bool = False
    used: set[Suppression] = field(default_factory=set)

    def apply(self, result: Result) -> None:
        """Remove the findings of one result that are not selected, set their severities, and silence suppressed ones."""
        if result.error is not None:
            return
        result.predicted = result.verdict
        if self.config.select or self.config.ignore or self.config.severity:
            result.findings = [self._graded(finding) for finding in result.findings if self._wanted(finding)]
        if self.config.severity:
            result.findings.sort(key=lambda finding: -finding.severity.weight)
        kept = []
        for finding in result.findings:
            found = next((item for item in self.config.suppress if self._suppresses(item, finding, result)), None)
            if found is not None:
                self.used.add(found)
                result.silenced.append(SuppressedFinding(finding, "settings", found.reason))
            else:
                kept.append(finding)
        result.findings = self._new(result, kept) if self.baseline is not None else kept

    def _new(self, result: Result, findings: list[Finding]) -> list[Finding]:
        """Return the findings that are not in the baseline, after updating or shrinking it."""
        assert self.baseline is not None
        if self.update:
            self.baseline.take(result, findings)
        known = self.baseline.known(result)
        prints = {finding.fingerprint for finding in findings}
        result.silenced += [
            SuppressedFinding(finding, "baseline", REASON) for finding in findings if finding.fingerprint in known
        ]
        kept = [finding for finding in findings if finding.fingerprint not in known]
        spared = {outcome.code for outcome in OUTCOMES} if result.compiler is None else set()
        stale = self.baseline.shrink(result, prints, spared) if self.shrinks else 0
        if stale:
            entries = f"{stale} entr{'ies' if stale != 1 else 'y'}"
            message = f"{entries} of {self.baseline.path.name} met no finding and left it; commit the file"
            kept += self._own(STALE, result, message)
        return kept

    def unused(self, result: Result, models: Sequence[str]) -> None:
        """Add a finding for every suppression that has silenced nothing, once its last model has been judged.

        `models` are those that are not judged yet.
        """
        if result.error is not None:
            return
        for item in self.config.suppress:
            if item in self.used or not self._in_scope(item, result) or any(self._means(item, model) for model in models):
                continue
            self.used.add(item)  # reported once only
            what = ", ".join(
                f"{key} {getattr(item, key)}" for key in ("code", "target", "model", "op", "node") if getattr(item, key)
            )
            message = f"the suppression of {what} ({item.reason}) silences nothing; delete it from {self.config.source}"
            result.findings += self._own(UNUSED, result, message)

    def _own(self, outcome: Outcome, result: Result, message: str) -> list[Finding]:
        """Return a finding about the settings themselves, unless they ignore it."""
        finding = Finding(outcome.code, outcome.name, outcome.severity, result.target, message, kind="settings")
        return [self._graded(finding)] if self._wanted(finding) else []

    def _wanted(self, finding: Finding) -> bool:
        if self.config.select and not matches_any(self.config.select, finding.code, finding.name):
            return False
        return not matches_any(self.config.ignore, finding.code, finding.name)

    def _graded(self, finding: Finding) -> Finding:
        """Return the finding with the severity of the longest word in the settings that selects it."""
        words = [word for word in self.config.severity if selects(word, finding.code, finding.name)]
        if not words:
            return finding
        return dataclasses.replace(finding, severity=Severity(self.config.severity[max(words, key=len)]))

    def _suppresses(self, item: Suppression, finding: Finding, result: Result) -> bool:
        if not selects(item.code, finding.code, finding.name) or not self._in_scope(item, result):
            return False
        if item.op and item.op != finding.op:
            return False
        path = " / ".join([*finding.scope, finding.node])
        return not item.node or fnmatchcase(finding.node, item.node) or fnmatchcase(path, item.node)

    def _in_scope(self, item: Suppression, result: Result) -> bool:
        return item.target in ("", result.target, result.called) and self._means(item, result.model)

    def _means(self, item: Suppression, model: str) -> bool:
        return not item.model or self.config.meets(item.model, model)
