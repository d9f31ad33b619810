"""Artifacts: which supported probes a compiler runs but cannot write to a file, and the tables that this distils to.

The tables are in the folder `artifact` in the folder of a version's tables (graphfix/tables/artifact.py), in the format
of support tables, where `rejects` are the forms that cannot be written.
"""

from __future__ import annotations

import datetime
import json
import lzma
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import onnx

from graphfix.analysis.facets.node import Facets
from graphfix.backends.base import backend
from graphfix.backends.connect import open_backend
from graphfix.backends.session import Session
from graphfix.errors import UsageError
from graphfix.probe.artifact_fixes import last_cause, measure_fixes, measure_fused
from graphfix.probe.build import Probe
from graphfix.probe.drift import draw_sample
from graphfix.probe.form import NUMBERS_ONLY
from graphfix.probe.graph_builder import SUPPORT_PREFIX
from graphfix.probe.measure import DEADLINE, QUOTED, Evidence
from graphfix.probe.placing import wanted
from graphfix.probe.refusal import Fault, FaultError
from graphfix.probe.run import chosen, claim, kept_answers
from graphfix.probe.survey import selected_probes
from graphfix.probe.write import entry, read_archive, text, write_atomically
from graphfix.tables.artifact import FOLDER
from graphfix.tables.conditions import holds
from graphfix.tables.placement import idle
from graphfix.tables.versions import tables_folder

ANSWERS = "artifacts.jsonl.xz"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Artifact:
    """What came of writing one supported probe: `said` is empty where a file was written, else the compiler's message.

    It is None where the answer says nothing about the probe's node: the probe was not accepted, or another node is named.
    """

    op: str
    digest: str
    said: str | None

    def line(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a run: the numbers of probes asked and of those that cannot be written, and the tables that changed.

    For a check, `moved` says which probes answer otherwise than recorded, and `changed` is empty.
    """

    version: str
    asked: int
    unwritten: int
    changed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()


def measure_artifacts(
    target: str,
    ops: Sequence[str] = (),
    *,
    python: str | None = None,
    home: Path | None = None,
    evidence: Path | None = None,
    report: Callable[[str], None] | None = None,
) -> Written:
    """Write an artifact of every supported probe, and write the tables of what cannot be written.

    `python` is an interpreter that has the compiler, `home` the folder of the tables, `evidence` a folder that keeps one
    compiler version's answers between runs, so that an interrupted run goes on.

    Raises:
        UsageError: an unknown target or operator, no evidence of supported probes, or a compiler that rejects what it
            cannot write.
        BackendError: the compiler is not there.
        FaultError: probes that could not be built, once all others are asked.
    """
    names = _names(target, ops)
    with kept_answers(evidence) as evidence, open_backend(target, python=python) as session:
        compiler = f"{target} {session.version}"
        claim(evidence, compiler)
        folder = tables_folder(home) / target / session.version
        archive = read_archive(folder)
        asked = {(row.op, row.digest) for row in writable(archive)}
        if not asked:
            hint = f"measure it with `graphfix probe --target {target}@{session.version}`"
            raise UsageError(f"there is no evidence of what {compiler} takes", hint=hint)
        rows: list[Artifact] = []
        faults: list[Fault] = []
        for name in names:
            path = evidence / f"{name}.jsonl"
            found = ask_artifacts(selected_probes(target, name, asked, faults), session, target, path)
            if any(row.said for row in found):  # a condition drawn from a sample would cover forms that can be written
                every = {(row.op, row.digest) for row in archive if row.op == name and _may_be_written(row)}
                found = ask_artifacts(selected_probes(target, name, every, []), session, target, path)
            rows += found
            if found and report is not None:
                report(f"{name}: {len(found)} probes, {sum(bool(row.said) for row in found)} cannot be written")
        known = [row for row in rows if row.said is not None]
        on = datetime.datetime.now(datetime.UTC).date().isoformat()
        changed = write_artifacts(folder, known, compiler, on)
        refused = {(row.op, row.digest) for row in known if row.said}
        unwritten: dict[str, dict[str, Facets]] = {}
        for one in archive:
            if (one.op, one.digest) in refused:
                unwritten.setdefault(one.op, {})[one.digest] = one.facets
        measure_fixes(target, folder, unwritten, session, report or (lambda _: None))
        if not ops:
            measure_fused(target, folder, compiler, on, session)
    if faults:
        raise FaultError(faults)
    return Written(session.version, len(known), len(refused), tuple(changed))


def check_artifacts(
    target: str,
    ops: Sequence[str] = (),
    *,
    python: str | None = None,
    home: Path | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> Written:
    """Write artifacts of recorded probes again, all of them or a sample drawn with `seed`; no table is written.

    Raises the errors of `measure_artifacts`, and UsageError where there is nothing to compare with.
    """
    names = _names(target, ops)
    with open_backend(target, python=python) as session, tempfile.TemporaryDirectory(prefix="graphfix-artifacts-") as scratch:
        rows = read_answers(tables_folder(home) / target / session.version)
        before = {(row.op, row.digest): row for row in rows if row.op in names}
        if not before:
            hint = f"measure it with `graphfix probe --target {target}@{session.version} --artifact`"
            raise UsageError(f"there is no evidence of what {target} {session.version} can write", hint=hint)
        again: set[Key] = set(before) if sample is None else draw_sample(before, sample, seed)
        moved, found, faults = list[str](), list[Artifact](), list[Fault]()
        for name in names:
            asked = list(selected_probes(target, name, again, faults))
            answers = ask_artifacts(asked, session, target, Path(scratch, f"{name}.jsonl"))
            found += answers
            for probe, row in zip(asked, answers, strict=True):
                if bool(before[row.op, row.digest].said) != bool(row.said):
                    moved.append(f"{row.op} ({probe.label}): {_in_words(before[row.op, row.digest])} -> {_in_words(row)}")
        if faults:
            raise FaultError(faults)
        return Written(session.version, len(found), sum(bool(row.said) for row in found), moved=tuple(moved))


def writable(rows: Iterable[Evidence]) -> list[Evidence]:
    """Return the probes to write first: those that would be placed (placing.py), and are in no subgraph."""
    return [row for row in wanted(rows) if _may_be_written(row)]


def _may_be_written(row: Evidence) -> bool:
    """Whether a probe is supported as it is, runs something, and is in no subgraph that may not be written."""
    plain = row.verdict in ("works", "wrong") and not row.aided and NUMBERS_ONLY not in row.varied
    return plain and row.facets.get("inside", "nothing") == "nothing" and not idle(row.facets)


def ask_artifacts(probes: Iterable[Probe], session: Session, target: str, path: Path) -> list[Artifact]:
    """Ask about every probe that is not in the file and append the answers; returns the answers for all probes."""
    known = {(row.op, row.digest): row for row in (_read_lines(path.read_text()) if path.exists() else ())}
    found = []
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="graphfix-artifact-") as folder, path.open("a") as sink:
        for probe in probes:
            row = known.get((probe.op, probe.digest))
            if row is None:
                row = _asked(probe, session, Path(folder) / f"out{backend(target).artifact}")
                sink.write(row.line() + "\n")
                sink.flush()
            found.append(row)
    return found


def _asked(probe: Probe, session: Session, output: Path) -> Artifact:
    model = output.with_name("probe.onnx")
    onnx.save(probe.model, model)
    output.unlink(missing_ok=True)
    verdict = session.ask(model, output=output, deadline=DEADLINE)
    if not verdict.accepted:
        return Artifact(probe.op, probe.digest, None)
    if output.exists():
        return Artifact(probe.op, probe.digest, "")
    beside = {node.op_type for node in probe.model.graph.node if node.name.startswith(SUPPORT_PREFIX)}
    named = SUPPORT_PREFIX in verdict.message or not (beside - {probe.op.rpartition(".")[2]}).isdisjoint(
        QUOTED.findall(verdict.message)
    )
    return Artifact(probe.op, probe.digest, None if named else last_cause(verdict.message) or "no file was written")


def write_artifacts(folder: Path, rows: Iterable[Artifact], compiler: str, on: str) -> list[str]:
    """Write the answers beside the tables of a version, and the tables distilled from them; returns the changed ones.

    The answers about other operators are kept.
    """
    fresh = list(rows)
    asked = {row.op for row in fresh}
    every = sorted([*(row for row in read_answers(folder) if row.op not in asked), *fresh], key=lambda r: (r.op, r.digest))
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    write_atomically(folder / ANSWERS, lzma.compress("".join(row.line() + "\n" for row in every).encode(), preset=6))
    said = {(row.op, row.digest): row.said or "" for row in fresh}
    by_op: dict[str, list[Evidence]] = {}
    for one in read_archive(folder):
        message = said.get((one.op, one.digest))
        if message is not None:
            verdict, stage = ("rejected", "write") if message else ("works", "ok")
            by_op.setdefault(one.op, []).append(replace(one, verdict=verdict, stage=stage, said=message, error=None))
    changed = []
    for name, evidence in by_op.items():
        path = folder / FOLDER / f"{name}.json"
        before = json.loads(path.read_text()) if path.exists() else {}
        data = entry(name, evidence, compiler, on)
        if data["rejects"]:
            data["rejects"] = without_redundant(data["rejects"], evidence)
        elif not data["exceptions"]:
            data["axes"] = {}
        if any(before.get(part) != json.loads(json.dumps(data[part])) for part in ("axes", "rejects", "exceptions")):
            changed.append(name)
        write_atomically(path, text(data).encode())
    return changed


def without_redundant(rules: Sequence[dict[str, Any]], rows: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return the rules without those whose probes the others cover, the ones about fewest probes being left out first."""
    kept = list(rules)
    refused = [row.facets for row in rows if row.verdict == "rejected"]
    for rule in sorted(rules, key=lambda rule: int(rule["probes"]["for"])):
        others = [other for other in kept if other is not rule]
        own = [facets for facets in refused if holds(rule["when"], facets)]
        if all(any(holds(other["when"], facets) for other in others) for facets in own):
            kept = others
    return kept


def read_answers(folder: Path) -> list[Artifact]:
    """Return the answers beside the tables of a version; none where they were not measured."""
    path = folder / ANSWERS
    return _read_lines(lzma.decompress(path.read_bytes()).decode()) if path.exists() else []


def _read_lines(lines: str) -> list[Artifact]:
    return [Artifact(**json.loads(line)) for line in lines.splitlines() if line]


def _names(target: str, ops: Sequence[str]) -> list[str]:
    """Return the operators to ask about; UsageError where the compiler takes no model that it cannot write."""
    if not backend(target).runs_unwritten:
        raise UsageError(f"{target} rejects what it cannot write, so its table says it already", hint="tract runs such models")
    return chosen(ops)


def _in_words(row: Artifact) -> str:
    return "written" if row.said == "" else f"not written: {row.said}" if row.said else "unclear"
