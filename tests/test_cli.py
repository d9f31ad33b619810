"""The command line: exit codes, one line for what the user can mend, and nothing written on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from graphfix.cli.app import main
from graphfix.linter.example import Example
from graphfix.lowering.options import FORMS

Write = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("demo")
GOOD = Example("y = Relu(x)")
BAD = Example("y = Mish(x)")


def lint(*words: str | Path, target: str = "demo") -> int:
    return main(["lint", *map(str, words), "--target", target, "--isolated"])


def results(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return list(json.loads(capsys.readouterr().out)["results"])


def test_accepted_model_exits_0(write: Write) -> None:
    assert lint(write(GOOD)) == 0


def test_rejected_model_exits_1_and_names_operator_and_evidence(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(write(BAD), "--output-format", "json") == 1
    (result,) = results(capsys)
    assert result["verdict"] == "rejected"
    (error,) = [f for f in result["findings"] if f["severity"] == "error"]  # type: ignore[attr-defined]
    assert (error["code"], error["op"], error["output"]) == ("GF101", "Mish", "y")
    assert error["evidence"] == "demo/Mish/unsupported"
    assert "unknown operator Mish" in error["measured"]


def test_unmeasured_operator_is_undecided_never_accepted(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(write(Example("y = Cos(x)")), "--output-format", "json") == 0
    assert results(capsys)[0]["verdict"] == "undecided"


@pytest.mark.parametrize(("threshold", "code"), [("never", 0), ("error", 1), ("note", 1)])
def test_fail_on_moves_the_threshold(write: Write, threshold: str, code: int) -> None:
    assert lint(write(BAD), "--fail-on", threshold) == code


def test_one_unreadable_model_among_several_gives_exit_2_and_verdicts_for_the_others(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(GOOD, "models/a.onnx")
    (tmp_path / "models" / "b.onnx").write_bytes(b"\x89PNG\r\n\x1a\n")
    write(BAD, "models/c/deep.onnx")
    assert lint(tmp_path / "models", "--output-format", "json") == 2
    out, err = capsys.readouterr()
    told = json.loads(out)["results"]
    assert [result["verdict"] for result in told] == ["accepted", None, "rejected"]
    assert told[1]["error"].startswith(str(tmp_path / "models" / "b.onnx"))
    assert len(err.splitlines()) == 1


def test_a_model_that_graphfix_stumbles_over_costs_the_others_nothing(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from graphfix.linter import engine

    whole = engine.judge

    def judge(model: onnx.ModelProto, *words: object, **more: object) -> object:
        if model.graph.node[0].op_type == "Mish":
            raise ValueError("a fault\nof our own")
        return whole(model, *words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "judge", judge)
    write(BAD, "a.onnx")
    write(GOOD, "b.onnx")
    assert lint(tmp_path, "--output-format", "json") == 2
    out, err = capsys.readouterr()
    assert [result["verdict"] for result in json.loads(out)["results"]] == [None, "accepted"]
    assert len(err.splitlines()) == 1
    assert "a.onnx: graphfix failed on this model (ValueError: a fault of our own); report it" in err


def test_json_lines_prints_one_result_a_line(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(GOOD, "a.onnx")
    write(BAD, "b.onnx")
    lint(tmp_path, "--output-format", "json-lines")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["verdict"] for line in lines] == ["accepted", "rejected"]


def test_shape_on_the_command_line_decides_the_verdict(write: Write) -> None:
    free = write(Example("y = Softmax(x)", inputs="float[n,m] x"))
    assert lint(free) == 1
    assert lint(free, "--shape", "x=2x3") == 0
    assert lint(free, "--shape", "2x3") == 0


def test_set_binds_an_input_for_the_verdict_and_changes_no_file(write: Write) -> None:
    path = write(Example("y = Reshape(x, s)", inputs="float[2,3] x, int64[1] s"))
    before = path.read_bytes()
    assert lint(path) == 1
    assert lint(path, "--set", "s=[6]") == 0
    assert path.read_bytes() == before


def test_report_goes_to_a_file_whole(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lint(write(BAD), "--output-format", "json", "--output-file", str(tmp_path / "report.json"))
    assert json.loads((tmp_path / "report.json").read_text())["schema"] == 1
    assert capsys.readouterr().out == ""


def test_text_report_gives_verdict_cause_evidence_and_cure(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    lint(write(Example("a = Mish(x)\nb = Mish(a)\ny = Mish(b)")))
    out = capsys.readouterr().out
    assert "rejected by demo 1.0" in out
    assert out.count("GF101 unsupported-operator") == 1, "three nodes with one cause are one paragraph"
    assert "a, b and 1 more" in out
    assert 'demo 1.0, 4 probes: "unknown operator Mish"' in out


def one_line(capsys: pytest.CaptureFixture[str], *parts: str) -> None:
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert len(lines) == 1, err
    assert "Traceback" not in err + out
    for part in parts:
        assert part in lines[0]


def test_unknown_target_exits_2(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(write(GOOD), target="dmo") == 2
    one_line(capsys, "dmo", "did you mean `demo`?")


@pytest.mark.parametrize("words", [["--target", "dmo", "-t", "demo"], ["-t", "demo", "-t", "dmo"], ["-t", "demo,dmo"]])
def test_a_target_given_again_is_one_more(words: list[str], write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(write(GOOD)), "--isolated", *words]) == 2
    one_line(capsys, "dmo", "did you mean `demo`?")


def test_unknown_input_name_exits_2_and_suggests_the_nearest(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(write(Example("y = Relu(image)", inputs="float[n,3] image")), "--shape", "imaeg=1x3") == 2
    one_line(capsys, "model.onnx", "imaeg", "did you mean `image`?")


def test_missing_file_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(tmp_path / "none.onnx") == 2
    one_line(capsys, "none.onnx", "check the path")


def test_folder_without_models_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(tmp_path) == 2
    one_line(capsys, str(tmp_path))


def test_no_target_exits_2(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(write(GOOD)), "--isolated"]) == 2
    one_line(capsys, "--target")


def external(folder: Path, location: str) -> Path:
    weight = numpy_helper.from_array(np.ones((2, 3), np.float32), "w")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
    info = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [info],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3])], [weight])  # fmt: skip
    path = folder / "external.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]).SerializeToString())
    return path


def cyclic(folder: Path) -> Path:
    model = Example("a = Relu(x)\ny = Neg(a)").model
    model.graph.node[0].input[0] = "y"
    path = folder / "cyclic.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def duplicate(folder: Path) -> Path:
    model = Example("a = Relu(x)\nb = Neg(x)\ny = Add(a, b)").model
    model.graph.node[1].output[0] = "a"
    path = folder / "duplicate.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def raw(data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "raw.onnx"
        path.write_bytes(data)
        return path

    return make


HOSTILE = {
    "empty": raw(b""),
    "png": raw(b"\x89PNG\r\n\x1a\n" + bytes(64)),
    "truncated": raw(Example("a = Relu(x)\ny = Neg(a)").model.SerializeToString()[:-20]),
    "external-missing": lambda folder: external(folder, "gone.bin"),
    "external-climbs-out": lambda folder: external(folder, "../../../etc/passwd"),
    "cyclic": cyclic,
    "duplicate": duplicate,
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("command", ["lint", "fix"])
def test_hostile_model_exits_2_with_one_line_and_writes_nothing(
    kind: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = HOSTILE[kind](tmp_path)
    before = {item: item.read_bytes() for item in tmp_path.iterdir()}
    extra = ["-o", str(tmp_path / "out.onnx")] if command == "fix" else []
    assert main([command, str(path), "--target", "demo", "--isolated", *extra]) == 2
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 1, err
    assert path.name in err
    assert ";" in err, "the line names a cure"
    assert "Traceback" not in err + out
    assert {item: item.read_bytes() for item in tmp_path.iterdir()} == before


def test_fix_refuses_to_overwrite_without_force(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write(GOOD), tmp_path / "out.onnx"
    out.write_bytes(b"precious")
    assert main(["fix", str(path), "--target", "demo", "--isolated", "-o", str(out)]) == 2
    assert out.read_bytes() == b"precious"
    one_line(capsys, "out.onnx", "--force")


def test_fix_into_a_missing_folder_exits_2(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "no" / "out.onnx"
    assert main(["fix", str(write(GOOD)), "--target", "demo", "--isolated", "-o", str(out)]) == 2
    one_line(capsys, "out.onnx")


def test_fix_binds_and_writes_what_then_lints_clean(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write(Example("y = Softmax(x)", inputs="float[n,m] x")), tmp_path / "out.onnx"
    words = ["--target", "demo", "--isolated", "--shape", "x=2x3", "--output-format", "json"]
    assert main(["fix", str(path), *words, "-o", str(out)]) == 0
    (result,) = results(capsys)
    assert result["output"] == str(out)
    assert result["verification"]["passed"]  # type: ignore[index]
    assert [d.dim_value for d in onnx.load(out).graph.input[0].type.tensor_type.shape.dim] == [2, 3]
    assert lint(out) == 0


def test_diff_prints_nodes_changes_no_file_and_exits_1(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example("y = Softmax(x)", inputs="float[n,m] x"))
    before = path.read_bytes()
    assert main(["fix", str(path), "--target", "demo", "--isolated", "--shape", "x=2x3", "--diff"]) == 1
    out = capsys.readouterr().out
    assert "-input x: float32[n, m]" in out
    assert "+input x: float32[2, 3]" in out
    assert path.read_bytes() == before


def test_explain_prints_a_rule_and_names_the_nearest_on_a_typo(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "GF103"]) == 0
    assert "Why:" in capsys.readouterr().out
    assert main(["explain", "demo", "Resize"]) == 0
    assert "cubic resize requires a 4-D input" in capsys.readouterr().out
    assert main(["explain", "GF1O3"]) == 2
    one_line(capsys, "did you mean `GF1")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("lint", "0 clean, 1 findings"),
        ("fix", "0 clean, 1 findings"),
        ("compile", "0 compiled, 1 rejected"),
        ("lower", "0 lowered, 1 no exporter gives a model that computes the same"),
        ("paths", "0 every target is reached, 1 one is not"),
    ],
)
def test_help_tells_the_exit_codes_the_forms_and_the_formats_of_the_command(
    command: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("exit codes:") == 1
    assert f"exit codes: {told}" in said
    assert FORMS in said
    assert said.count("--deadline SECONDS") == 2, "in the usage line and with its text"
    assert ("--fail-on" in said) == (command in ("lint", "fix", "compile"))
    assert ("model-explorer" in said) == (command not in ("lower", "paths"))
    assert ("sarif" in said) == (command != "paths")
