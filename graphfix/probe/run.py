"""Measuring a compiler operator by operator, and writing its support tables."""

from __future__ import annotations

import contextlib
import datetime
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphfix.backends.base import backend
from graphfix.backends.connect import open_backend
from graphfix.errors import UsageError, nearest
from graphfix.probe.asked_elsewhere import asked_elsewhere, evidence_of_others
from graphfix.probe.fixed_by import add_fixes
from graphfix.probe.form import VARIANT
from graphfix.probe.forms import forms
from graphfix.probe.measure import Evidence, read_evidence
from graphfix.probe.parallel import Measured, OperatorMeasurer, measure_in_parallel
from graphfix.probe.refusal import Fault, FaultError
from graphfix.probe.trials import Trial, read_trials
from graphfix.probe.write import entry, read_archive, text, trials_of, write_atomically, write_evidence, write_table
from graphfix.tables.versions import tables_folder

Report = Callable[[str], None]
MARK = "compiler.txt"
"""The file in a folder of answers that names their compiler."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of measuring one operator; `changed` tells whether the table on disk differs."""

    op: str
    probes: int
    rejected: int
    wrong: int
    dropped: int
    changed: bool


def chosen(ops: Sequence[str]) -> list[str]:
    """Return the operators to measure, all of them by default; raises UsageError for an unknown one."""
    known = forms()
    for op in ops:
        if op not in known:
            raise UsageError(f"no form describes `{op}`", hint=nearest(op, known))
    return list(ops) or list(known)


def run(
    target: str,
    ops: Sequence[str] = (),
    *,
    python: str | None = None,
    home: Path | None = None,
    evidence: Path | None = None,
    report: Report | None = None,
    jobs: int = 1,
    cluster: str | None = None,
    only_new: bool = False,
    elsewhere: bool = False,
) -> list[Outcome]:
    """Measure operators against a compiler and write its tables.

    `python` is an interpreter that has the compiler. `home` is the folder of the tables; `evidence` a folder that keeps
    one compiler version's answers between runs, so that an interrupted run is continued. Tables and evidence of other
    operators are kept, and the variants that active probing added are measured again with the probes of the forms. `jobs`
    operators are measured at a time, each by a process of its own. `only_new` takes what the archive of this version has for
    the same models, with the facets that they have today, and asks about the others. `elsewhere` asks also about the variants
    that other targets were asked about.

    Raises:
        UsageError: an unknown target or operator, or evidence of another compiler version.
        BackendError: the compiler is not there.
        FaultError: probes that could not be built, once all others are measured and the tables are written.
    """
    names = chosen(ops)
    title = backend(target).name
    outcomes = []
    gathered: list[Evidence] = []
    faults: list[Fault] = []
    on = datetime.datetime.now(datetime.UTC).date().isoformat()
    with kept_answers(evidence) as evidence, open_backend(target, python=python) as session:
        compiler = f"{title} {session.version}"
        claim(evidence, compiler)
        folder = tables_folder(home) / target / session.version
        recorded: dict[str, list[Evidence]] = {name: [] for name in names}
        archive = [row for row in read_archive(folder) if row.op in recorded]
        for row in archive:
            if VARIANT in row.varied:
                recorded[row.op].append(row)
        if elsewhere:
            others = [row for row in evidence_of_others(target, tables_folder(home)) if row.op in recorded]
            for name in names:
                own, theirs = ([row for row in rows if row.op == name] for rows in (archive, others))
                recorded[name] += asked_elsewhere(target, own, theirs)
        if only_new:
            _take_answers(evidence, archive)
        measurer = OperatorMeasurer(session, target, evidence)
        found: Iterable[Measured] = (measurer.measured(name, recorded[name]) for name in names)
        if jobs > 1 or cluster is not None:
            found = measure_in_parallel(names, target, python, evidence, jobs, recorded, cluster)
        try:
            for one in found:
                faults += one.faults
                if not one.rows:
                    continue
                outcome = _outcome(one, folder, compiler)
                outcomes.append(outcome)
                gathered += one.rows
                write_table(folder, one.op, one.rows, compiler, on)
                if report is not None:
                    report(f"{one.op}: {outcome.probes} probes, {outcome.rejected} rejected, {outcome.wrong} wrong")
        finally:  # an interrupted run has written tables, so their evidence must be written too
            if gathered:
                write_evidence(folder, gathered)
    if faults:
        raise FaultError(faults)
    return outcomes


def _take_answers(evidence: Path, rows: Iterable[Evidence]) -> None:
    """Append recorded answers to the files of a run, which does not ask again what is in them."""
    by_op: dict[str, list[Evidence]] = {}
    for row in rows:
        by_op.setdefault(row.op, []).append(row)
    for name, known in by_op.items():
        path = evidence / f"{name}.jsonl"
        answered = {row.digest for row in read_evidence(path)}
        with path.open("a", encoding="utf-8") as sink:
            sink.writelines(row.line() + "\n" for row in known if row.digest not in answered)


@contextlib.contextmanager
def kept_answers(folder: Path | None) -> Iterator[Path]:
    """Yield a folder for a compiler's answers: the one that keeps them between runs, or one that is removed afterwards."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="graphfix-answers-") as scratch:
        yield Path(scratch)


def claim(folder: Path, compiler: str) -> None:
    """Mark a folder of answers with a compiler version; raises UsageError when it has answers of another one."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / MARK
    if not mark.exists():
        mark.write_text(compiler + "\n")
    elif (holder := mark.read_text().strip()) != compiler:
        raise UsageError(f"holds answers of {holder}, not of {compiler}", path=folder, hint="name another folder with --evidence")


def differs(folder: Path, name: str, rows: Sequence[Evidence], compiler: str, *, words: bool = True) -> bool:
    """Whether the table distilled from the evidence differs from the one in the folder of tables.

    Without `words` the messages of the compiler, which hold paths and addresses, are not compared.
    """
    path = folder / f"{name}.json"
    fresh = entry(name, rows, compiler, "", trials_of(folder, name))
    known = json.loads(path.read_text()) if path.exists() else {}
    parts = ("axes", "rejects", "wrong", "exceptions")
    told = json.loads(json.dumps(fresh))
    if words:
        return any(known.get(part) != told[part] for part in parts)
    return any(_without_words(known.get(part)) != _without_words(told[part]) for part in parts)


def _without_words(part: Any) -> Any:
    """One part of a table without what the compiler said."""
    if isinstance(part, list):
        return [{key: value for key, value in rule.items() if key != "said"} for rule in part]
    return part


def _outcome(one: Measured, folder: Path, compiler: str) -> Outcome:
    count = {word: sum(row.verdict == word for row in one.rows) for word in ("rejected", "wrong")}
    changed = differs(folder, one.op, one.rows, compiler)
    return Outcome(one.op, len(one.rows), count["rejected"], count["wrong"], one.dropped, changed)


def redistil(target: str, version: str, *, home: Path | None = None) -> int:
    """Write the tables of one version again from the evidence beside them; returns their number."""
    folder = tables_folder(home) / target / version
    groups: dict[str, list[Evidence]] = {}
    for row in read_archive(folder):
        groups.setdefault(row.op, []).append(row)
    for name, rows in groups.items():
        path = folder / f"{name}.json"
        on = json.loads(path.read_text())["measured"]["on"] if path.exists() else datetime.date.today().isoformat()
        write_table(folder, name, rows, f"{target} {version}", on)
    return len(groups)


def rewrite_fixes(folder: Path, evidence: Mapping[str, Sequence[Evidence]], ops: Sequence[str]) -> None:
    """Write the measured fixes of operators into their tables again; `evidence` is by operator."""
    trials: dict[str, dict[str, Trial]] = {}
    for (op, digest), trial in read_trials(folder).items():
        trials.setdefault(op, {})[digest] = trial
    for op in ops:
        path = folder / f"{op}.json"
        if path.exists():
            table = json.loads(path.read_text())
            add_fixes(table, evidence[op], trials.get(op, {}))
            write_atomically(path, text(table).encode())
