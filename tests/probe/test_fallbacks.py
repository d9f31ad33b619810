"""Fallbacks: what compilers say they run, which of it is a fallback, and the tables that this distils to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import pytest

from graphfix.backends import openvino, tflite, toolchain
from graphfix.backends.base import backend
from graphfix.backends.connect import open_backend
from graphfix.backends.toolchain import Toolchain
from graphfix.backends.verdict import PlacedOperation, Verdict
from graphfix.cli.app import main
from graphfix.errors import BackendError, UsageError
from graphfix.probe import run as running
from graphfix.probe import survey as surveying
from graphfix.probe.fallbacks import fallback_entry, fallback_evidence, implementations_by_kind, read_placements, worst_fallback
from graphfix.probe.measure import Evidence
from graphfix.probe.placing import MOST_PAIRS, Placement, of_probed_node, wanted
from graphfix.probe.survey import resurvey, survey
from graphfix.probe.write import read_archive
from graphfix.tables.entry import FALLBACKS
from graphfix.tables.placement import fallback, placements
from graphfix.tables.table import Table
from graphfix.tables.versions import measured_versions, rules_home, targets

PLACED = [
    f"{target}@{version}"
    for target in targets()
    for version in measured_versions(target)
    if (rules_home() / target / version / FALLBACKS).is_dir()
]


class Slow:
    """A compiler that takes everything, and runs the element types in `slow` by its reference implementation."""

    version = "1.2.3"

    def __init__(self) -> None:
        self.slow = {onnx.TensorProto.DOUBLE}
        self.asked = 0

    def ask(self, model: Path, *, options: dict[str, Any] | None = None, **_: Any) -> Verdict:
        self.asked += 1
        if not (options or {}).get("placement"):
            return Verdict(True, "ok")
        loaded = onnx.load(model)
        slow = {value.type.tensor_type.elem_type for value in loaded.graph.input} & self.slow
        beside = [PlacedOperation("Reference", "ref_any", (node.name,)) for node in loaded.graph.node if node.name != "probe"]
        return Verdict(True, "ok", placed=(*beside, PlacedOperation("Reference" if slow else "Eltwise", "ref_any", ("probe",))))


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Slow:
    """The invented compiler behind every session, in OpenVINO's place, with the table of one operator measured."""
    slow = Slow()

    @contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Slow]:
        yield slow

    monkeypatch.setattr(running, "open_backend", opened)
    monkeypatch.setattr(surveying, "open_backend", opened)
    monkeypatch.setattr("graphfix.backends.toolchain.find", lambda name, version=None: Toolchain("python", "1.2.3"))
    running.run("openvino", ["Elu"], home=tmp_path)
    slow.asked = 0
    return slow


def row(digest: str, *varied: str, verdict: str = "works", aided: bool = False, **facets: Any) -> Evidence:
    return Evidence("Elu", digest, " ".join(varied) or "usual", varied, facets, verdict, "ok", "", None, aided)


def test_a_survey_tells_fallbacks_apart_by_their_facets(compiler: Slow, tmp_path: Path) -> None:
    done = survey("openvino", ["Elu"], home=tmp_path)
    folder = tmp_path / "openvino" / "1.2.3"
    (entry,) = [json.loads(path.read_text()) for path in (folder / FALLBACKS).iterdir()]
    assert done.placed == entry["measured"]["probes"] == len(read_placements(folder)) > done.on_fallback > 0
    (rule,) = entry[FALLBACKS]
    assert rule["when"]["T"] == ["float64"]
    assert (rule["stage"], rule["said"], rule["probes"]["against"]) == ("reference", "Reference ref_any", 0)
    assert rule["probes"]["for"] == done.on_fallback


def test_what_runs_beside_a_probe_s_node_is_not_held_against_it(compiler: Slow, tmp_path: Path) -> None:
    compiler.slow = set()
    assert survey("openvino", ["Elu"], home=tmp_path).on_fallback == 0
    folder = tmp_path / "openvino" / "1.2.3"
    entry = json.loads((folder / FALLBACKS / "Elu.json").read_text())
    assert entry[FALLBACKS] == [] == entry["exceptions"]
    assert entry["measured"]["probes"] > 0


def test_a_survey_goes_on_where_it_was_interrupted(compiler: Slow, tmp_path: Path) -> None:
    first = survey("openvino", ["Elu"], home=tmp_path, evidence=tmp_path / "kept")
    asked, compiler.asked = compiler.asked, 0
    assert asked == first.placed
    assert survey("openvino", ["Elu"], home=tmp_path, evidence=tmp_path / "kept").changed == 0
    assert compiler.asked == 0


def test_asking_again_finds_what_runs_otherwise_now_and_writes_nothing(
    compiler: Slow, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    survey("openvino", ["Elu"], home=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    same = resurvey("openvino", ["Elu"], home=tmp_path, sample=9)
    assert (same.asked, same.moved) == (9, ())
    compiler.slow = set()
    command = ["probe", "--target", "openvino", "--op", "Elu", "--placement", "--check", "--rules", str(tmp_path)]
    assert main(command) == 1
    assert "ran as Reference ref_any -> Eltwise ref_any" in capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_compilers_that_do_not_tell_are_named(compiler: Slow, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tract does not report what runs a node"):
        survey("tract", home=tmp_path)
    with pytest.raises(UsageError, match=r"no evidence of what openvino 1\.2\.3 runs nodes with"):
        resurvey("openvino", home=tmp_path)
    with pytest.raises(UsageError, match=r"no evidence of what openvino 1\.2\.3 supports"):
        survey("openvino", home=tmp_path / "empty")
    assert [name for name in targets() if backend(name).fallback is not None] == ["openvino", "tflite"]


def test_probes_are_chosen_among_those_taken() -> None:
    pairs = [row(f"p{at}", "T", "rank") for at in range(MOST_PAIRS + 5)]
    single = [row("a"), row("b", "T"), row("w", "rank", verdict="wrong")]
    left = [
        row("r", verdict="rejected"), row("n", "numbers"), row("h", "T", aided=True), row("i", "inside", inside="branch"),
        row("e", verdict="elsewhere"), row("f", "foldable", foldable=True), row("s", "derived", foldable="shape"),
        Evidence("Elu", "z", "empty=0", ("empty",), {"X.dims": "empty"}, "works", "ok", ""),
    ]  # fmt: skip
    found = wanted([*left, *pairs, *single])
    assert found[:3] == single
    assert len(found) == 3 + MOST_PAIRS
    again = wanted([*pairs[::-1], *single])
    assert {one.digest for one in found} == {one.digest for one in again}, "the choice hangs on the order"


def test_only_what_stands_for_nodes_beside_alone_is_left_out() -> None:
    found = [
        PlacedOperation("A", "x", ("beside_cast",)),
        PlacedOperation("B", "x", ("beside_cast", "out0")),
        PlacedOperation("C", "x", ()),
        PlacedOperation("D", "x", ("sizes_cast_1",)),
    ]
    assert [one.kind for one in of_probed_node(found, ["sizes"])] == ["B", "C"]


def test_openvino_falls_back_to_its_reference_or_to_what_is_not_tuned() -> None:
    known = {"Pooling": {"jit_avx512_f32", "ref_any_f32"}, "Tile": {"ref_f32", "unknown_f32"}, "Gather": {"jit_avx512_f32"}}
    assert openvino.fallback("Reference", "ref_f32", {}) == "reference"
    assert openvino.fallback("Pooling", "ref_any_f32", known) == "untuned"
    assert openvino.fallback("Pooling", "jit_avx512_f32", known) == ""
    assert openvino.fallback("Tile", "ref_f32", known) == ""  # it has no other
    assert openvino.fallback("Gather", "ref_any_f32", known) == ""  # it only copies


def test_the_gravest_sort_names_a_probe_with_the_compiler_s_words() -> None:
    rows = [Placement("Elu", "a", ("Eltwise jit_x", "Eltwise ref_x", "Reference ref_y", "Reference ref_y")),
            Placement("Elu", "b", ("Eltwise ref_x",)), Placement("Elu", "c", ())]  # fmt: skip
    known = implementations_by_kind(rows)
    assert [worst_fallback(one, openvino.fallback, known) for one in rows] == [
        ("reference", "Reference ref_y"), ("untuned", "Eltwise ref_x"), ("", ""),
    ]  # fmt: skip
    kinds = Placement("Elu", "d", ("CONV_2D DELEGATE", "GATHER", "CAST"))
    assert worst_fallback(kinds, tflite.fallback, {}) == ("undelegated", "GATHER, CAST")


def test_probes_of_which_nothing_runs_or_is_told_are_no_evidence() -> None:
    archive = [row("a", T="float32"), row("b", "T", T="float64"), row("c", "empty", T="float16")]
    rows = [Placement("Elu", "a", ("Reference ref",)), Placement("Elu", "b", None), Placement("Elu", "c", ())]
    (evidence,) = fallback_evidence(archive, rows, openvino.fallback).values()
    entry = fallback_entry("Elu", evidence, "x 1", "2026-01-01")
    assert entry["measured"]["probes"] == 1
    assert [(rule["id"], rule["when"]) for rule in entry[FALLBACKS]] == [("every-form", {})]


def test_delegated_operators_are_those_between_what_a_delegate_reads_and_makes() -> None:
    class Interpreter:
        """Three operators in a row, the first and the last delegated."""

        def _get_ops_details(self) -> list[dict[str, Any]]:
            wires = [("CONV_2D", [0, 9], [1]), ("ADD", [1, 1], [2]), ("GATHER", [2], [3]), ("TANH", [3], [4])]
            wires += [("DELEGATE", [0, 9], [2]), ("DELEGATE", [3], [4])]
            return [{"index": at, "op_name": n, "inputs": i, "outputs": o} for at, (n, i, o) in enumerate(wires)]

        class _interpreter:
            @staticmethod
            def TensorName(index: int, subgraph: int) -> str:
                return f"t{index}"

    found = tflite.executed(Interpreter())
    assert [(kind, by) for kind, by, _ in found] == [
        ("CONV_2D", "DELEGATE"), ("ADD", "DELEGATE"), ("GATHER", ""), ("TANH", "DELEGATE"),
    ]  # fmt: skip
    assert found[2][2] == ["t3"]


EVERY = [pytest.param(3, id="every third operator"), pytest.param(1, id="every operator", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=PLACED)
def kept(request: pytest.FixtureRequest) -> tuple[Table, dict[str, list[Evidence]]]:
    """A table with what its compiler said it runs, read once for all that is asked of it."""
    table = Table.open(request.param)
    rule = backend(table.target).fallback
    assert rule is not None
    return table, fallback_evidence(read_archive(table.folder), read_placements(table.folder), rule)


@pytest.mark.parametrize("every", EVERY)
def test_tables_of_fallbacks_are_what_the_evidence_distils_to(kept: tuple[Table, dict[str, list[Evidence]]], every: int) -> None:
    table, rows = kept
    paths = {path.stem: path for path in (table.folder / FALLBACKS).glob("*.json")}
    assert set(paths) == set(rows)
    assert len(rows) > 150
    for name, path in sorted(paths.items())[::every]:
        stored = json.loads(path.read_text())
        fresh = fallback_entry(name, rows[name], "", "")
        for part in ("axes", FALLBACKS, "exceptions"):
            assert stored[part] == json.loads(json.dumps(fresh[part])), name
        assert stored["measured"]["probes"] == len(rows[name])
        assert all(one["said"] and one["probes"]["for"] > 0 for one in stored[FALLBACKS]), name


def test_fallbacks_agree_with_what_was_seen(kept: tuple[Table, dict[str, list[Evidence]]]) -> None:
    table, groups = kept
    known = placements(table)
    assert known is not None
    for name, rows in groups.items():
        domain, _, op = name.rpartition(".")
        keys = [(frozenset(one.facets.items()), *map(type, one.facets.values())) for one in rows]  # 0 is not False
        verdicts: dict[tuple[Any, ...], set[str]] = {}
        for one, key in zip(rows, keys, strict=True):
            verdicts.setdefault(key, set()).add(one.verdict)
        for one, key in zip(rows, keys, strict=True):
            if len(verdicts[key]) == 1 and None not in one.facets.values():
                found = fallback(known, op, domain, one.facets)
                assert (found is not None) == (one.verdict == "rejected"), (name, one.label)


@pytest.mark.compiler
@pytest.mark.parametrize("target", PLACED)
def test_compilers_still_run_probes_with_what_the_evidence_says(target: str) -> None:
    name, _, version = target.partition("@")
    there = toolchain.find(name, version)
    if there is None:
        pytest.skip(f"{target} is not installed: graphfix backends install {target}")
    try:
        again = resurvey(name, python=there.python, sample=12, seed=5)
    except BackendError as error:
        pytest.skip(str(error))
    assert (again.asked, again.moved) == (12, ())


CASES = [
    ("openvino", "y, i = MaxPool<kernel_shape = [3, 3]>(x)", "float y, int64 i", {"reference"}),
    ("openvino", "y = MaxPool<kernel_shape = [3, 3]>(x)", "float y", {""}),
    ("openvino", "y = MaxPool<kernel_shape = [3, 3], dilations = [2, 2]>(x)", "float y", {"", "untuned"}),
    ("tflite", "y = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(x)", "float y", {""}),
    ("tflite", "a = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(x)\ny = Exp(a)", "float y", {""}),
    ("tflite", "a = Relu(x)\nb = CumSum(a, k)\ny = Relu(b)", "float y", {"", "undelegated"}),
]


@pytest.mark.compiler
@pytest.mark.parametrize(("name", "nodes", "outputs", "sorts"), CASES)
def test_compilers_tell_what_runs_a_model(name: str, nodes: str, outputs: str, sorts: set[str], tmp_path: Path) -> None:
    head = '<ir_version: 8, opset_import: ["" : 17]> g (float[1,4,12,12] x)'
    text = f"{head} => ({outputs}) <int64 k = {{3}}> {{ {nodes} }}"
    path = tmp_path / "model.onnx"
    onnx.save(onnx.parser.parse_model(text), path)
    there, rule = toolchain.find(name), backend(name).fallback
    if there is None:
        pytest.skip(f"{name} is not installed")
    assert rule is not None
    tuned = {"Pooling": {"jit_avx2_f32"}, "Eltwise": {"jit_avx2_f32"}}
    with open_backend(name, python=there.python) as session:
        verdict = session.ask(path, options={"placement": True, "onnxsim": False})
        assert session.ask(path, options={"onnxsim": False}).placed is None
    assert verdict.placed, verdict
    assert {rule(one.kind, one.implementation, tuned) for one in verdict.placed} | {""} == sorts | {""}
    assert all(one.names for one in verdict.placed if rule(one.kind, one.implementation, tuned))
