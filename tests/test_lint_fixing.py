"""lint --fix and --diff, and the levels at which findings count."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from graphfix.cli.app import main
from graphfix.linter.example import Example

Write = Callable[..., Path]
FIXABLE = Example("y = Mish(x)")
OPEN = Example("z = example.Mystery(x)\ny = Add(z, z)")
pytestmark = pytest.mark.usefixtures("demo")


def lint(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["lint", *words, "-t", "demo", "--isolated"])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_fix_rewrites_the_file_and_reports_what_remains(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(FIXABLE)
    assert lint(capsys, str(path))[0] == 1
    code, out, err = lint(capsys, str(path), "--fix")
    assert (code, err) == (0, f"graphfix: fixed in place: {path}: expand-function\n")
    assert f"{path}: accepted by demo 1.0" in out
    assert [node.op_type for node in onnx.load(path).graph.node] == ["Softplus", "Tanh", "Mul"]
    assert [item.name for item in path.parent.iterdir()] == [path.name]
    assert lint(capsys, str(path))[0] == 0


def test_what_cannot_be_fixed_exits_with_1_and_is_left_as_it_is(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example("y = Add(x, x)", inputs="double[2,3] x", outputs="double y"))
    before = path.read_bytes()
    code, out, err = lint(capsys, str(path), "--fix")
    assert (code, err) == (1, "")
    assert "rejected" in out
    assert path.read_bytes() == before


def test_a_clean_model_is_not_written(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example("y = Relu(x)"))
    before = path.stat().st_mtime_ns, path.stat().st_ino
    assert lint(capsys, str(path), "--fix")[0] == 0
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_diff_shows_the_change_and_writes_nothing(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(FIXABLE)
    before = path.read_bytes()
    for words in (["--diff"], ["--diff", "--fix"]):
        code, out, _ = lint(capsys, str(path), *words)
        assert code == 1
        assert out.startswith(f"--- a/{path}\n+++ b/{path}\n")
        assert "-y = Mish(x)" in out
        assert "rejected" not in out
        assert path.read_bytes() == before
    assert lint(capsys, str(write(Example("y = Relu(x)"), "clean.onnx")), "--diff") == (0, "", "")


def test_several_models_are_fixed_each_and_the_json_tells_the_changes(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = write(FIXABLE, "one.onnx"), write(Example("y = Relu(x)"), "two.onnx")
    code, out, _ = lint(capsys, str(one), str(two), "--fix", "--output-format", "json", "--statistics")
    first, second = json.loads(out)["results"]
    assert code == 0
    assert [(change["rewrite"], change["applied"]) for change in first["changes"]] == [("expand-function", True)]
    assert (first["output"], first["verdict"], first["statistics"]["nodes"]) == (str(one), "accepted", 3)
    assert (first["before"]["operators"], first["after"]["nodes"]) == ({"Mish": 1}, 3)
    assert first["after"]["file_bytes"] == one.stat().st_size
    assert "changes" not in second


def test_a_source_of_a_framework_cannot_be_fixed_in_place(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = lint(capsys, "package.module:factory", "--fix")
    assert code == 2
    assert "it is no ONNX model" in err


def test_an_undecided_verdict_can_fail_a_run(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write(OPEN))
    assert lint(capsys, path)[0] == 0
    assert lint(capsys, path, "--fail-on", "undecided")[0] == 1
    assert lint(capsys, str(write(FIXABLE, "bad.onnx")), "--fail-on", "undecided")[0] == 1
    slow = str(write(Example("y = Softplus(x)"), "slow.onnx"))
    assert lint(capsys, slow, "--fail-on", "warning")[0] == 1
    assert lint(capsys, slow, "--fail-on", "undecided")[0] == 0


@pytest.mark.parametrize(
    ("domain", "whose"),
    [
        ("com.microsoft", "onnxruntime's contrib operators"),
        ("com.microsoft.nchwc", "onnxruntime's optimiser"),
        ("com.nvidia.anything", "TensorRT plugins"),
        ("pkg.onnxscript.torch_lib", "function of the exporter"),
        ("ai.onnx.ml", "classical machine learning"),
        ("acme", "a custom operator of the exporter"),
        ("comxmicrosoft", "a custom operator of the exporter"),
    ],
)
def test_an_operator_of_an_unknown_domain_is_a_warning_that_says_whose_it_is(
    domain: str, whose: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(Example("y = example.Mystery(x)"))
    model = onnx.load(path)
    model.graph.node[0].domain = domain
    model.opset_import.append(onnx.helper.make_opsetid(domain, 1))
    onnx.save(model, path)
    _, out, _ = lint(capsys, str(path), "--output-format", "json")
    (found,) = [finding for finding in json.loads(out)["results"][0]["findings"] if finding["code"] == "GF109" and finding["op"]]
    assert found["severity"] == "warning"
    assert whose in found["message"]
    assert "no probe of this operator" in found["message"]
