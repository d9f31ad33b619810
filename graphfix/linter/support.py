"""What the tables say about an operator, by compiler version: the verdict, the conditions, the evidence and the rewrites."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from graphfix.errors import UsageError, nearest
from graphfix.ir.records import dataclass
from graphfix.linter.diagnostics import Fix
from graphfix.tables.compiler_words import compiler_words
from graphfix.tables.entry import NEUTRAL, Entry
from graphfix.tables.evidence import AT_READ, Evidence
from graphfix.tables.phrases import condition_in_words, facet_order, facet_title, following, values_in_words
from graphfix.tables.placement import SORTS, placements
from graphfix.tables.table import Table
from graphfix.tables.versions import EVERY, canonical_target, groups, measured_versions, targets

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets
    from graphfix.tables.conditions import Condition

Verdict = Literal["always", "conditions", "rejected", "unmeasured"]
VERDICTS: dict[Verdict, str] = {
    "always": "always", "conditions": "with conditions", "rejected": "rejected", "unmeasured": "not measured",
}  # fmt: skip
"""Verdicts on an operator, and their names in reports."""
FOLDABLE = "foldable"
"""The facet that says whether all operands of a node are constant."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One measured behaviour of a compiler: it rejects an operator, computes it `wrong`, an `exception`, or a `fallback`.

    `words` state the condition, and are empty where it holds in every form; an exception is a single form that was
    rejected. A fallback runs a supported node more slowly; the stage of its evidence is the sort of fallback.
    """

    sort: Literal["rejects", "wrong", "exception", "fallback"]
    words: str
    evidence: Evidence
    fix: Fix | None


@dataclass(frozen=True, slots=True)
class Support:
    """What one table says about one operator; `entry` is None where the operator was never measured."""

    name: str
    table: Table
    entry: Entry | None

    @property
    def verdict(self) -> Verdict:
        """Supported in every probed form, in some of them or with wrong numerics, in none, or never probed."""
        if self.entry is None:
            return "unmeasured"
        if any(not evidence.when or self._only_constant_supported(evidence) for evidence in self.entry.rejects):
            return "rejected"
        return "conditions" if self.entry.rejects or self.entry.wrong or self.entry.exceptions else "always"

    def _only_constant_supported(self, evidence: Evidence) -> bool:
        """Whether a rejection leaves only nodes whose operands are all constant, which are folded and never compiled."""
        assert self.entry is not None
        if set(evidence.when) != {FOLDABLE} or evidence.opposes:
            return False
        listed = evidence.when[FOLDABLE]
        return isinstance(listed, list) and self.entry.axes.get(FOLDABLE, frozenset()) - set(listed) == {True}

    @property
    def conditions(self) -> int:
        """The number of conditions under which the operator is not supported; 0 for any verdict but `conditions`."""
        return len(self.statements) if self.verdict == "conditions" else 0

    @property
    def label(self) -> str:
        """The verdict in words, with the number of conditions; every matrix, in a terminal or on a page, shows this."""
        if self.verdict != "conditions":
            return VERDICTS[self.verdict]
        return f"{self.conditions} condition{'' if self.conditions == 1 else 's'}"

    @property
    def statements(self) -> list[Statement]:
        """The measured statements, rejections first."""
        if self.entry is None:
            return []
        found = [self._statement("rejects", e, e.when) for e in self.entry.rejects]
        found += [self._statement("wrong", e, e.when) for e in self.entry.wrong]
        for facets, verdict, stage, said in self.entry.exceptions:
            if verdict == "rejected":
                single = Evidence("exception", "form", facets, stage, said, 1, 0)
                found.append(self._statement("exception", single, distinguishing_facets(facets, self.entry)))
        return found

    def _statement(self, sort: Literal["rejects", "wrong", "exception"], evidence: Evidence, when: Condition) -> Statement:
        """Return the statement of a piece of evidence: its condition in words, and the rewrite that fixes it."""
        assert self.entry is not None
        words = condition_in_words(when) or ("the usual form" if sort == "exception" else "")
        best = next(iter(evidence.fixed_by), None)
        fix = None if best is None else Fix(best.name, best.safety, best.rewrites, best.fixed, best.of)
        return Statement(sort, words, evidence, fix)

    @property
    def placed(self) -> Entry | None:
        """The entry about which implementation runs the operator; None where that was not measured."""
        known = placements(self.table)
        return None if known is None or self.entry is None else known.entry(self.entry.op, self.entry.domain)

    @property
    def slow(self) -> list[Statement]:
        """The conditions under which the compiler falls back; empty as well where that was not measured."""
        entry = self.placed
        if entry is None:
            return []
        single = [
            (facets, Evidence("exception", "form", facets, stage, said, 1, 0)) for facets, _, stage, said in entry.exceptions
        ]
        exceptions = [
            (condition_in_words(distinguishing_facets(facets, entry)) or "the usual form", evidence)
            for facets, evidence in single
        ]
        every = [(condition_in_words(e.when), e) for e in entry.rejects] + exceptions
        return [Statement("fallback", words, evidence, None) for words, evidence in every]

    @property
    def tried(self) -> dict[str, list[str]]:
        """What was varied, in words, and the values that were probed."""
        axes = self.entry.axes if self.entry is not None else {}
        found: dict[str, list[str]] = {}
        for name, values in axes.items():
            if len(values) > 1:
                ordered = sorted((value for value in values if value is not None), key=facet_order)
                found.setdefault(facet_title(name), []).extend(values_in_words(name, ordered))
        return {title or "others": list(dict.fromkeys(found[title])) for title in sorted(found, key=lambda title: not title)}


def distinguishing_facets(facets: Facets, entry: Entry) -> Condition:
    """Return the facets of one form that are in use and that had other values in other probes, as a condition."""
    return {
        name: [value]
        for name, value in facets.items()
        if value not in NEUTRAL and value is not None and len(entry.axes.get(name, ())) > 1
    }


@functools.cache
def _code(kind: str) -> str:
    """The code of the finding that a rejection of this kind becomes."""
    from graphfix.linter.check import TableCheck, checks

    return next((check.code for check in checks() if isinstance(check, TableCheck) and kind in check.kinds), "")


def tables(wanted: Sequence[str] = (), *, every: bool = False, home: Path | None = None) -> list[Table]:
    """Open the tables of the wanted targets: one for `T@VERSION`, all versions for `T`.

    Without wanted targets the newest table of every target but previews is opened, or with `every` all of theirs.
    """
    found: list[Table] = []
    for name in map(canonical_target, wanted or groups(home=home)[EVERY]):
        if "@" in name or name not in targets(home=home) or not (wanted or every):
            found.append(Table.open(name, home=home))
        else:
            versions = measured_versions(name, home=home)[::-1]
            found.extend(Table.open(f"{name}@{version}", home=home) for version in versions)
    return list({(table.target, table.version): table for table in found}.values())


def operators(among: Iterable[Table]) -> list[str]:
    """Return the names of all operators in the tables, those of ONNX itself first."""
    files = (name for table in among for name in os.listdir(table.folder))
    names = {name.removesuffix(".json") for name in files if name.endswith(".json")}
    return sorted(names, key=lambda name: (name.startswith("@"), name.rpartition(".")[0], name.lower()))


def named(op: str, known: Sequence[str]) -> list[str]:
    """Return the operators that a word names: one by its full name, else those of that name in any domain, case ignored."""
    if op in known:
        return [op]
    found = [name for name in known if name.lower() == op.lower() or name.rpartition(".")[2].lower() == op.lower()]
    if not found:
        raise UsageError(f"no compiler was asked about an operator `{op}`", hint=nearest(op, known))
    return found


def support(name: str, table: Table) -> Support:
    """Return what a table says about an operator by its full name, such as `Resize` or `com.microsoft.Gelu`."""
    domain, _, op = name.rpartition(".")
    return Support(name, table, table.entry(op, domain))


def support_lines(found: Support) -> Iterator[str]:
    """Render everything that a table says about an operator, line by line."""
    entry = found.entry
    if entry is None:
        yield f"{found.name} on {found.table.title}: not measured"
        return
    yield f"{found.name} on {found.table.title}: {entry.probes} probes of {entry.compiler}, measured {entry.on}"
    if found.verdict == "always":
        yield "  takes it in every form that was tried"
    leads = {"rejects": "rejects", "wrong": "computes something else", "exception": "rejects one form"}
    for statement in found.statements:
        evidence = statement.evidence
        unread = "gives an output that cannot be read" if evidence.stage == AT_READ else "fails when it runs"
        lead = unread if statement.sort == "wrong" and evidence.fails else leads[statement.sort]
        counts = f"{evidence.supports} probe{'s' if evidence.supports != 1 else ''}"
        counts += f", {evidence.opposes} against" if evidence.opposes else ""
        counts += f", error {evidence.error:.2g}" if evidence.error is not None else ""
        when = statement.words or ("it in every form" if statement.sort == "rejects" else "in every form")
        yield f"  {lead}{':' if statement.words else ''} {when}  ({evidence.id}; {counts})"
        if evidence.said:
            yield f'      {evidence.stage}: "{compiler_words(evidence.said)}"'
        yield from (f"      fix: {line}" for line in fix_lines(evidence))
    yield from _fallback_lines(found)
    yield from _artifact_lines(found)
    if found.tried:
        yield "  tried:"
        yield from (f"      {title}: {', '.join(values)}" for title, values in found.tried.items())


def fix_lines(evidence: Evidence) -> Iterator[str]:
    """Render the measured fixes of an entry: which rewrites, how safe, and how many of the probes they fixed."""
    for fix in evidence.fixed_by:
        when = following(condition_in_words(fix.when))
        yield f"{' + '.join(fix.rewrites)} ({fix.safety}) fixed {fix.fixed} of {fix.of} probe{'s' if fix.of != 1 else ''}{when}"
    if evidence.tried and not evidence.fixed_by:
        yield f"no rewrite fixed any of {evidence.tried} probes" if evidence.tried > 1 else "no rewrite fixed the probe tried"


def _fallback_lines(found: Support) -> Iterator[str]:
    """Render the conditions under which a supported operator runs on a fallback, or that this was not measured."""
    if found.verdict == "rejected":
        return
    entry = found.placed
    if entry is None:
        why = f": {found.table.about.get('unplaced', '')}".rstrip(": .")
        yield f"  what runs it was not measured{why}"
        return
    if not found.slow:
        yield f"  runs on no fallback in any of the {entry.probes} forms asked about"
    for each in found.slow:
        evidence = each.evidence
        counts = f"{evidence.supports} of {entry.probes} probes asked"
        yield f"  runs {SORTS[evidence.stage]}: {each.words or 'in every form'}  ({evidence.id}; {counts})"
        yield f'      ran as: "{evidence.said}"'


def _artifact_lines(found: Support) -> Iterator[str]:
    """Render the conditions under which a supported operator cannot be written to the compiler's file."""
    from graphfix.tables.artifact import artifact_table, fixed_by

    known = artifact_table(found.table) if found.verdict != "rejected" else None
    domain, _, op = found.name.rpartition(".")
    entry = known.entry(op, domain) if known is not None else None
    if known is None or entry is None:
        return
    if not (entry.rejects or entry.exceptions):
        yield f"  can be written to a file in all of the {entry.probes} forms asked about"
    for evidence in entry.rejects:
        counts = f"{evidence.supports} of {entry.probes} probes asked"
        words = condition_in_words(evidence.when) or "in every form"
        yield f"  cannot be written to a file: {words}  ({evidence.id}; {counts})"
        yield f'      {evidence.stage}: "{evidence.said}"'
        option, count = fixed_by(known, op, domain, evidence.id)
        if option:
            yield f"      helps: graphfix fix {option} ({count})"
