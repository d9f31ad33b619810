"""Measuring from the outside: which operators, which files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from graphfix.backends.verdict import Verdict
from graphfix.cli.app import main
from graphfix.errors import UsageError
from graphfix.probe import run as running
from graphfix.probe.write import read_archive
from graphfix.tables.entry import Entry


class Picky:
    """A compiler that takes everything but float64."""

    version = "1.2.3"

    def ask(self, model: Path, **_: Any) -> Verdict:
        import onnx

        inputs = onnx.load(model).graph.input
        double = any(value.type.tensor_type.elem_type == onnx.TensorProto.DOUBLE for value in inputs)
        return Verdict(False, "convert", "no doubles here") if double else Verdict(True, "ok")


@pytest.fixture(autouse=True)
def picky(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Picky]:
        yield Picky()

    monkeypatch.setattr(running, "open_backend", opened)


def test_a_run_writes_a_table_and_the_probes_behind_it(tmp_path: Path) -> None:
    (outcome,) = running.run("tract", ["Elu"], home=tmp_path)
    folder = tmp_path / "tract" / "1.2.3"
    entry = Entry.read(folder / "Elu.json")
    assert outcome.changed
    assert entry.probes == outcome.probes == len(read_archive(folder))
    assert [(rule.id, rule.said) for rule in entry.rejects] == [("dtype-float64-foldable-no", "no doubles here")]


def test_a_second_run_finds_nothing_changed(tmp_path: Path) -> None:
    running.run("tract", ["Elu"], home=tmp_path)
    (outcome,) = running.run("tract", ["Elu"], home=tmp_path)
    assert not outcome.changed


def test_tables_can_be_written_anew_from_the_evidence(tmp_path: Path) -> None:
    running.run("tract", ["Elu", "Selu"], home=tmp_path)
    path = tmp_path / "tract" / "1.2.3" / "Selu.json"
    before = path.read_text()
    path.write_text(json.dumps({**json.loads(before), "rejects": []}))
    assert running.redistil("tract", "1.2.3", home=tmp_path) == 2
    assert path.read_text() == before


def test_measuring_one_operator_keeps_the_evidence_about_others(tmp_path: Path) -> None:
    running.run("tract", ["Elu"], home=tmp_path)
    running.run("tract", ["Selu"], home=tmp_path)
    assert {row.op for row in read_archive(tmp_path / "tract" / "1.2.3")} == {"Elu", "Selu"}


def test_an_interrupted_run_keeps_the_evidence_behind_the_tables_it_wrote(tmp_path: Path) -> None:
    def stop(line: str) -> None:
        if line.startswith("Selu"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        running.run("tract", ["Elu", "Selu", "Celu"], home=tmp_path, report=stop)
    folder = tmp_path / "tract" / "1.2.3"
    assert {path.stem for path in folder.glob("*.json")} == {"Elu", "Selu"} == {row.op for row in read_archive(folder)}


def test_answers_of_one_version_are_not_taken_for_another_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running.run("tract", ["Elu"], home=tmp_path / "rules", evidence=tmp_path / "kept")
    monkeypatch.setattr(Picky, "version", "1.3.0")
    with pytest.raises(UsageError, match=r"kept: holds answers of tract 1\.2\.3, not of tract 1\.3\.0"):
        running.run("tract", ["Elu"], home=tmp_path / "rules", evidence=tmp_path / "kept")
    assert not (tmp_path / "rules" / "tract" / "1.3.0").exists()


def test_an_unknown_operator_or_target_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="Rellu"):
        running.run("tract", ["Rellu"])
    assert main(["probe", "--target", "nowhere", "--op", "Elu"]) == 2
    assert "nowhere" in capsys.readouterr().err
