"""Active probing: variants refute what was rejected by accident, confirm what is a law, and are built again from their labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import pytest

from graphfix.backends.toolchain import Toolchain
from graphfix.backends.verdict import Verdict
from graphfix.cli.app import main
from graphfix.errors import UsageError
from graphfix.probe import active_run, drift
from graphfix.probe import run as running
from graphfix.probe.active import deepened, unsure_entries
from graphfix.probe.active_run import probe_actively
from graphfix.probe.build import Probe
from graphfix.probe.distil import distil
from graphfix.probe.form import AGAIN, VARIANT
from graphfix.probe.measure import Evidence
from graphfix.probe.neighbours import changed
from graphfix.probe.recipe import recipe_of, recipes, variants_of
from graphfix.probe.write import read_archive
from graphfix.tables.entry import Entry
from graphfix.tables.floor import FLOOR
from graphfix.tables.target_facets import facets_for_target


class Compiler:
    """A compiler that rejects models with float64; `accidental` only those whose input has the sizes 2, 3 and 4."""

    version = "1.2.3"
    accidental = False

    def ask(self, model: Path, **_: Any) -> Verdict:
        for value in onnx.load(model).graph.input:
            kind = value.type.tensor_type
            sizes = [dim.dim_value for dim in kind.shape.dim]
            if kind.elem_type == onnx.TensorProto.DOUBLE and (not self.accidental or sizes == [2, 3, 4]):
                return Verdict(False, "convert", "no doubles here")
        return Verdict(True, "ok")


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> Compiler:
    found = Compiler()

    @contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Compiler]:
        yield found

    for module in (running, active_run, drift):
        monkeypatch.setattr(module, "open_backend", opened)
    monkeypatch.setattr("graphfix.backends.toolchain.find", lambda name, version=None: Toolchain("python", "1.2.3"))
    return found


def ruling(home: Path, op: str, dtype: str) -> Any:
    folder = home / "tract" / "1.2.3"
    usual = next(row.facets for row in read_archive(folder) if row.op == op and row.label == "usual")
    return Entry.read(folder / f"{op}.json").rule({**usual, "T": dtype})


def test_what_is_always_rejected_gets_as_many_probes_as_the_floor_wants(compiler: Compiler, tmp_path: Path) -> None:
    running.run("tract", ["Elu"], home=tmp_path)
    before = ruling(tmp_path, "Elu", "float64")
    assert before.evidence.supports < FLOOR
    found = probe_actively("tract", ["Elu"], home=tmp_path)
    after = ruling(tmp_path, "Elu", "float64")
    assert (found.before, found.after) == (1, 0)
    assert after.verdict == "rejected"
    assert after.evidence.supports >= FLOOR > after.evidence.opposes
    assert ruling(tmp_path, "Elu", "float32").verdict == "supported"


def test_what_was_rejected_for_its_sizes_alone_rejects_no_other_sizes(compiler: Compiler, tmp_path: Path) -> None:
    compiler.accidental = True
    running.run("tract", ["Elu"], home=tmp_path)
    assert ruling(tmp_path, "Elu", "float64").verdict == "rejected"
    probe_actively("tract", ["Elu"], home=tmp_path)
    assert ruling(tmp_path, "Elu", "float64").verdict != "rejected"


def test_a_variant_is_built_again_from_its_label(compiler: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphfix.probe.active.pair_probes", lambda *_: [])  # they alone could reach the floor
    running.run("tract", ["MatMul"], home=tmp_path)
    probe_actively("tract", ["MatMul"], home=tmp_path)
    rows = [row for row in read_archive(tmp_path / "tract" / "1.2.3") if VARIANT in row.varied]
    assert len(rows) >= FLOOR - 1
    assert all(any(word in row.label for row in rows) for word in (" & ", "sizes"))
    recipe_of_rows = [recipe_of(row) for row in rows]
    assert [made[1].digest for made in recipe_of_rows if made is not None] == [row.digest for row in rows]
    assert {probe.digest for probe in variants_of(rows)} == {row.digest for row in rows}
    assert [facets_for_target("tract", probe.facets) for probe in variants_of(rows)] == [row.facets for row in rows]


@pytest.mark.parametrize(
    ("words", "nodes"),
    [
        ("in front Relu", ["Relu", "Elu"]),
        ("behind Reshape", ["Elu", "Reshape"]),
        ("in front Add + used twice", ["Add", "Elu", "Relu"]),
        ("sizes 2=5,3=7 + other names + behind Identity", ["Elu", "Identity"]),
        ("opset 16", ["Elu"]),
    ],
)
def test_the_words_of_a_label_say_what_is_around_the_node(words: str, nodes: list[str]) -> None:
    (recipe,) = recipes("Elu", f"dims=batch + {words}")
    draft = recipe.draft()
    assert draft is not None
    assert [node.op_type for node in draft.model.graph.node] == nodes
    assert draft.facets["X.dims"] == "batch"
    probe = draft.probe()
    assert probe is not None
    assert VARIANT in probe.varied
    assert len(probe.wanted or {}) == len(draft.model.graph.output)
    (again,) = recipes("Elu", probe.label)
    rebuilt = again.draft()
    assert rebuilt is not None
    assert (rebuilt.digest, rebuilt.varied, rebuilt.facets) == (draft.digest, draft.varied, draft.facets)


def test_a_label_of_no_recipe_gives_none() -> None:
    assert list(recipes("Elu", "usual + in front of everything")) == []
    assert list(recipes("Elu", "no such deviation & usual")) == []
    assert [recipe.label for recipe in recipes("Elu", "T=float64 & dims=batch + behind Add")] == [
        "T=float64 & dims=batch + behind Add"
    ]


def test_measuring_again_and_checking_know_the_variants(compiler: Compiler, tmp_path: Path) -> None:
    running.run("tract", ["Elu"], home=tmp_path)
    asked = probe_actively("tract", ["Elu"], home=tmp_path).asked
    folder = tmp_path / "tract" / "1.2.3"
    table, evidence = (folder / "Elu.json").read_text(), read_archive(folder)
    assert json.loads(table)["measured"]["active"] == asked == sum(VARIANT in row.varied for row in evidence)
    checked = drift.check("tract", ["Elu"], home=tmp_path)
    assert (checked.missing, checked.drifted, checked.changed) == (0, (), ())
    assert checked.asked == len(evidence)
    (outcome,) = running.run("tract", ["Elu"], home=tmp_path)
    assert not outcome.changed
    assert read_archive(folder) == evidence
    assert probe_actively("tract", ["Elu"], home=tmp_path).asked == 0


def test_an_operator_probed_actively_says_so_though_nothing_was_to_be_asked(
    compiler: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphfix.probe.active.pair_probes", lambda *_: [])
    running.run("tract", ["Not"], home=tmp_path)
    assert probe_actively("tract", ["Not"], home=tmp_path).asked == 0
    folder = tmp_path / "tract" / "1.2.3"
    assert Entry.read(folder / "Not.json").active
    running.redistil("tract", "1.2.3", home=tmp_path)
    assert Entry.read(folder / "Not.json").active


def test_active_probing_starts_from_evidence(compiler: Compiler, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="no evidence"):
        probe_actively("tract", ["Elu"], home=tmp_path)
    assert main(["probe", "--target", "tract", "--active", "--check"]) == 2
    assert "--active" in capsys.readouterr().err


def test_the_command_counts_what_it_asked(compiler: Compiler, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    running.run("tract", ["Elu"], home=tmp_path)
    assert main(["probe", "--target", "tract", "--op", "Elu", "--active", "--rules", str(tmp_path), "--jobs", "1"]) == 0
    out = capsys.readouterr().out
    assert "entries below the floor: 1 before, 0 after" in out
    assert "1 tables changed: Elu" in out


def evidence(digest: str, facets: dict[str, Any], verdict: str, *varied: str) -> Evidence:
    return Evidence("Op", digest, digest, varied, facets, verdict, "convert", "no")


def test_probes_with_equal_facets_all_count_for_and_against() -> None:
    odd = {"T": "bool", "X.rank": 3}
    rows = [evidence("usual", {"T": "float32", "X.rank": 3}, "works")]
    rows += [evidence(f"for{i}", odd, "rejected", AGAIN) for i in range(3)]
    rows += [evidence(f"against{i}", odd, "works", AGAIN) for i in range(2)]
    (rule,) = distil(rows).rejects
    assert (rule.supports, rule.opposes) == (3, 2)


def test_a_variant_whose_neighbour_was_refused_is_no_evidence() -> None:
    odd = {"T": "bool"}
    rows = [evidence("usual", {"T": "float32"}, "works"), evidence("odd", odd, "rejected")]
    rows += [evidence(f"beside{i}", odd, "elsewhere", VARIANT) for i in range(5)]
    (rule,) = distil(rows).rejects
    assert (rule.supports, rule.opposes) == (1, 0)


def test_most_variants_decide_whether_the_numbers_of_a_form_are_wrong() -> None:
    odd = {"T": "bool"}
    rows = [evidence("usual", {"T": "float32"}, "works"), *(evidence(f"w{i}", odd, "wrong", VARIANT) for i in range(3))]
    assert [(rule.supports, rule.opposes) for rule in distil([*rows, evidence("r", odd, "works", VARIANT)]).wrong] == [(3, 1)]
    assert distil([*rows, *(evidence(f"r{i}", odd, "works", VARIANT) for i in range(3))]).wrong == []


def test_what_variants_of_one_probe_share_is_no_reason() -> None:
    usual = {"dims": "static", "from": "runtime", "rank": 2, "T": "float32"}
    alone = [{}, {"dims": "batch"}, {"from": "constant"}, {"T": "float16"}, {"rank": 3}, {"dims": "batch", "from": "constant"}]
    alone += [{"dims": "batch", "rank": 3}, {"from": "constant", "rank": 3}]
    rows = [evidence(str(change), {**usual, **change}, "works", *change) for change in alone]
    refused = {**usual, "dims": "batch", "from": "constant", "rank": 3}
    rows.append(evidence("refused", refused, "rejected", "dims", "from", "rank"))
    (before,) = distil(rows).rejects
    rows += [evidence(f"variant{i}", {**refused, "T": "float16"}, "rejected", *refused, VARIANT) for i in range(FLOOR)]
    (after,) = distil(rows).rejects
    assert (after.when, after.supports) == (before.when, FLOOR + 1)
    assert "T" not in after.when


def test_a_new_condition_is_examined_though_many_probes_meet_it() -> None:
    rows = [evidence("usual", {"T": "float32"}, "works")]
    rows += [evidence(f"for{i}", {"T": "bool"}, "rejected", VARIANT) for i in range(FLOOR)]
    found = distil(rows)
    assert unsure_entries(found) == []
    assert [entry.when for entry in unsure_entries(found, known={"another"})] == [{"T": ["bool"]}]


def test_an_entry_of_which_no_form_is_known_is_left_alone() -> None:
    rows = [evidence("usual", {"T": "float32"}, "works"), evidence("odd", {"T": "bool"}, "rejected")]

    def ask(probes: list[Probe]) -> list[Evidence]:
        raise AssertionError(probes)

    found = deepened("Op", "tract", rows, ask)  # type: ignore[arg-type]
    assert (found.asked, found.before, found.after) == (0, 1, 1)


def test_an_output_that_becomes_a_value_inside_keeps_only_the_names_of_dims_that_an_input_has() -> None:
    text = '<ir_version: 8, opset_import: ["": 13]> g (float[n,3] x) => (float[n,m,3] y) { y = Elu(x) }'
    model, _ = changed(onnx.parser.parse_model(text), {}, "behind Relu")
    (inside,) = model.graph.value_info
    assert inside.name == "y"
    assert [dim.dim_param or dim.dim_value for dim in inside.type.tensor_type.shape.dim] == ["n", 0, 3]
