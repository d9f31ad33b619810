"""Surveying: ask a compiler what runs the probes that it supports, and write the tables of its fallbacks."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphfix.backends.base import Fallback, backend
from graphfix.backends.connect import open_backend
from graphfix.errors import UsageError
from graphfix.probe.build import Probe, probes
from graphfix.probe.choice import for_target
from graphfix.probe.drift import draw_sample
from graphfix.probe.fallbacks import implementations_by_kind, read_placements, worst_fallback, write_fallbacks
from graphfix.probe.forms import forms
from graphfix.probe.placing import Placement, place, wanted
from graphfix.probe.refusal import Fault, FaultError
from graphfix.probe.run import chosen, claim, kept_answers
from graphfix.probe.write import read_archive
from graphfix.tables.versions import tables_folder

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Surveyed:
    """The result of a survey: the numbers of probes with a known placement, of those on a fallback, and of changed tables."""

    version: str
    placed: int
    on_fallback: int
    changed: int


@dataclass(frozen=True, slots=True)
class Moved:
    """One probe whose placement differs from the evidence."""

    op: str
    label: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.op} ({self.label}): ran as {self.was or 'nothing'} -> {self.now or 'nothing'}"


@dataclass(frozen=True, slots=True)
class Rechecked:
    """The result of a new survey of known probes: the numbers of asked and known probes, and those with another fallback."""

    version: str
    asked: int
    known: int
    moved: tuple[Moved, ...]


def survey(
    target: str,
    ops: Sequence[str] = (),
    *,
    python: str | None = None,
    home: Path | None = None,
    evidence: Path | None = None,
    report: Report | None = None,
) -> Surveyed:
    """Ask what runs the probes that are supported by the evidence, and write the tables of fallbacks.

    `python` is an interpreter that has the compiler, `home` the folder of the tables, `evidence` a folder that keeps one
    compiler version's answers between runs, so that an interrupted run goes on.

    Raises:
        UsageError: an unknown target or operator, no evidence of supported probes, or no report of placements.
        BackendError: the compiler is not there.
        FaultError: probes that could not be built, once all others are placed.
    """
    fallback, names = fallback_of(target), chosen(ops)
    with kept_answers(evidence) as evidence, open_backend(target, python=python) as session:
        compiler = f"{target} {session.version}"
        claim(evidence, compiler)
        folder = tables_folder(home) / target / session.version
        asked = {(row.op, row.digest) for row in wanted(read_archive(folder))}
        if not asked:
            hint = f"measure it with `graphfix probe --target {target}@{session.version}`"
            raise UsageError(f"there is no evidence of what {compiler} supports", hint=hint)
        rows: list[Placement] = []
        faults: list[Fault] = []
        for name in names:
            found = place(selected_probes(target, name, asked, faults), session, evidence / f"{name}.jsonl")
            rows += found
            if found and report is not None:
                report(f"{name}: {len(found)} probes placed")
    rows = [row for row in rows if row.ran is not None]
    on = datetime.datetime.now(datetime.UTC).date().isoformat()
    changed = write_fallbacks(folder, rows, fallback, compiler, on)
    if faults:
        raise FaultError(faults)
    known = implementations_by_kind(read_placements(folder))
    return Surveyed(session.version, len(rows), sum(bool(worst_fallback(row, fallback, known)[0]) for row in rows), changed)


def resurvey(
    target: str,
    ops: Sequence[str] = (),
    *,
    python: str | None = None,
    home: Path | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> Rechecked:
    """Ask again what runs the recorded probes, all of them or a sample drawn with `seed`; nothing is written.

    Raises:
        UsageError: an unknown target or operator, nothing to compare with, or a compiler that does not report placements.
        BackendError: the compiler is not there.
        FaultError: probes that could not be built, once all others are placed.
    """
    fallback, names = fallback_of(target), chosen(ops)
    with open_backend(target, python=python) as session, tempfile.TemporaryDirectory(prefix="graphfix-survey-") as scratch:
        rows = read_placements(tables_folder(home) / target / session.version)
        known = implementations_by_kind(rows)
        before = {(row.op, row.digest): row for row in rows if row.op in names}
        if not before:
            hint = f"measure it with `graphfix probe --target {target}@{session.version} --placement`"
            raise UsageError(f"there is no evidence of what {target} {session.version} runs nodes with", hint=hint)
        again = set(before) if sample is None else draw_sample(before, sample, seed)
        moved, asked, faults = list[Moved](), 0, list[Fault]()
        for name in names:
            wanted_now = list(selected_probes(target, name, again, faults))
            found = place(wanted_now, session, Path(scratch, f"{name}.jsonl"))
            asked += len(found)
            for probe, row in zip(wanted_now, found, strict=True):
                was = before[row.op, row.digest]
                if worst_fallback(was, fallback, known)[0] != worst_fallback(row, fallback, known)[0]:
                    moved.append(Moved(row.op, probe.label, ", ".join(was.ran or ()), ", ".join(row.ran or ())))
        if faults:
            raise FaultError(faults)
        return Rechecked(session.version, asked, len(before), tuple(moved))


def fallback_of(target: str) -> Fallback:
    """Return the function that classifies a compiler's fallbacks; UsageError where it does not report what runs a node."""
    found = backend(target).fallback
    if found is None:
        raise UsageError(f"{target} does not report what runs a node", hint="openvino and tflite do")
    return found


def selected_probes(target: str, name: str, asked: Iterable[tuple[str, str]], faults: list[Fault]) -> list[Probe]:
    """The probes of an operator that are asked about, as the target sees them; those that cannot be built go to `faults`."""
    digests = {digest for op, digest in asked if op == name}
    if not digests:
        return []
    made = probes(forms()[name])
    faults += made.faults
    return for_target(target, [probe for probe in made.probes if probe.digest in digests])
