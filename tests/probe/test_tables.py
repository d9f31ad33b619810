"""The measured tables: they parse, every rule has evidence, and the compilers still say the same."""

from __future__ import annotations

import functools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from graphfix.backends import toolchain
from graphfix.backends.connect import open_backend
from graphfix.errors import BackendError
from graphfix.probe.build import Probe, form_probe, probes
from graphfix.probe.choice import distinct
from graphfix.probe.distil import FEW, without_simplifier
from graphfix.probe.form import NUMBERS_ONLY, VARIANT, Form
from graphfix.probe.forms import forms
from graphfix.probe.measure import RUNS, Evidence, ask_probe
from graphfix.probe.naming import ORDER
from graphfix.probe.write import entry, read_archive, trials_of
from graphfix.tables.conditions import without_bounded
from graphfix.tables.entry import Entry
from graphfix.tables.floor import too_thin
from graphfix.tables.table import Table
from graphfix.tables.versions import derived_targets, measured_versions, newest_version, rules_home, targets, torch_targets

KINDS = {*ORDER, "operator"}
TARGETS = [f"{target}@{version}" for target in targets() for version in measured_versions(target)]


def folder(target: str) -> Path:
    return Table.open(target).folder


@pytest.mark.parametrize("target", TARGETS)
def test_tables_parse_and_every_rule_has_evidence_and_words(target: str) -> None:
    paths = sorted(folder(target).glob("*.json"))
    preview = Table.open(target).preview  # whose forms the facets do not all tell apart, which were made for other compilers
    assert len(paths) > 60
    for path in paths:
        found = Entry.read(path)
        assert found.probes > 0
        assert found.axes, path.name
        for rule in (*found.rejects, *found.wrong):
            assert rule.supports > 0, (path.name, rule.id)
            assert rule.opposes == 0 or found.active or preview, (path.name, rule.id)  # else probes with equal facets agree
            assert rule.kind in KINDS
            assert rule.stage
        assert all(rule.said for rule in found.rejects), path.name
        names = [rule.id for rule in found.rejects]
        assert len(names) == len(set(names)), path.name


KEPT = [
    pytest.param(name, marks=() if name.endswith(f"@{newest_version(name.partition('@')[0])}") else pytest.mark.slow)
    for name in TARGETS
]
"""The tables, those of older versions for when there is time."""
EVERY = [pytest.param(3, id="every third operator"), pytest.param(1, id="every operator", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=KEPT)
def kept(request: pytest.FixtureRequest) -> tuple[Table, list[Evidence]]:
    """A table with the evidence beside it, read once for all that is asked of it."""
    table = Table.open(request.param)
    return table, read_archive(table.folder)


def form_of(row: Evidence) -> tuple[str, str]:
    """The form that a row is about, whatever its sizes."""
    return row.op, repr(sorted(without_bounded(row.facets).items(), key=str))


@pytest.mark.parametrize("every", EVERY)
def test_rules_agree_with_the_evidence_kept_beside_them(kept: tuple[Table, list[Evidence]], every: int) -> None:
    table, archive = kept
    ops = set(sorted({row.op for row in archive})[::every])
    assert len(ops) > 80 or table.preview
    rows = [without_simplifier(row) for row in archive if row.op in ops]
    assert len(rows) > 5000 or table.preview
    keys = [(row.op, frozenset(row.facets.items()), *map(type, row.facets.values())) for row in rows]  # 0 is not False
    verdicts: dict[tuple[Any, ...], set[str]] = {}
    running = set()  # forms, whatever their sizes
    for row, key in zip(rows, keys, strict=True):
        verdicts.setdefault(key, set()).add(row.verdict)
        if row.verdict in RUNS:
            running.add(form_of(row))
    for row, key in zip(rows, keys, strict=True):
        if NUMBERS_ONLY in row.varied:  # numbers tried on purpose tell nothing of support
            continue
        if row.verdict == "elsewhere" or len(verdicts[key]) > 1 or None in row.facets.values():
            continue
        domain, _, op = row.op.rpartition(".")
        ruling = table.rule(op, domain, row.facets)
        if VARIANT in row.varied and row.verdict == "rejected" and form_of(row) in running and ruling.verdict == "supported":
            continue  # rejected for sizes that no entry tells apart yet, such as pads as large as a window of 1
        doubted = row.verdict == "rejected" or VARIANT in row.varied
        if doubted and ruling.verdict == "undecided" and ruling.evidence is not None:
            known = table.entry(op, domain)
            assert known is not None, row.op
            assert known.active, (row.op, row.label)
            assert too_thin(ruling.evidence.supports, ruling.evidence.opposes), (row.op, row.label)
            continue
        if VARIANT in row.varied and row.verdict != "rejected" and ruling.verdict == "rejected" and ruling.evidence is not None:
            assert 0 < ruling.evidence.opposes * FEW <= ruling.evidence.supports, (row.op, row.label)
            continue
        assert ruling.verdict == ("rejected" if row.verdict == "rejected" else "supported"), (row.op, row.label)


def test_tables_are_what_the_evidence_distils_to(kept: tuple[Table, list[Evidence]]) -> None:
    table, archive = kept
    rows = [row for row in archive if row.op in ("Relu", "Squeeze", "Conv")]
    for op in ("Relu", "Squeeze", "Conv"):
        stored = json.loads((table.folder / f"{op}.json").read_text())
        fresh = entry(op, [row for row in rows if row.op == op], "", "", trials_of(table.folder, op))
        for part in ("axes", "rejects", "wrong", "exceptions"):
            assert stored[part] == json.loads(json.dumps(fresh[part]))


@functools.cache
def usual_probes() -> dict[str, Probe]:
    """The probe of each operator's usual form."""
    first = {op: next((entry for entry in entries if isinstance(entry, Form)), None) for op, entries in forms().items()}
    built = {op: form_probe(form, {}, "usual", ()) for op, form in first.items() if form is not None}
    return {op: probe for op, probe in built.items() if probe is not None}


def test_the_usual_form_of_every_measured_operator_has_a_verdict(kept: tuple[Table, list[Evidence]]) -> None:
    """What a new facet says of the usual form has to be in every table, also in those of other versions and previews."""
    table, _ = kept
    unmeasured = []
    for name, probe in usual_probes().items():
        domain, _, op = name.rpartition(".")
        if table.entry(op, domain) is not None and (ruling := table.rule(op, domain, probe.facets)).verdict == "unmeasured":
            unmeasured.append((name, ruling.reason))
    assert unmeasured == []


@functools.cache
def sample(count: int) -> list[Probe]:
    """One probe each of some operators, built once for all targets."""
    chosen = ("Conv", "Squeeze", "Clip", "Resize", "Pad", "LSTM", "Reshape", "HardSigmoid", "MaxPool", "Concat")
    seeded = random.Random(7)
    return [seeded.choice(distinct(probes(forms()[op]).probes)) for op in chosen[:count]]


@pytest.mark.compiler
@pytest.mark.parametrize("target", TARGETS)
def test_compilers_still_say_what_the_tables_say(target: str, tmp_path: Path) -> None:
    name, _, version = target.partition("@")
    there = toolchain.find(name, version)
    if there is None:
        pytest.skip(f"{target} is not installed: graphfix backends install {target}")
    try:
        session = open_backend(name, python=there.python)
    except BackendError as error:
        pytest.skip(str(error))
    table = Table.open(target)
    with session:
        for probe in sample(10):
            found = without_simplifier(ask_probe(probe, session, name, tmp_path))
            ruling = table.rule(probe.op, "", probe.facets)
            if table.preview and ruling.verdict == "unmeasured":
                continue
            if found.verdict != "elsewhere" and None not in probe.facets.values():
                expected = "rejected" if found.verdict == "rejected" else "supported"
                assert ruling.verdict == expected, (probe.op, probe.label, found.said)


def test_the_home_of_the_tables_holds_every_target() -> None:
    measured = {name.partition("@")[0] for name in TARGETS}
    assert {path.parent.name for path in rules_home().glob("*/target.toml")} == measured | {*derived_targets(), *torch_targets()}
