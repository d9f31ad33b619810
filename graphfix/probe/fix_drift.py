"""Drift of fixes: try recorded fixes again, and report those that end otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphfix.backends.connect import open_backend
from graphfix.probe.drift import draw_sample
from graphfix.probe.fix_measure import refused_alone, refused_in_context
from graphfix.probe.fix_trials import try_fix
from graphfix.probe.run import chosen
from graphfix.probe.trials import Trial, read_trials
from graphfix.probe.write import read_archive
from graphfix.tables.entry import Entry
from graphfix.tables.versions import tables_folder


@dataclass(frozen=True, slots=True)
class FixDrift:
    """One probe whose fix ends otherwise than recorded."""

    was: Trial
    now: Trial

    def __str__(self) -> str:
        return f"{self.now.op} ({self.now.digest}): {_answer(self.was)} -> {_answer(self.now)}"


@dataclass(frozen=True, slots=True)
class FixesChecked:
    """The result of a check: the fixes `tried` again, of `known` in the record, and those that end otherwise."""

    tried: int
    known: int
    drifted: tuple[FixDrift, ...]


def check_fixes(
    target: str,
    ops: Sequence[str] = (),
    *,
    python: str | None = None,
    home: Path | None = None,
    sample: int | None = None,
    seed: int = 0,
    report: Callable[[str], None] | None = None,
) -> FixesChecked:
    """Try recorded fixes of operators again, or a sample of them, and compare; nothing is written.

    A fix that seems to end otherwise is tried a second time. Raises UsageError and BackendError as `drift.check` does.
    """
    names = set(chosen(ops))
    drifted, tried = [], 0
    with open_backend(target, python=python) as session:
        folder = tables_folder(home) / target / session.version
        recorded = [row for row in read_archive(folder) if row.op in names]
        known = {key: trial for key, trial in read_trials(folder).items() if trial.op in names}
        wanted = set(known) if sample is None else draw_sample(known, sample, seed)
        for op in sorted({op for op, _ in wanted}):
            alone = refused_alone(op, target, [row for row in recorded if (row.op, row.digest) in wanted])
            built = {
                probe.digest: probe for probe in (*alone, *refused_in_context(op, target, Entry.read(folder / f"{op}.json")))
            }
            due = [built[digest] for name, digest in sorted(wanted) if name == op and digest in built]
            tried += len(due)
            for probe in due:
                was, now = known[op, probe.digest], try_fix(probe, session, target, home)
                if _differs(was, now) and _differs(was, now := try_fix(probe, session, target, home)):
                    drifted.append(FixDrift(was, now))
            if report is not None:
                report(f"{op}: {len(due)} fixes tried again")
    return FixesChecked(tried, len(known), tuple(drifted))


def _differs(was: Trial, now: Trial) -> bool:
    """Whether the result, the rewrites or their safety differ; messages change with every release and are not compared."""
    return (was.result, was.rewrites, was.safety) != (now.result, now.rewrites, now.safety)


def _answer(trial: Trial) -> str:
    return f"{trial.result} by {' + '.join(trial.rewrites)}" if trial.rewrites else trial.result
