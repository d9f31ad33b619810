"""`graphfix paths` from the command line: the table, the JSON, the page, exit codes, and a compiler that is asked too."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphfix.cli.app import main
from graphfix.linter.example import Example
from graphfix.lowering.paths.model import AppliedRewrite, ConversionPath, ConversionPaths, ExportState, Means, Start
from graphfix.report.paths_text import render_paths

Write = Callable[..., Path]
SOURCE = '''"""Modules whose lines an export minds."""

import torch
from torch import nn


class Gate(nn.Module):
    """Branches on a value."""

    def forward(self, x):
        if x.sum() > 0:
            return nn.functional.hardswish(x)
        return x - 1


def make():
    return Gate().eval()


make.example_inputs = lambda: (torch.arange(6.0).reshape(2, 3),)
'''


@pytest.mark.usefixtures("picky")
def test_every_target_reached_is_exit_0_and_the_table_says_how(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paths", str(write(Example("y = Relu(x)", outputs="float[2,3] y"))), "--isolated"]) == 0
    said = capsys.readouterr().out
    assert "1 of 1 target is reached" in said
    assert "as given  as it is" in said


@pytest.mark.usefixtures("demo")
def test_a_target_that_is_not_reached_is_exit_1_with_what_stands_in_the_way(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(Example("m = Mish(x)\ny = Sinh(m)", outputs="float[2,3] y"))
    page = tmp_path / "roads.html"
    words = ["paths", str(path), "--isolated", "--html", str(page), "--output-format", "json", "--target", "demo@1.0"]
    code = main(words)
    told = json.loads(capsys.readouterr().out)
    (road,) = told["roads"]
    assert (code, told["reached"], told["schema"], told["targets"]) == (1, [], 1, ["demo@1.0"])
    assert (road["way"], [one["op"] for one in road["met"]]) == ("undecided", ["Mish"])
    assert [one["op"] for one in road["left"]] == ["Sinh"]  # which the compiler was never asked about
    assert road["rewrites"] == [{"name": "expand-function", "safety": "exact", "times": 1}]
    assert 'id="drawing"' in page.read_text()
    assert main(words) == 2  # the page exists
    assert main([*words, "--force"]) == 1


@pytest.mark.usefixtures("demo")
def test_what_cannot_be_read_or_asked_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], write: Write) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    assert main(["paths", str(tmp_path / "bad.onnx"), "--isolated"]) == 2
    assert main(["paths", str(tmp_path / "none.onnx"), "--isolated"]) == 2
    assert main(["paths", str(write(Example("y = Relu(x)"))), "--isolated", "--output-format", "sarif"]) == 2
    assert "choose from text, json" in capsys.readouterr().err


@pytest.mark.usefixtures("picky")
def test_a_compiler_that_is_asked_has_the_last_word(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    def asked(name: str) -> tuple[int, dict[str, Any]]:
        path = write(Example(f"[{name}] y = Relu(x)", outputs="float[2,3] y"))
        code = main(["paths", str(path), "--isolated", "--confirm", "--output-format", "json"])
        road: dict[str, Any] = json.loads(capsys.readouterr().out)["roads"][0]
        return code, road

    code, road = asked("fine")
    assert (code, road["way"], road["compiler"]["accepted"]) == (0, "as-is", True)
    code, road = asked("bad")
    assert (code, road["way"], road["compiler"]["accepted"], road["compiler"]["predicted"]) == (1, "none", False, "accepted")
    assert "taste" in json.dumps(road["left"])


def test_the_table_uses_shorter_words_where_there_is_less_room(monkeypatch: pytest.MonkeyPatch) -> None:
    start = Start("dynamo", ExportState.GOOD)
    targets = tuple(f"target{number}" for number in range(5))
    rewrites = (AppliedRewrite("erf-to-tanh", "approximate", 2), AppliedRewrite("decompose-mish", "exact", 1))
    ways = (Means.AS_IS, Means.EXACT, Means.APPROXIMATE, Means.INTERFACE, Means.NONE)
    roads = tuple(
        ConversionPath(
            start, target, target, way, rewrites=rewrites if way is not Means.AS_IS else (), error=1.2e-4, note="given up"
        )
        for target, way in zip(targets, ways, strict=True)
    )
    dead = Start("script", ExportState.FAILS, reason="the exporter fails: no such type", location="model.py:88")
    more = tuple(ConversionPath(dead, target, target, Means.NONE) for target in targets)
    found = ConversionPaths("m:make", "Python", "torch 2", targets, (start, dead), (*roads, *more))

    def table(columns: str) -> str:
        monkeypatch.setenv("COLUMNS", columns)
        out = io.StringIO()
        render_paths(found, out)
        assert max(map(len, out.getvalue().partition("to take them")[0].splitlines())) <= int(columns)
        return out.getvalue()

    assert all(word in table("180") for word in ("exact rewrites (3)", "approximate (0.00012)", "no: given up", "export fails"))
    assert all(word in table("66") for word in ("exact (3)", "approx.", "no export", "model.py:88"))


@pytest.fixture
def gates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the module lies."""
    pytest.importorskip("onnxscript")
    (tmp_path / "gates.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)


@pytest.mark.framework
@pytest.mark.usefixtures("gates")
def test_a_module_goes_by_every_exporter_and_dead_ends_name_their_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paths", "gates.py:make", "--target", "openvino,tract", "--isolated", "--output-format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    starts = {start["exporter"]: start for start in told["exporters"] if not start["only"]}
    assert {name: start["state"] for name, start in starts.items()} == {"dynamo": "fails", "trace": "differs", "script": "good"}
    assert starts["dynamo"]["place"].endswith("gates.py:11)") or starts["dynamo"]["place"] == "gates.py:11"
    (own,) = (start for start in told["exporters"] if start["only"])
    assert (own["exporter"], own["only"], own["state"] in ("differs", "missing")) == ("openvino", "openvino", True)
    assert len(told["roads"]) == 7
    best = {road["target"]: road for road in told["roads"] if road["reached"]}
    assert {road["exporter"] for road in best.values()} == {"script"}
    assert all(road["command"].startswith("graphfix") and "--exporter=script" in road["command"] for road in best.values())
    assert all(road["end_error"] < 1e-3 for road in best.values())


@pytest.mark.framework
def test_a_source_that_cannot_be_opened_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxscript")
    (tmp_path / "cut.pt2").write_bytes(b"PK\x03\x04 cut short")
    assert main(["paths", str(tmp_path / "cut.pt2"), "--isolated"]) == 2
    assert "cut.pt2: " in capsys.readouterr().err


@pytest.mark.framework
@pytest.mark.usefixtures("gates")
def test_a_source_that_does_not_run_is_told_as_lint_tells_it(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for command in ("paths", "lint"):
        assert main([command, "gates.py:make", "--target", "tract", "--isolated", "--input", "2x3:bool"]) == 2
        told.append(capsys.readouterr().err)
    assert told[0] == told[1]
    assert told[0].startswith("graphfix: gates.py:make: the model does not run on the inputs: ")
