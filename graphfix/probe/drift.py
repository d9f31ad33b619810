"""Drift: measure recorded probes again, and report those whose verdict differs from the evidence."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphfix.backends.base import backend
from graphfix.backends.connect import open_backend
from graphfix.backends.session import Session
from graphfix.errors import UsageError
from graphfix.probe.build import Probe, probes
from graphfix.probe.choice import distinct, for_target
from graphfix.probe.forms import forms
from graphfix.probe.limits import limit_probes
from graphfix.probe.measure import Evidence, measure
from graphfix.probe.recipe import variants_of
from graphfix.probe.refusal import Fault, FaultError
from graphfix.probe.run import chosen, differs
from graphfix.probe.write import read_archive
from graphfix.tables.versions import tables_folder

Key = tuple[str, str]
"""A probe's operator and digest."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One probe whose verdict differs from the evidence."""

    was: Evidence
    now: Evidence

    def __str__(self) -> str:
        words = f': "{self.now.said}"' if self.now.said else ""
        return f"{self.now.op} ({self.now.label}): {_answer(self.was)} -> {_answer(self.now)}{words}"


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check.

    `asked` probes were measured, of `known` in the evidence; `missing` of the requested ones are no longer built by any
    form. `changed` are the operators whose tables would change in more than the compiler's messages; empty for a sample.
    """

    version: str
    asked: int
    known: int
    missing: int
    drifted: tuple[Drift, ...]
    changed: tuple[str, ...]


def check(
    target: str,
    ops: Sequence[str] = (),
    *,
    python: str | None = None,
    home: Path | None = None,
    sample: int | None = None,
    seed: int = 0,
    report: Callable[[str], None] | None = None,
) -> Checked:
    """Measure operators again, and compare with the evidence and the tables; nothing is written.

    `sample` is the number of recorded probes to measure, drawn with `seed`; without it all of them are measured, and those
    that forms have gained since. A probe that seems to have drifted is measured again, and counts only if it differs again.

    Raises:
        UsageError: an unknown target or operator, or no evidence to compare with.
        BackendError: the compiler is not there.
        FaultError: probes that could not be built, once all others are asked.
    """
    names = chosen(ops)
    title = backend(target).name
    faults: list[Fault] = []
    asked, missing, drifted, changed = 0, 0, list[Drift](), list[str]()
    with open_backend(target, python=python) as session, tempfile.TemporaryDirectory(prefix="graphfix-check-") as scratch:
        folder = tables_folder(home) / target / session.version
        archive = {(row.op, row.digest): row for row in read_archive(folder) if row.op in names}
        if not archive:
            subject = f"{target} {session.version}" + (f" about {', '.join(ops)}" if ops else "")
            hint = f"measure it with `graphfix probe --target {target}@{session.version}`"
            raise UsageError(f"there is no evidence of {subject} to check against", hint=hint)
        wanted = set(archive) if sample is None else draw_sample(archive, sample, seed)
        for name in names:
            if sample is not None and not any(op == name for op, _ in wanted):
                continue
            made = probes(forms()[name])
            faults += made.faults
            limits = limit_probes(forms()[name], [row.label for row in archive.values() if row.op == name])
            variants = variants_of(row for row in archive.values() if row.op == name)
            whole = for_target(target, [*made.probes, *variants])
            built = [*whole, *for_target(target, limits)]
            fresh = [*distinct(whole), *for_target(target, limits)] if sample is None else []
            now = {(probe.op, probe.digest): probe for probe in fresh}
            asked_again = {(probe.op, probe.digest): probe for probe in built if (probe.op, probe.digest) in wanted} | now
            rows = measure(asked_again.values(), session, target, Path(scratch, f"{name}.jsonl"))
            asked += len(rows)
            missing += sum(op == name and (op, digest) not in asked_again for op, digest in wanted)
            drifted += _confirm(rows, archive, asked_again, session, target, Path(scratch, f"{name}.again.jsonl"))
            kept = [row for row in rows if (row.op, row.digest) in now]
            if kept and differs(folder, name, kept, f"{title} {session.version}", words=False):
                changed.append(name)
            if report is not None:
                report(f"{name}: {len(rows)} probes repeated")
        if faults:
            raise FaultError(faults)
        return Checked(session.version, asked, len(archive), missing, tuple(drifted), tuple(changed))


def draw_sample(archive: Iterable[Key], sample: int, seed: int) -> set[Key]:
    """Return a sample of the probes, the same for the same seed."""
    keys = sorted(archive)
    return set(random.Random(seed).sample(keys, min(sample, len(keys))))


def _confirm(
    rows: Iterable[Evidence],
    archive: Mapping[Key, Evidence],
    asked_again: Mapping[Key, Probe],
    session: Session,
    target: str,
    path: Path,
) -> list[Drift]:
    """The probes whose verdict differs twice: on a busy machine a deadline may be missed once."""
    suspects = [asked_again[row.op, row.digest] for row in rows if _differs(archive.get((row.op, row.digest)), row)]
    second = measure(suspects, session, target, path) if suspects else []
    return [Drift(archive[row.op, row.digest], row) for row in second if _differs(archive.get((row.op, row.digest)), row)]


def _differs(was: Evidence | None, now: Evidence) -> bool:
    """Whether the verdict or the stage differs; messages change with every release and are not compared."""
    return was is not None and (was.verdict, was.stage) != (now.verdict, now.stage)


def _answer(row: Evidence) -> str:
    return f"{row.verdict} at {row.stage}" if row.verdict in ("rejected", "elsewhere") else row.verdict
