"""Probes at other sizes: the inputs, the answers of an invented compiler, and the tables that these distil to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from graphfix.backends.toolchain import Toolchain
from graphfix.backends.verdict import Resized, Verdict
from graphfix.cli.app import main
from graphfix.errors import UsageError
from graphfix.probe import resizing
from graphfix.probe import run as running
from graphfix.probe.build import Probe, probes
from graphfix.probe.form import TextProbe
from graphfix.probe.resized_feeds import resized_samples
from graphfix.probe.resizing import measure_resized, read_answers
from graphfix.tables.resized import FOLDER, only_static, resized_table
from graphfix.tables.table import Table

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g '


class Stiff:
    """A compiler that takes everything, and whose models with the operator `stiff` run at no other size."""

    version = "1.2.3"
    stiff = "Softsign"

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, model: Path, *, resized: Sequence[Path] = (), **_: Any) -> Verdict:
        if not resized:
            return Verdict(True, "ok")
        self.asked += 1
        fails = any(node.op_type == self.stiff for node in onnx.load(model).graph.node)
        return Verdict(True, "ok", resized=Resized("fails", 0, "RuntimeError: no resize") if fails else Resized("works", 1))


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stiff:
    """The invented compiler in tflite's place, with the tables of two operators measured."""
    stiff = Stiff()

    @contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Stiff]:
        yield stiff

    monkeypatch.setattr(running, "open_backend", opened)
    monkeypatch.setattr(resizing, "open_backend", opened)
    monkeypatch.setattr("graphfix.backends.toolchain.find", lambda name, version=None: Toolchain("python", "1.2.3"))
    running.run("tflite", ["Elu", "Softsign"], home=tmp_path)
    return stiff


def test_what_runs_at_one_size_only_gets_a_table(compiler: Stiff, tmp_path: Path) -> None:
    done = measure_resized("tflite", ["Elu", "Softsign"], home=tmp_path)
    folder = tmp_path / "tflite" / "1.2.3"
    elu, softsign = (json.loads((folder / FOLDER / f"{op}.json").read_text()) for op in ("Elu", "Softsign"))
    assert done.asked == len(read_answers(folder)) > done.fails == softsign["measured"]["probes"] > 0
    assert (elu["rejects"], elu["wrong"], elu["axes"]) == ([], [], {})
    (rule,) = softsign["rejects"]
    assert (rule["when"], rule["stage"], rule["said"]) == ({}, "resize", "RuntimeError: no resize")
    known = resized_table(Table("tflite", "1.2.3", folder, {}))
    assert known is not None
    assert only_static(known, "Softsign", "", {})
    assert only_static(known, "Elu", "", {}) is None


def test_answers_are_kept_between_runs(compiler: Stiff, tmp_path: Path) -> None:
    for _ in range(2):
        measure_resized("tflite", ["Elu"], home=tmp_path, evidence=tmp_path / "kept")
        asked, compiler.asked = compiler.asked, 0
    assert asked == 0


def test_the_command_prints_the_counts(compiler: Stiff, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "--target", "tflite", "--op", "Elu", "--resized", "--rules", str(tmp_path)]) == 0
    assert "0 fail and 0 compute something else" in capsys.readouterr().out


def test_a_compiler_whose_models_are_not_resized_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="takes sizes when it compiles"):
        measure_resized("tensorrt", ["Elu"], home=tmp_path, evidence=tmp_path)


def sketch(text: str) -> Probe:
    (probe,) = probes([TextProbe("Add", "x", HEAD + text)]).probes
    return probe


def test_equal_symbols_grow_alike_and_values_stay_in_range() -> None:
    probe = sketch("(float[n,3] x, float[n,3] z) => (float[n,3] y) { y = Add(x, z) }")
    own, larger = resized_samples(probe)
    assert own.feeds["x"].shape == (2, 3)
    assert larger.feeds["x"].shape == larger.feeds["z"].shape == (3, 3)
    assert np.array_equal(larger.wanted["y"], larger.feeds["x"] + larger.feeds["z"])
    assert float(np.abs(larger.feeds["x"]).max()) <= 1


def test_a_dim_of_1_that_is_broadcast_stays() -> None:
    probe = sketch("(float[n,3] x, float[one,3] z) => (float[n,3] y) { y = Add(x, z) }")
    assert [sample.feeds["z"].shape for sample in resized_samples(probe)] == [(1, 3), (1, 3)]


def test_static_probes_are_not_asked_again() -> None:
    assert resized_samples(sketch("(float[2,3] x, float[2,3] z) => (float[2,3] y) { y = Add(x, z) }")) == []
