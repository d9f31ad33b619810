"""Artifacts: which probes an invented compiler cannot write, the tables that this distils to, and what fixes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import pytest

from graphfix.backends.base import backend
from graphfix.backends.toolchain import Toolchain
from graphfix.backends.verdict import Verdict
from graphfix.cli.app import main
from graphfix.errors import UsageError
from graphfix.probe import artifacts
from graphfix.probe import run as running
from graphfix.probe.artifact_fixes import fixes_of, last_cause
from graphfix.probe.artifacts import check_artifacts, measure_artifacts, read_answers, without_redundant
from graphfix.probe.fused_activations import FORMS, fused_probes
from graphfix.probe.measure import Evidence
from graphfix.tables.artifact import FOLDER, FUSED, artifact_table, fused, unwritten
from graphfix.tables.table import Table


class Mute:
    """A compiler that takes everything and writes no model with an operator in `refused`."""

    version = "1.2.3"

    def __init__(self) -> None:
        self.refused = {"Gelu"}
        self.asked = 0

    def ask(self, model: Path, *, output: Path | None = None, **_: Any) -> Verdict:
        self.asked += 1
        loaded = onnx.load(model)
        if output is None:
            return Verdict(True, "ok")
        refused = next((node for node in loaded.graph.node if node.op_type in self.refused), None)
        if refused is not None:
            return Verdict(True, "ok", f'TractError: writing Caused by: 0: to AST 1: No serializer for "{refused.name}"')
        output.write_text("artifact")
        return Verdict(True, "ok")


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mute:
    """The invented compiler behind every session, in tract's place, with the tables of two operators measured."""
    mute = Mute()

    @contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Mute]:
        yield mute

    monkeypatch.setattr(running, "open_backend", opened)
    monkeypatch.setattr(artifacts, "open_backend", opened)
    monkeypatch.setattr("graphfix.backends.toolchain.find", lambda name, version=None: Toolchain("python", "1.2.3"))
    running.run("tract", ["Gelu", "Softsign"], home=tmp_path)
    mute.asked = 0
    return mute


def test_what_cannot_be_written_is_told_apart_and_what_fixes_it_is_counted(compiler: Mute, tmp_path: Path) -> None:
    done = measure_artifacts("tract", ["Gelu", "Softsign"], home=tmp_path)
    folder = tmp_path / "tract" / "1.2.3"
    gelu, softsign = (json.loads((folder / FOLDER / f"{op}.json").read_text()) for op in ("Gelu", "Softsign"))
    assert done.asked == len(read_answers(folder)) > done.unwritten == gelu["measured"]["probes"] > 0
    (rule,) = gelu["rejects"]
    assert (rule["when"], rule["stage"], rule["said"]) == ({}, "write", 'No serializer for "probe"')
    assert rule["probes"] == {"for": done.unwritten, "against": 0}
    assert rule["fixed_by"][0] | {"of": 0, "fixed": 0} == {
        "rewrites": ["expand-function"],
        "safety": "exact",
        "fixed": 0,
        "of": 0,
    }
    assert softsign["rejects"] == []
    known = artifact_table(Table("tract", "1.2.3", folder, {}))
    assert known is not None
    facets = {"T": "float32", "X.rank": 3, "X.dims": "static", "approximate": "none", "since": 20, "foldable": False}
    assert unwritten(known, "Gelu", "", facets) is not None
    assert unwritten(known, "Gelu", "", facets | {"foldable": True}) is None
    assert unwritten(known, "Softsign", "", facets) is None
    assert unwritten(known, "Erf", "", facets) is None
    assert fused(known) == {}, "it is measured with all operators alone"


def test_answers_are_kept_between_runs_and_nothing_changes_without_need(compiler: Mute, tmp_path: Path) -> None:
    first = measure_artifacts("tract", ["Softsign"], home=tmp_path, evidence=tmp_path / "kept")
    assert (compiler.asked, first.changed) == (first.asked, ("Softsign",))
    compiler.asked = 0
    assert measure_artifacts("tract", ["Softsign"], home=tmp_path, evidence=tmp_path / "kept").changed == ()
    assert compiler.asked == 0


def test_a_check_finds_what_answers_otherwise_and_writes_nothing(
    compiler: Mute, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measure_artifacts("tract", ["Softsign"], home=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    same = check_artifacts("tract", ["Softsign"], home=tmp_path, sample=5)
    assert (same.asked, same.moved) == (5, ())
    compiler.refused = {"Softsign"}
    command = ["probe", "--target", "tract", "--op", "Softsign", "--artifact", "--check", "--rules", str(tmp_path)]
    assert main(command) == 1
    assert 'written -> not written: No serializer for "probe"' in capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_compilers_that_reject_what_they_cannot_write_are_named(compiler: Mute, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="openvino rejects what it cannot write"):
        measure_artifacts("openvino", home=tmp_path)
    with pytest.raises(UsageError, match=r"no evidence of what tract 1\.2\.3 can write"):
        check_artifacts("tract", home=tmp_path)
    with pytest.raises(UsageError, match=r"no evidence of what tract 1\.2\.3 takes"):
        measure_artifacts("tract", home=tmp_path / "empty")
    assert backend("tract").runs_unwritten
    assert main(["probe", "--target", "tract", "--artifact", "--placement"]) == 2


def test_a_chain_is_tried_where_no_rewrite_alone_helps(compiler: Mute) -> None:
    model = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["" : 20, "com.microsoft" : 1]> g (float[2,8] x) => (float[2,8] y)'
        " { y = com.microsoft.Gelu(x) }"
    )
    compiler.refused = {"Gelu", "Softplus"}
    found = fixes_of([model], "tract", compiler)  # type: ignore[arg-type]
    assert all(chain["fixed"] == chain["of"] == 1 for chain in found)
    assert all(len(chain["rewrites"]) in (1, 2) for chain in found)
    assert found


def test_the_fused_activations_are_measured_in_every_spelling_and_dtype(compiler: Mute, tmp_path: Path) -> None:
    from graphfix.probe.artifact_fixes import measure_fused

    compiler.refused = {"Erf"}
    (tmp_path / FOLDER).mkdir()
    measure_fused("tract", tmp_path, "tract 1.2.3", "2026-01-01", compiler)  # type: ignore[arg-type]
    data = json.loads((tmp_path / FOLDER / FUSED).read_text())
    rows = {(row["activation"], row["dtype"]): row for row in data["fused"]}
    assert set(rows) == {(name, dtype) for name in FORMS for dtype in ("float32", "float16")}
    assert data["measured"]["probes"] == len(list(fused_probes()))
    assert rows["gelu", "float32"]["probes"] == {"for": len(FORMS["gelu"]), "against": 0}
    assert rows["gelu", "float32"]["fixed_by"][0]["rewrites"] == ["erf-to-tanh"]
    assert rows["swish", "float32"] == {"activation": "swish", "dtype": "float32", "probes": {"for": 0, "against": 2}}


def test_conditions_whose_probes_others_cover_are_left_out() -> None:
    rows = [Evidence("Gelu", str(at), "", (), {"T": t, "rank": at}, "rejected", "write", "") for at, t in enumerate("aab")]
    wide = {"when": {"T": ["a", "b"]}, "probes": {"for": 3}}
    narrow = {"when": {"T": ["a"], "rank": [1]}, "probes": {"for": 1}}
    assert without_redundant([narrow, wide], rows) == [wide]
    other = {"when": {"T": ["a"]}, "probes": {"for": 2}}
    rest = {"when": {"rank": [2]}, "probes": {"for": 1}}
    assert without_redundant([other, rest], rows) == [other, rest]


def test_of_a_chain_of_causes_the_last_is_kept() -> None:
    assert last_cause("Translating Caused by: 0: to AST 1: node #1 2: No serializer found") == "No serializer found"
    assert last_cause("Unsupported") == "Unsupported"
