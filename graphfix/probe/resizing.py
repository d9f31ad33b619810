"""Resizing: which accepted probes run only at the size that a converter gives dynamic dims, and the tables of them.

The tables are in the folder `resized` in the folder of a version's tables (graphfix/tables/resized.py), in the format of
support tables, where `rejects` are the forms that fail at other sizes, and `wrong` those that compute something else there.
"""

from __future__ import annotations

import datetime
import json
import lzma
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import onnx

from graphfix.analysis.facets.attributes import Facet
from graphfix.analysis.facets.flattening import OPERATOR, flattening
from graphfix.analysis.facts import Facts
from graphfix.backends.base import backend
from graphfix.backends.connect import open_backend
from graphfix.backends.session import Session
from graphfix.errors import UsageError
from graphfix.probe.build import Probe
from graphfix.probe.expect import second_opinion
from graphfix.probe.form import NUMBERS_ONLY
from graphfix.probe.graph_builder import SUPPORT_PREFIX
from graphfix.probe.measure import DEADLINE, FILL, NO_EVIDENCE, NPZ_DTYPES, OWN_ERRORS, Evidence, stable_message
from graphfix.probe.refusal import Fault, FaultError
from graphfix.probe.resized_feeds import Sample, dynamic_inputs, resized_samples
from graphfix.probe.run import chosen, claim, kept_answers
from graphfix.probe.subject import subject_of
from graphfix.probe.survey import selected_probes
from graphfix.probe.write import entry, read_archive, text, write_atomically
from graphfix.tables.resized import FOLDER
from graphfix.tables.versions import tables_folder

ANSWERS = "resized.jsonl.xz"
"""The file of a folder of tables that holds the answers."""
STAGE = "resize"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of running one accepted probe at other sizes: works, wrong (by `error`) or fails, with the message.

    `result` is empty where the answer says nothing about the probe's node. `facets` are those that these tables alone have.
    """

    op: str
    digest: str
    result: str
    said: str = ""
    error: float | None = None
    facets: Mapping[str, Facet] = field(default_factory=dict)

    def line(self) -> str:
        """Return one line of JSON."""
        told = {name: value for name, value in asdict(self).items() if name != "facets" or value}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a run: the numbers of probes with an answer, of those that fail or are wrong, and the tables that changed."""

    version: str
    asked: int
    fails: int
    wrong: int
    changed: tuple[str, ...]


def measure_resized(
    target: str,
    ops: Sequence[str] = (),
    *,
    python: str | None = None,
    home: Path | None = None,
    evidence: Path | None = None,
    report: Callable[[str], None] | None = None,
) -> Outcome:
    """Run every accepted probe with dynamic dims at other sizes, and write the tables of those that do not run there.

    `python` is an interpreter that has the compiler, `home` the folder of the tables, `evidence` a folder that keeps one
    compiler version's answers between runs, so that an interrupted run goes on.

    Raises:
        UsageError: an unknown target or operator, no evidence of accepted probes, or a compiler whose models are not resized.
        BackendError: the compiler is not there.
        FaultError: probes that could not be built, once all others are asked.
    """
    if not backend(target).resizes:
        raise UsageError(f"{target} takes sizes when it compiles, or none", hint="tflite runs models at other sizes")
    names = chosen(ops)
    with kept_answers(evidence) as evidence, open_backend(target, python=python) as session:
        compiler = f"{target} {session.version}"
        claim(evidence, compiler)
        folder = tables_folder(home) / target / session.version
        accepted = {(row.op, row.digest): row for row in read_archive(folder) if _resizable(row)}
        if not accepted:
            hint = f"measure it with `graphfix probe --target {target}@{session.version}`"
            raise UsageError(f"there is no evidence of what {compiler} takes", hint=hint)
        rows: list[Answer] = []
        faults: list[Fault] = []
        for name in names:
            probes = [p for p in selected_probes(target, name, accepted, faults) if dynamic_inputs(p.model)]
            aided = {digest for (op, digest), row in accepted.items() if op == name and row.aided}
            found = ask_resized(probes, session, evidence / f"{name}.jsonl", aided)
            rows += found
            if found and report is not None:
                report(f"{name}: {len(found)} probes, {sum(row.result in ('fails', 'wrong') for row in found)} only at one size")
    on = datetime.datetime.now(datetime.UTC).date().isoformat()
    known = [row for row in rows if row.result]
    changed = write_resized(folder, known, compiler, on)
    if faults:
        raise FaultError(faults)
    fails, wrong = (sum(row.result == word for row in known) for word in ("fails", "wrong"))
    return Outcome(session.version, len(known), fails, wrong, tuple(changed))


def _resizable(row: Evidence) -> bool:
    """Whether a probe was accepted and computes what it should at the sizes that were tried."""
    return row.verdict == "works" and NUMBERS_ONLY not in row.varied


def ask_resized(probes: Iterable[Probe], session: Session, path: Path, aided: set[str]) -> list[Answer]:
    """Ask about every probe that is not in the file and append the answers; returns the answers for all probes.

    The optional simplifier runs first on the probes that are `aided`, by digest.
    """
    known = {(row.op, row.digest): row for row in (_read_lines(path.read_text()) if path.exists() else ())}
    found = []
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="graphfix-resized-") as folder, path.open("a") as sink:
        for probe in probes:
            row = known.get((probe.op, probe.digest))
            if row is None:
                row = replace(asked(probe, session, Path(folder), simplify=probe.digest in aided), facets=further_facets(probe))
                sink.write(row.line() + "\n")
                sink.flush()
            found.append(row)
    return found


def asked(probe: Probe, session: Session, folder: Path, *, simplify: bool) -> Answer:
    """Ask what an accepted probe computes at other sizes; where ONNX leaves the result open, either evaluator is right."""
    samples = resized_samples(probe)
    first = _asked(probe, samples, session, folder, simplify=simplify)
    if first.result == "wrong":
        others = [second_opinion(probe.model, sample.feeds, sample.wanted) for sample in samples]
        again = [Sample(s.feeds, s.wanted if other is None else other) for s, other in zip(samples, others, strict=True)]
        if any(other is not None for other in others):
            second = _asked(probe, again, session, folder, simplify=simplify)
            return second if second.result == "works" else first
    return first


def _asked(probe: Probe, samples: Sequence[Sample], session: Session, folder: Path, *, simplify: bool) -> Answer:
    model = folder / "probe.onnx"
    onnx.save(probe.model, model)
    files = []
    for place, sample in enumerate(samples):
        if any(array.dtype.name not in NPZ_DTYPES for array in (*sample.feeds.values(), *sample.wanted.values())):
            return Answer(probe.op, probe.digest, "")
        files.append(folder / f"resized{place}.npz")
        arrays = {f"in:{name}": array for name, array in sample.feeds.items()}
        np.savez(files[-1], **arrays, **{f"out:{name}": array for name, array in sample.wanted.items()})  # type: ignore[arg-type]
    if not files:
        return Answer(probe.op, probe.digest, "")
    verdict = session.ask(model, resized=files, deadline=DEADLINE, options={"onnxsim": simplify})
    found = verdict.resized
    if found is None or (found.result == "fails" and not _about_node(found.message, probe)):
        return Answer(probe.op, probe.digest, "")
    error = found.error if found.result == "wrong" and found.error is not None and np.isfinite(found.error) else None
    said = stable_message(found.message)
    return Answer(probe.op, probe.digest, found.result, said, None if error is None else float(f"{error:.3g}"))


def further_facets(probe: Probe) -> Mapping[str, Facet]:
    """Return the facets of a probe's node that only these tables have; none for most operators."""
    subject = subject_of(probe.op, Facts.of(probe.model)) if probe.op == OPERATOR else None
    return {} if subject is None else flattening(subject)


def _about_node(message: str, probe: Probe) -> bool:
    """Whether a failure is the runtime's own, and not of a node that only makes operands of the probe's node."""
    if OWN_ERRORS.match(message) or NO_EVIDENCE.match(message):
        return False
    fillers = [node for node in probe.model.graph.node if node.op_type == "ConstantOfShape"]
    return not (FILL in message and any(node.name.startswith(SUPPORT_PREFIX) for node in fillers))


def write_resized(folder: Path, rows: Iterable[Answer], compiler: str, on: str) -> list[str]:
    """Write the answers beside the tables of a version, and the tables distilled from them; returns the changed ones.

    The answers about other operators are kept.
    """
    fresh = list(rows)
    asked_about = {row.op for row in fresh}
    every = [*(row for row in read_answers(folder) if row.op not in asked_about), *fresh]
    every.sort(key=lambda row: (row.op, row.digest))
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    write_atomically(folder / ANSWERS, lzma.compress("".join(row.line() + "\n" for row in every).encode(), preset=6))
    answers = {(row.op, row.digest): row for row in fresh}
    by_op: dict[str, list[Evidence]] = {}
    for one in read_archive(folder):
        answer = answers.get((one.op, one.digest))
        if answer is not None:
            verdict = "rejected" if answer.result == "fails" else answer.result
            known = {**one.facets, **answer.facets}
            row = replace(one, verdict=verdict, stage=STAGE, said=answer.said, error=answer.error, aided=False, facets=known)
            by_op.setdefault(one.op, []).append(row)
    changed = []
    for name, evidence in by_op.items():
        path = folder / FOLDER / f"{name}.json"
        before = json.loads(path.read_text()) if path.exists() else {}
        data = entry(name, evidence, compiler, on)
        if not (data["rejects"] or data["wrong"] or data["exceptions"]):
            data["axes"] = {}
        if any(before.get(part) != json.loads(json.dumps(data[part])) for part in ("axes", "rejects", "wrong", "exceptions")):
            changed.append(name)
        write_atomically(path, text(data).encode())
    return changed


def read_answers(folder: Path) -> list[Answer]:
    """Return the answers beside the tables of a version; none where they were not measured."""
    path = folder / ANSWERS
    return _read_lines(lzma.decompress(path.read_bytes()).decode()) if path.exists() else []


def _read_lines(lines: str) -> list[Answer]:
    return [Answer(**json.loads(line)) for line in lines.splitlines() if line]
