"""Measuring fixes: which rewrites make a compiler accept the probes of each entry that it refused or computed wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graphfix.analysis.facts import Facts
from graphfix.analysis.surroundings import surroundings
from graphfix.backends.base import backend
from graphfix.backends.connect import open_backend
from graphfix.backends.session import Session
from graphfix.probe.build import Probe, probes
from graphfix.probe.choice import for_target
from graphfix.probe.fix_contexts import in_context
from graphfix.probe.fix_trials import try_fix
from graphfix.probe.fixed_by import LISTS, grouped, rows_in_context
from graphfix.probe.forms import forms
from graphfix.probe.limits import limit_probes
from graphfix.probe.measure import Evidence
from graphfix.probe.parallel import in_worker, worker_pool
from graphfix.probe.recipe import variants_of
from graphfix.probe.run import chosen, claim, rewrite_fixes
from graphfix.probe.subject import NODE
from graphfix.probe.trials import Trial, parse_trial
from graphfix.probe.write import read_archive, write_trials
from graphfix.tables.entry import Entry
from graphfix.tables.versions import tables_folder

SAMPLE = 6
"""The probes of an entry that are tried first."""
MOST = 30
"""The probes of an entry that are tried where the first ones were not all fixed by the same rewrites."""


@dataclass(frozen=True, slots=True)
class FixOutcome:
    """The result of measuring the fixes of one compiler version."""

    version: str
    tried: int
    fixed: int


def try_fixes(session: Session, op: str, target: str, folder: Path, answers: Path, rows: Sequence[Evidence]) -> list[Trial]:
    """Try to fix a sample of the refused probes of every entry of one operator; answers in the file are not asked again."""
    path = folder / f"{op}.json"
    if not path.exists():
        return []
    entry = Entry.read(path)
    built = {probe.digest: probe for probe in refused_alone(op, target, rows)}
    among = {probe.digest: probe for probe in refused_in_context(op, target, entry)}
    every = [*rows, *rows_in_context(Trial(op, digest, "", facets=probe.facets) for digest, probe in among.items())]
    groups = grouped({"rejects": [e.when for e in entry.rejects], "wrong": [e.when for e in entry.wrong]}, every)
    built |= among
    pool = {group: [built[row.digest] for row in found if row.digest in built] for group, found in groups.items()}
    pool = {group: found for group, found in pool.items() if found}
    known = {t.digest: t for t in map(parse_trial, answers.read_text().splitlines())} if answers.exists() else {}
    with answers.open("a") as sink:

        def ask(probe: Probe) -> Trial:
            if probe.digest not in known:
                trial = try_fix(probe, session, target, folder.parent.parent)
                known[probe.digest] = replace(trial, facets=probe.facets) if probe.digest in among else trial
                sink.write(known[probe.digest].line() + "\n")
                sink.flush()
            return known[probe.digest]

        for probes_of in pool.values():
            order = varied_order(probes_of)
            results = {(trial.result, trial.main) for trial in map(ask, order[:SAMPLE])}
            if len(results) > 1:
                for probe in order[SAMPLE:]:
                    ask(probe)
            for probe in probes_of:
                if probe.digest in among:
                    ask(probe)
    return [known[digest] for group in pool.values() for digest in dict.fromkeys(p.digest for p in group) if digest in known]


def measure_fixes(
    target: str,
    ops: Sequence[str] = (),
    *,
    python: str | None = None,
    home: Path | None = None,
    answers: Path,
    report: Callable[[str], None] | None = None,
    jobs: int = 1,
    cluster: str | None = None,
) -> FixOutcome:
    """Measure the fixes of operators, by their tables and evidence, and write them into the tables.

    `answers` is a folder that keeps the answers, so that an interrupted run is continued. `jobs` operators are measured at
    a time, each by a process of its own. Raises UsageError and BackendError as `probe.run.run` does.
    """
    names = chosen(ops)
    with open_backend(target, python=python) as session:
        version = session.version
        claim(answers, f"{backend(target).name} {version}")
        folder = tables_folder(home) / target / version
        evidence: dict[str, list[Evidence]] = {}
        for row in read_archive(folder):
            evidence.setdefault(row.op, []).append(row)
        names = [name for name in names if any(row.verdict in LISTS for row in evidence.get(name, ()))]
        work = [(name, target, folder, answers / f"{name}.jsonl", evidence[name]) for name in names]
        trials: list[Trial] = []
        if jobs > 1 or cluster is not None:
            with worker_pool(jobs, target, python, cluster) as pool:
                trials = _gathered(names, pool.map(_in_worker, work), report)
        else:
            trials = _gathered(names, (try_fixes(session, *one) for one in work), report)
    write_trials(folder, trials, chosen(ops))
    rewrite_fixes(folder, evidence, names)
    return FixOutcome(version, len(trials), sum(trial.result == "fixed" for trial in trials))


def refused_alone(op: str, target: str, rows: Iterable[Evidence]) -> list[Probe]:
    """Return the probes of an operator, among them the variants and the sizes at a limit that the evidence says were refused."""
    refused = [row for row in rows if row.op == op and row.verdict in LISTS]
    limits = limit_probes(forms()[op], [row.label for row in refused])
    return for_target(target, [*probes(forms()[op]).probes, *variants_of(refused), *limits])


def refused_in_context(op: str, target: str, entry: Entry) -> list[Probe]:
    """Return the models with a node of the operator among others that the table refuses, or leaves undecided by some entry."""
    found = []
    for probe in for_target(target, probes(in_context(op)).probes):
        facts = Facts.of(probe.model)
        node = next(node for node in facts.nodes if node.proto.name == NODE)
        ruling = entry.rule(probe.facets)
        if ruling.verdict in ("rejected", "undecided") and ruling.evidence is not None:
            found.append(replace(probe, facets={**probe.facets, **surroundings(node, facts)}))
    return found


def varied_order(found: Sequence[Probe]) -> list[Probe]:
    """Return probes in an order in which each next one has the most facet values that none before it has.

    The first is the one that varies least; ties are decided by the digest, so that the order is always the same.
    """
    rest = sorted(found, key=lambda probe: (len(probe.varied), probe.digest))
    order, seen = [rest.pop(0)], set[tuple[str, str]]()
    values = {probe.digest: {(name, repr(value)) for name, value in probe.facets.items()} for probe in found}
    while rest and len(order) < MOST:
        seen |= values[order[-1].digest]
        order.append(rest.pop(max(range(len(rest)), key=lambda i: (len(values[rest[i].digest] - seen), -i))))
    return order


def _in_worker(work: tuple[str, str, Path, Path, Sequence[Evidence]]) -> list[Trial]:
    """Try fixes with the session of this worker process."""
    return try_fixes(in_worker(), *work)


def _gathered(names: Sequence[str], found: Iterable[list[Trial]], report: Callable[[str], None] | None) -> list[Trial]:
    """Return all trials, and report the counts of each operator."""
    trials = []
    for name, some in zip(names, found, strict=True):
        trials += some
        if report is not None and some:
            report(f"{name}: {sum(trial.result == 'fixed' for trial in some)} of {len(some)} rejected probes fixed")
    return trials
