"""The commands quantize and prune: what they write and print, and that bad input writes nothing and is said in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import onnx
import pytest
from layered import QDQ, feeds, invented, layered

import graphfix.quantizing.form_choice
from graphfix.cli.app import main
from graphfix.quantizing.quantize import far_off
from graphfix.verify.metrics import OutputMetrics

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command line in a folder with a model and its data; returns the exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    table = invented("openvino", QDQ)
    monkeypatch.setattr(graphfix.quantizing.form_choice, "precision_table", {"openvino": table}.get)
    onnx.save(layered(), "model.onnx")
    np.savez("data.npz", x=np.concatenate([feed["x"] for feed in feeds()]))

    def command(*words: str) -> tuple[int, str, str]:
        code = main([*words, "--isolated"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


QUANTIZE = ("quantize", "model.onnx", "--target", "openvino", "-o", "small.onnx", "--no-confirm")


def test_quantize_writes_a_model_and_says_what_it_costs(run: Run) -> None:
    code, out, _ = run(*QUANTIZE, "--data", "data.npz", "--html", "page.html")
    assert code == 0
    assert "model.onnx: 3 of 3 layers are quantised: qdq, int8 weights" in out
    assert "output `y` in onnxruntime: " in out
    assert "layers by what quantising each alone costs" in out
    onnx.checker.check_model("small.onnx", full_check=True)
    assert any(node.op_type == "QuantizeLinear" for node in onnx.load("small.onnx").graph.node)
    assert Path("page.html").read_text().count("<rect") == 3 + 2


def test_quantize_as_json(run: Run) -> None:
    code, out, _ = run(*QUANTIZE, "--data", "data.npz", "--output-format", "json", "--budget", "snr=1dB")
    told = json.loads(out)
    assert (code, told["command"], told["form"]["scheme"], told["left_out"]) == (0, "quantize", "qdq", [])
    assert [layer["operator"] for layer in told["layers"]] == ["Conv", "Conv", "Gemm"]
    assert told["after"]["parameter_bytes"] < told["before"]["parameter_bytes"]
    assert told["before"]["macs"] == told["after"]["macs"] > 0
    assert told["before"]["peak_activation_bytes"] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "static quantisation needs --data: the ranges of activations are measured on inputs"),
        (("--data", "nothing.npz"), "nothing.npz: there is no such file"),
        (("--data", "short.npz"), "short.npz: it has 2 samples, at least 8 are needed"),
        (("--data", "data.npz", "--budget", "snr=many"), "`many` is no number in the budget"),
        (("--data", "data.npz", "--bits", "4"), "openvino accepts no 4-bit static form"),
        (("--data", "data.npz", "--budget", "max=0"), "no layer can be quantised within the budget"),
        (("--data", "data.npz", "--std", "0"), "--std takes one number or three"),
        (("--data", "data.npz", "--html", "nowhere/page.html"), "there is no folder"),
    ],
)
def test_quantize_refuses_in_one_line_and_writes_nothing(run: Run, words: tuple[str, ...], said: str) -> None:
    np.savez("short.npz", x=np.zeros((2, 3, 8, 8), np.float32))
    code, out, err = run(*QUANTIZE, *words)
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert not out
    assert not Path("small.onnx").exists()
    assert not list(Path().glob(".graphfix*"))


def test_constant_data_and_outputs_that_are_far_off_are_noted(run: Run) -> None:
    np.savez("same.npz", x=np.ones((20, 3, 8, 8), np.float32))
    assert "every number of each input is the same in all samples" in run(*QUANTIZE, "--data", "same.npz")[1]
    np.savez("narrow.npz", x=np.concatenate([feed["x"] * (1e-3 if at % 2 else 1) for at, feed in enumerate(feeds(16))]))
    assert "far from the original" not in run(*QUANTIZE, "--data", "narrow.npz", "--force")[1]
    found = OutputMetrics()
    found.add(np.float32([[1.0, 2.0]]), np.float32([[1.0, 1.0]]))
    assert far_off({"y": found}) == "`y` is far from the original: give a --budget"
    assert far_off({"y": found, "z": found, "w": OutputMetrics()}) == "`y`, `z` are far from the original: give a --budget"


def test_nothing_is_overwritten_without_force(run: Run) -> None:
    Path("small.onnx").write_text("mine")
    for words in (QUANTIZE, ("prune", "model.onnx", "-o", "small.onnx")):
        code, _, err = run(*words, "--data", "data.npz")
        assert code == 2
        assert "small.onnx: exists already" in err
        assert Path("small.onnx").read_text() == "mine"
    assert run(*QUANTIZE, "--data", "data.npz", "--force")[0] == 0


class Texts(HTMLParser):
    """The elements of a page and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_names_in_the_page_are_no_markup(run: Run) -> None:
    model = layered()
    model.graph.node[3].name = '<script>alert(1)</script> & "more"'
    onnx.save(model, "model.onnx")
    assert run(*QUANTIZE, "--data", "data.npz", "--html", "page.html")[0] == 0
    page = Texts(Path("page.html").read_text())
    assert "script" not in page.tags
    assert any("<script>alert(1)</script>" in text for text in page.texts)
    assert "http" not in Path("page.html").read_text()


def test_prune_removes_what_is_dead_and_says_so(run: Run) -> None:
    model = layered()
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    for name in ("w", "b", "shift", "mean"):
        array = onnx.numpy_helper.to_array(held[name]).copy()
        array[[1, 4]] = 0
        held[name].CopyFrom(onnx.numpy_helper.from_array(array, name))
    onnx.save(model, "model.onnx")
    code, out, _ = run("prune", "model.onnx", "-o", "small.onnx")
    assert code == 0
    assert "model.onnx: 2 dead channels removed" in out
    assert "    2 of 6     dead channels" in out
    assert "output `y` in onnxruntime: " in out
    code, out, _ = run("prune", "model.onnx", "-o", "small.onnx", "--force", "--output-format", "json", "--ratio", "0.2")
    told = json.loads(out)
    assert [layer["reason"] for layer in told["layers"]][:2] == ["dead", "weak"]
    assert told["ratio"] == 0.2
    assert told["after"]["parameters"] < told["before"]["parameters"]
    assert "random inputs" in told["notes"][0]


def test_prune_copies_a_model_in_which_nothing_is_dead(run: Run) -> None:
    code, out, _ = run("prune", "model.onnx", "-o", "small.onnx")
    assert code == 0
    assert "nothing is dead in it" in out
    assert onnx.load("small.onnx") == onnx.load("model.onnx")


@pytest.mark.parametrize("ratio", ["-0.1", "0.95", "nan"])
def test_a_ratio_is_a_share(run: Run, ratio: str) -> None:
    code, _, err = run("prune", "model.onnx", "-o", "small.onnx", "--ratio", ratio)
    assert code == 2
    assert "--ratio is between 0 and 0.9" in err


@pytest.mark.compiler
def test_real_compilers_take_one_quantised_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(layered(), tmp_path / "model.onnx")
    np.savez(tmp_path / "data.npz", x=np.concatenate([feed["x"] for feed in feeds()]))
    names = ("quantize", str(tmp_path / "model.onnx"), "--data", str(tmp_path / "data.npz"), "-o", str(tmp_path / "small.onnx"))
    code = main([*names, "--target", "openvino,tract", "--isolated", "--output-format", "json", "--shape", "x=2x3x8x8"])
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [target["accepted"] for target in told["targets"]] == [True, True]
    for target in told["targets"]:
        assert target["outputs"]["y"]["snr_db"] > 15
        assert target["seconds_before"] > 0
        assert target["seconds_after"] > 0
