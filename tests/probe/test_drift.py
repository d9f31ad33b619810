"""Checking tables: a compiler that answers otherwise than recorded is caught, probe by probe."""

from __future__ import annotations

import shutil
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
from graphfix.probe import drift
from graphfix.probe import run as running
from graphfix.probe.drift import check, draw_sample
from graphfix.probe.write import read_archive, write_evidence

OPS = ["Elu", "Selu"]


class Moody:
    """A compiler that refuses the element types in `refused` in `words`, and once, out of the blue, the model `hiccup`."""

    version = "1.2.3"

    def __init__(self) -> None:
        self.refused = {onnx.TensorProto.DOUBLE}
        self.hiccup = -1
        self.words = "not this dtype"
        self.asked = 0

    def ask(self, model: Path, **_: Any) -> Verdict:
        self.asked += 1
        if self.asked == self.hiccup:
            return Verdict(False, "timeout", "too busy")
        types = {value.type.tensor_type.elem_type for value in onnx.load(model).graph.input}
        return Verdict(False, "convert", self.words) if types & self.refused else Verdict(True, "ok")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of two operators, measured with the invented compiler."""
    home = tmp_path_factory.mktemp("measured")
    with pytest.MonkeyPatch.context() as patch:
        install(Moody(), patch)
        running.run("tract", OPS, home=home)
    return home


def install(moody: Moody, patch: pytest.MonkeyPatch) -> None:
    """Put the invented compiler behind every session."""

    @contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Moody]:
        yield moody

    patch.setattr(running, "open_backend", opened)
    patch.setattr(drift, "open_backend", opened)
    patch.setattr("graphfix.probe.fix_drift.open_backend", opened)
    patch.setattr("graphfix.backends.toolchain.find", lambda name, version=None: Toolchain("python", "1.2.3"))


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch, measured: Path, tmp_path: Path) -> Moody:
    """The invented compiler behind every session, with the measured tables in tmp_path."""
    moody = Moody()
    install(moody, monkeypatch)
    shutil.copytree(measured, tmp_path, dirs_exist_ok=True)
    return moody


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_compiler_that_says_the_same_has_not_drifted(compiler: Moody, tmp_path: Path) -> None:
    found = check("tract", home=tmp_path, ops=OPS)
    assert found.asked == found.known == compiler.asked > 10
    assert (found.drifted, found.changed, found.missing) == ((), (), 0)


def test_other_words_alone_change_no_table(compiler: Moody, tmp_path: Path) -> None:
    compiler.words = "not this dtype, as /tmp/f3a9 says"
    found = check("tract", home=tmp_path, ops=OPS)
    assert (found.drifted, found.changed) == ((), ())


def test_drift_names_the_probe_its_answers_and_the_words(
    compiler: Moody, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(tmp_path)
    compiler.refused = {onnx.TensorProto.FLOAT16}
    assert main(["probe", "--target", "tract", "--op", *OPS, "--check", "--rules", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert 'Elu (T=float16): works -> rejected at convert: "not this dtype"' in said
    assert "Elu (T=float64): rejected at convert -> works" in said
    assert "2 tables would change: Elu, Selu" in said
    assert files(tmp_path) == before


def test_a_single_missed_deadline_is_no_drift(compiler: Moody, tmp_path: Path) -> None:
    compiler.hiccup = 3
    found = check("tract", ["Elu"], home=tmp_path)
    assert compiler.asked == found.asked + 1
    assert found.drifted == ()


def test_a_sample_asks_so_many_and_finds_drift_among_them(
    compiler: Moody, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compiler.refused = set()
    assert main(["probe", "--target", "tract", "--check", "--sample", "8", "--rules", str(tmp_path)]) in (0, 1)
    assert "8 probes repeated" in capsys.readouterr().out
    whole = check("tract", home=tmp_path, sample=10_000)
    assert whole.asked == whole.known
    assert {row.was.label for row in whole.drifted} >= {"T=float64"}


def test_the_same_seed_draws_the_same_sample() -> None:
    keys = [("Elu", str(number)) for number in range(100)]
    assert draw_sample(keys, 9, 1) == draw_sample(reversed(keys), 9, 1) != draw_sample(keys, 9, 2)
    assert len(draw_sample(keys, 9, 1)) == 9


def test_what_was_never_measured_cannot_be_checked(compiler: Moody, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no evidence of tract 1\.2\.3 about Celu .* `graphfix probe --target tract@1\.2\.3`"):
        check("tract", ["Celu"], home=tmp_path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sample", "5"], "add --check"),
        (["--check", "--sample", "0"], "ask at least 1"),
        (["--check", "--evidence", "kept"], "asks anew"),
    ],
)
def test_options_that_contradict_each_other_are_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "--target", "tract", *words]) == 2
    assert said in capsys.readouterr().err


def test_only_what_has_no_answer_is_asked_and_the_tables_stay(compiler: Moody, tmp_path: Path) -> None:
    before = files(tmp_path)
    running.run("tract", OPS, home=tmp_path, only_new=True)
    assert compiler.asked == 0
    assert files(tmp_path) == before
    archive = [row for row in read_archive(tmp_path / "tract" / "1.2.3") if row.label != "T=float16"]
    write_evidence(tmp_path / "tract" / "1.2.3", [row for row in archive if row.op == "Elu"])
    running.run("tract", ["Elu"], home=tmp_path, only_new=True)
    assert compiler.asked == 1
    assert files(tmp_path) == before


def test_new_probes_are_no_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "--target", "tract", "--new", "--check"]) == 2
    assert "leave out the other ways to measure" in capsys.readouterr().err
