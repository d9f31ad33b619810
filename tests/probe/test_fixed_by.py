"""Measured fixes: from trials to a table's entries, and what the tables that are shipped name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from graphfix.analysis.facts import Facts
from graphfix.analysis.recurrent_steps import STEPS
from graphfix.analysis.surroundings import surroundings
from graphfix.analysis.wide_chains import CHAIN
from graphfix.probe.build import probes
from graphfix.probe.fix_contexts import in_context
from graphfix.probe.fix_measure import refused_alone
from graphfix.probe.fix_trials import try_fix
from graphfix.probe.fixed_by import add_fixes, fixed_by, grouped
from graphfix.probe.measure import Evidence
from graphfix.probe.trials import Trial, parse_trial, read_trials
from graphfix.probe.write import read_archive
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Safety
from graphfix.tables.conditions import holds
from graphfix.tables.entry import Entry
from graphfix.tables.table import Table
from graphfix.tables.versions import measured_versions, targets

TABLES = [f"{target}@{version}" for target in targets() for version in measured_versions(target)]


def row(digest: str, **facets: Any) -> Evidence:
    return Evidence("Op", digest, digest, (), facets, "rejected", "compile", "no")


def trial(digest: str, result: str, *rewrites: str, safety: str = "exact") -> Trial:
    return Trial("Op", digest, result, rewrites[-1] if rewrites else "", rewrites, safety if rewrites else "")


def by_digest(*trials: Trial) -> dict[str, Trial]:
    return {trial.digest: trial for trial in trials}


def test_a_fix_of_every_probe_has_no_condition() -> None:
    rows = [row("a", rank=3), row("b", rank=4)]
    trials = by_digest(trial("a", "fixed", "fold-constants", "lift-vector"), trial("b", "fixed", "fold-constants", "lift-vector"))
    assert fixed_by(rows, trials) == [
        {"name": "lift-vector", "rewrites": ["fold-constants", "lift-vector"], "safety": "exact", "fixed": 2, "of": 2}
    ]


def test_fixes_of_some_probes_have_the_condition_that_tells_them_apart() -> None:
    rows = [row(f"a{i}", rank=3, mode="x") for i in range(3)] + [row(f"b{i}", rank=4, mode="x") for i in range(3)]
    trials = by_digest(*(trial(f"a{i}", "fixed", "lift-vector") for i in range(3)), *(trial(f"b{i}", "none") for i in range(3)))
    (fix,) = fixed_by(rows, trials)
    assert (fix["when"], fix["fixed"], fix["of"]) == ({"rank": {"not": [4]}}, 3, 3)


def test_a_rewrite_that_fails_more_often_than_it_helps_is_not_named() -> None:
    rows = [row(f"a{i}", rank=3) for i in range(5)]
    trials = by_digest(trial("a0", "fixed", "lift-vector"), *(trial(f"a{i}", "none") for i in range(1, 5)))
    assert fixed_by(rows, trials) == []


def test_of_several_rewrites_the_one_that_most_successes_share_is_named_and_sizes_before_all() -> None:
    rows = [row(f"a{i}", rank=3) for i in range(3)]
    both = ("explicit-initial-state", "unroll-recurrent")
    trials = by_digest(
        trial("a0", "fixed", "unroll-recurrent"), trial("a1", "fixed", "unroll-recurrent"), trial("a2", "fixed", *both)
    )
    assert [fix["name"] for fix in fixed_by(rows, trials)] == ["unroll-recurrent"]
    frozen = by_digest(*(trial(f"a{i}", "fixed", "freeze-dims", "unroll-recurrent", safety="interface") for i in range(3)))
    assert [(fix["name"], fix["safety"]) for fix in fixed_by(rows, frozen)] == [("freeze-dims", "interface")]


def test_a_rewrite_that_worked_alone_is_named_before_one_that_more_successes_share() -> None:
    rows = [row(f"a{i}", rank=3) for i in range(4)]
    with_more = (("explicit-initial-state", "split-bidirectional"), ("explicit-initial-state", "unroll-recurrent"))
    trials = by_digest(
        trial("a0", "fixed", *with_more[0]), trial("a1", "fixed", *with_more[1]), trial("a2", "fixed", *with_more[1]),
        trial("a3", "fixed", "unroll-recurrent"),
    )  # fmt: skip
    assert [fix["name"] for fix in fixed_by(rows, trials)] == ["unroll-recurrent"]


def test_recurrent_layers_of_many_steps_are_among_the_nodes_that_fixes_are_tried_on() -> None:
    (long,) = [probe for probe in probes(in_context("RNN")).probes if "reverse no state Y opset=17" in probe.label]
    facts = Facts.of(long.model)
    (node,) = [node for node in facts.nodes if node.op == "RNN"]
    assert surroundings(node, facts)[STEPS] == "many"


def test_a_fix_that_nothing_tells_apart_is_listed_with_its_count() -> None:
    rows = [row("a", rank=3), row("b", rank=3)]
    (fix,) = fixed_by(rows, by_digest(trial("a", "fixed", "lift-vector"), trial("b", "none")))
    assert (fix.get("when"), fix["fixed"], fix["of"]) == (None, 1, 2)


@pytest.mark.parametrize("result", ["none", "rejected", "wrong"])
def test_rewrites_that_fixed_nothing_are_not_named(result: str) -> None:
    table: dict[str, Any] = {"rejects": [{"when": {}}], "wrong": []}
    add_fixes(table, [row("a", rank=3)], by_digest(trial("a", result, "lift-vector")))
    assert table["rejects"] == [{"when": {}, "tried": 1, "fixed_by": []}]


def test_an_entry_without_trials_says_nothing_of_fixes() -> None:
    table: dict[str, Any] = {"rejects": [{"when": {}, "tried": 3, "fixed_by": []}], "wrong": []}
    add_fixes(table, [row("a", rank=3)], {})
    assert table["rejects"] == [{"when": {}}]


def test_a_probe_counts_for_the_first_entry_that_holds() -> None:
    groups = grouped({"rejects": [{"rank": [3]}, {}], "wrong": []}, [row("a", rank=3), row("b", rank=4)])
    assert {group: [r.digest for r in rows] for group, rows in groups.items()} == {("rejects", 0): ["a"], ("rejects", 1): ["b"]}


def test_a_trial_is_read_as_it_was_written() -> None:
    for one in (trial("a", "fixed", "x", "y"), trial("b", "none")):
        assert parse_trial(one.line()) == one


@pytest.mark.parametrize("name", TABLES)
def test_no_table_names_a_rewrite_without_a_count_of_probes_that_it_fixed(name: str) -> None:
    table = Table.open(name)
    trials = read_trials(table.folder)
    known, named = registry(), 0
    for path in sorted(table.folder.glob("*.json")):
        entry = Entry.read(path)
        full = f"{entry.domain}.{entry.op}" if entry.domain else entry.op
        fixed = [trial for (op, _), trial in trials.items() if op == full and trial.result == "fixed"]
        for evidence in (*entry.rejects, *entry.wrong):
            for fix in evidence.fixed_by:
                named += 1
                assert 1 <= fix.fixed <= fix.of <= evidence.tried, (path, evidence.id)
                assert set(fix.rewrites) <= known.keys(), (path, evidence.id)
                assert fix.name in fix.rewrites, (path, evidence.id)
                assert fix.safety == max((known[r].safety for r in fix.rewrites), key=lambda s: Safety(s).rank), (path, fix)
                assert sum(fix.name in t.rewrites for t in fixed) >= fix.fixed, (path, evidence.id)
    assert named > 100 or not trials


@pytest.mark.parametrize("name", [name for name in TABLES if read_trials(Table.open(name).folder)])
def test_fixes_in_the_tables_are_what_the_trials_distil_to(name: str) -> None:
    table = Table.open(name)
    trials = read_trials(table.folder)
    ops = {"Resize", "LSTM", "Slice", "ReduceSum", "If"} & {op for op, _ in trials}
    archive = [row for row in read_archive(table.folder) if row.op in ops]
    for op in ops:
        stored = json.loads((table.folder / f"{op}.json").read_text())
        fresh = json.loads(json.dumps(stored))
        add_fixes(fresh, [row for row in archive if row.op == op], {d: t for (o, d), t in trials.items() if o == op})
        assert json.loads(json.dumps(fresh)) == stored, op


def test_every_target_has_trials_of_its_newest_version() -> None:
    for target in targets():
        table = Table.open(target)
        assert len(read_trials(table.folder)) > 1000 or table.preview.endswith("; fixes were not tried"), target


def test_a_fix_is_named_only_where_its_condition_holds(tmp_path: Path) -> None:
    table = {
        "op": "Op", "domain": "", "measured": {"compiler": "c 1", "on": "", "probes": 2}, "axes": {"rank": [3, 4]},
        "rejects": [{
            "id": "r", "kind": "rank", "when": {}, "stage": "", "said": "", "probes": {"for": 2, "against": 0}, "tried": 2,
            "fixed_by": [{"name": "a", "rewrites": ["a"], "safety": "exact", "fixed": 1, "of": 1, "when": {"rank": [3]}}],
        }],
    }  # fmt: skip
    path = tmp_path / "Op.json"
    path.write_text(json.dumps(table))
    (evidence,) = Entry.read(path).rejects
    fixes = [evidence.fix({"rank": rank}) for rank in (3, 4)] + [evidence.fix({"rank": None})]
    assert [fix and fix.name for fix in fixes] == ["a", None, None]
    assert holds(evidence.when, {})


class Accepting:
    """A compiler that accepts everything; its version is one that was measured."""

    version = Table.open("tract").version

    def ask(self, *_: Any, **__: Any) -> Any:
        from graphfix.backends.verdict import Verdict

        return Verdict(True, "ok")


def test_a_trial_records_the_rewrite_of_the_probes_node_and_all_others() -> None:
    from graphfix.probe.build import probes
    from graphfix.probe.forms import forms

    table = Table.open("tract")
    known = {digest: t for (op, digest), t in read_trials(table.folder).items() if op == "Mod" and t.result == "fixed"}
    probe = next(p for p in probes(forms()["Mod"]).probes if p.digest in known)
    found = try_fix(probe, Accepting(), "tract")  # type: ignore[arg-type]
    assert (found.result, found.main, found.rewrites) == ("fixed", known[probe.digest].main, known[probe.digest].rewrites)


def test_a_variant_that_onnxruntime_cannot_run_says_nothing_of_fixes() -> None:
    from graphfix.probe.build import Probe
    from graphfix.probe.form import VARIANT

    text = """<ir_version: 8, opset_import: ["" : 14]> g (float[3,7,4] X) => (float[3,1,7,5] Y)
    <float[1,1,4] W = {1,1,1,1}, float[1,20,5] R = {%s}> { [probe] Y = LSTM<hidden_size = 5, input_forget = 1>(X, W, R) }"""
    model = onnx.parser.parse_model(text % ",".join("1" * 100))
    feeds = {"X": np.ones((3, 7, 4), "float32")}
    for varied, result in ((("input_forget",), "none"), (("input_forget", VARIANT), "unrun")):
        odd = Probe("LSTM", "", varied, model, {"input_forget": 1}, feeds)
        assert try_fix(odd, Accepting(), "tract").result == result  # type: ignore[arg-type]
    table: dict[str, Any] = {"rejects": [{"when": {}}], "wrong": []}
    rows = [row(name, input_forget=1) for name in ("a", "b", "c", "d", "e")]
    add_fixes(table, rows, by_digest(trial("a", "fixed", "unroll-recurrent"), *(trial(n, "unrun") for n in ("b", "c", "d", "e"))))
    assert (table["rejects"][0]["tried"], [fix["of"] for fix in table["rejects"][0]["fixed_by"]]) == (1, [1])


def test_sizes_at_a_limit_are_among_the_probes_that_fixes_are_tried_on() -> None:
    at = Evidence("MaxPool", "x", "limit of the window of two spatial dims: 317", (), {}, "rejected", "", "")
    labels = {probe.label for probe in refused_alone("MaxPool", "tensorrt", [at])}
    assert at.label in labels
    assert at.label not in {probe.label for probe in refused_alone("MaxPool", "tensorrt", [replace(at, verdict="supported")])}


def test_of_two_facets_that_tell_the_same_the_chain_of_wide_tensors_is_the_condition() -> None:
    rows = [row(f"a{i}", rank=6, **{"behind": "Reshape", CHAIN: "closed"}) for i in range(4)]
    rows += [row(f"b{i}", rank=6) for i in range(4)]
    trials = by_digest(*(trial(f"a{i}", "fixed", "narrow-rank") for i in range(4)), *(trial(f"b{i}", "none") for i in range(4)))
    assert [fix["when"] for fix in fixed_by(rows, trials)] == [{CHAIN: ["closed"]}]


def test_what_stands_around_a_node_is_told_even_where_several_rewrites_help_there() -> None:
    around = [row(f"a{i}", dims="static" if i < 3 else "batch", kernel="absent", before="Cast") for i in range(6)]
    alone = [row(f"b{i}", dims="static" if i < 6 else "batch", kernel="given") for i in range(12)]
    fixed = [trial(f"a{i}", "fixed", *(("lift-vector",) if i < 3 else ("freeze-dims", "lift-vector"))) for i in range(6)]
    found = fixed_by([*around, *alone], by_digest(*fixed, *(trial(f"b{i}", "none") for i in range(12))))
    assert {fix["name"]: fix["when"] for fix in found} == {
        "freeze-dims": {"before": ["Cast"], "dims": ["batch"]},
        "lift-vector": {"before": ["Cast"], "dims": {"not": ["batch"]}},
    }
