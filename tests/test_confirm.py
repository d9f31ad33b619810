"""Prediction beside verdict, through the command line and from Python, with an invented compiler."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphfix
from graphfix.backends.compile.artifact import PendingArtifact, check_artifact_path
from graphfix.cli.app import main
from graphfix.errors import OutputError, UsageError
from graphfix.linter.example import Example
from graphfix.verify.feeds import Feed
from graphfix.verify.reference_run import run_reference

pytestmark = pytest.mark.usefixtures("picky")
Write = Callable[..., Path]

GOOD = Example("y = Relu(x)")
BAD = Example("[bad_relu] y = Relu(x)")
WRONG = Example("[wrong_relu] y = Relu(x)")


def compiled(capsys: pytest.CaptureFixture[str], path: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the one result of `graphfix compile ... --output-format json`."""
    code = main(["compile", str(path), "-t", "demo", "-o", str(path.parent / "out.demo"), "--isolated",
                 "--output-format", "json", *more])  # fmt: skip
    result: dict[str, Any] = json.loads(capsys.readouterr().out)["results"][0]
    return code, result


def codes(result: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in result["findings"]]


def test_an_artifact_is_placed_and_its_outputs_compared(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(GOOD)
    code, result = compiled(capsys, path)
    assert code == 0
    assert result["compiler"] | {"seconds": 0} == {
        "version": result["compiler"]["version"], "accepted": True, "stage": "ok", "message": "", "seconds": 0,
        "predicted": "accepted", "numerics": "match", "error": 0.0,
    }  # fmt: skip
    assert result["findings"] == []
    assert sorted(item.name for item in path.parent.iterdir()) == ["model.onnx", "out.demo"]


def test_an_existing_artifact_is_replaced_only_by_force(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(GOOD)
    (path.parent / "out.demo").write_text("old")
    assert main(["compile", str(path), "-t", "demo", "-o", str(path.parent / "out.demo"), "--isolated"]) == 2
    assert "--force" in capsys.readouterr().err
    assert (path.parent / "out.demo").read_text() == "old"
    assert compiled(capsys, path, "--force")[0] == 0
    assert (path.parent / "out.demo").read_text() != "old"


def test_a_rejection_is_a_finding_on_the_node_and_contradicts_the_table(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(BAD)
    code, result = compiled(capsys, path)
    assert code == 1
    assert codes(result) == ["GF902", "GF111"]
    assert str(path) in result["findings"][0]["message"]
    blamed = result["findings"][1]
    assert (blamed["severity"], blamed["node"], blamed["op"], blamed["output"]) == ("error", "bad_relu", "Relu", "y")
    assert "taste" in blamed["measured"]
    assert (result["compiler"]["predicted"], result["verdict"]) == ("accepted", "rejected")
    assert [item.name for item in path.parent.iterdir()] == ["model.onnx"]


def test_the_text_says_both_verdicts_and_shows_wrong_numbers_first(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(WRONG)
    assert main(["compile", str(path), "-t", "demo", "-o", str(path.parent / "out.demo"), "--isolated"]) == 0
    first, second, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{path}: accepted by demo ")
    assert first.endswith("(predicted: accepted)")
    assert second.startswith("  warning GF301 wrong-numerics  the compiled model's outputs differ from onnxruntime's by ")
    assert any("wrote" in line for line in rest)


def test_outputs_of_another_shape_are_said_to_be_that(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example("[folded_relu] y = Relu(x)"))
    _, result = compiled(capsys, path)
    differs = "returns [6, 1, 1] for [2, 3], with equal values"
    assert result["compiler"]["differs"] == differs
    assert result["findings"][0]["message"] == f"the compiled model {differs}"
    assert main(["compile", str(path), "-t", "demo", "-o", str(path.parent / "out.demo"), "--isolated", "--force"]) == 0
    assert "inf" not in capsys.readouterr().out.partition("measured")[2]


def test_data_is_what_outputs_are_compared_on(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(WRONG)
    np.savez(path.parent / "zero.npz", x=np.zeros((2, 3), np.float32))
    assert codes(compiled(capsys, path, "--data", str(path.parent / "zero.npz"))[1]) == []
    np.savez(path.parent / "one.npz", x=np.ones((2, 3), np.float32))
    assert codes(compiled(capsys, path, "--force", "--data", str(path.parent / "one.npz"))[1]) == ["GF301"]


def test_an_artifact_that_does_not_run_is_said_like_one_that_is_wrong(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = compiled(capsys, write(Example("[broken] y = Relu(x)")))
    assert (code, codes(result)) == (0, ["GF301"])
    assert "no such kernel" in result["findings"][0]["message"]


def test_a_model_that_runs_and_cannot_be_written_is_accepted_without_an_artifact(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(Example("[unwritten] y = Relu(x)"))
    code, result = compiled(capsys, path)
    assert (code, codes(result)) == (1, ["GF113"])
    assert result["compiler"]["accepted"]
    assert result["findings"][0]["node"] == "unwritten"
    assert [item.name for item in path.parent.iterdir()] == ["model.onnx"]


def test_onnxruntime_is_heard_first(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    _, result = compiled(capsys, write(Example("[bad] z = example.Mystery(x)\ny = Relu(z)")))
    assert codes(result)[0] == "GF112"
    assert "Mystery" in result["findings"][0]["message"]
    assert result["findings"][0]["severity"] == "warning"


def test_random_outputs_are_not_compared(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    _, result = compiled(capsys, write(Example("n = RandomNormalLike(x)\n[wrong] y = Add(x, n)")))
    assert result["compiler"]["numerics"] is None
    assert "GF301" not in codes(result)


def test_ranges_sizes_and_gpus_reach_the_compiler(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example("y = Relu(x)", inputs="float[n,m] x"))
    compiled(capsys, path, "--shape", "1..2..8xm", "--compute-capability", "2.0")
    options = (path.parent / "out.demo").read_text()
    assert "'capabilities': '2.0'" in options
    assert "{'x': [[1, 512], [2, 512], [8, 512]]}" in options
    assert main(["compile", str(path), "-t", "demo", "-o", "o", "--compute-capability", "3.0", "--isolated"]) == 2


def test_bound_inputs_leave_the_comparison(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example("y = Mul(x, s)", inputs="float[n,3] x, float s"))
    _, result = compiled(capsys, path, "--set", "s=2.5", "--shape", "x=4x3")
    assert (result["compiler"]["numerics"], result["compiler"]["error"]) == ("match", 0.0)


def test_lint_confirms_each_model_and_fails_on_the_compilers_word(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(write(GOOD, "good.onnx")), str(write(BAD, "bad.onnx"))]
    assert main(["lint", *paths, "-t", "demo", "--confirm", "--isolated"]) == 1
    text = capsys.readouterr().out
    assert f"{paths[0]}: predicted accepted by demo 1.0, accepted by demo" in text
    assert f"{paths[1]}: predicted accepted by demo 1.0, rejected by demo" in text
    assert text.index("GF902") < text.index("GF111")


CEIL = "[{}] y = MaxPool<kernel_shape = [2, 2], ceil_mode = 1>(x)"


def test_lint_refutes_wrong_numerics_that_the_compiler_does_not_show(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    for name, severities in (("good", ["note"]), ("wrong", ["warning", "warning"]), ("broken", ["warning", "warning"])):
        path = str(write(Example(CEIL.format(name), inputs="float[1,1,5,5] x"), f"{name}.onnx"))
        assert main(["lint", path, "-t", "demo", "--confirm", "--isolated", "--output-format", "json"]) == 0
        found = [f for f in json.loads(capsys.readouterr().out)["results"][0]["findings"] if f["code"] == "GF301"]
        assert [finding["severity"] for finding in found] == severities, name
        assert any("not so here" in finding["message"] for finding in found) == (name == "good")


def test_a_version_that_is_not_installed_is_said(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write(GOOD))
    assert main(["compile", path, "-t", "demo@0.1", "-o", "o.demo", "--isolated"]) == 2
    assert "graphfix backends install demo@0.1" in capsys.readouterr().err
    assert main(["lint", path, "-t", "demo@1.0", "--confirm", "--isolated"]) == 0
    assert "demo@1.0 is not run" in capsys.readouterr().err


def test_backends_are_listed_with_what_they_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backends"]) == 0
    head, row, measured = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "backend"
    assert row.split()[0] == "demo"
    assert row.split()[2:5] == ["no", "yes", "yes"]
    assert measured.split()[:3] == ["demo", "1.0", "yes"]


def test_compile_from_python(write: Write, tmp_path: Path) -> None:
    done = graphfix.compile(GOOD.model, target="demo", output=tmp_path / "a.demo")
    assert (done.verdict.accepted, done.output, done.result.verdict) == (True, tmp_path / "a.demo", "accepted")
    refused = graphfix.compile(write(BAD), target="demo", output=tmp_path / "b.demo", shapes={"x": [2, 3]})
    assert (refused.verdict.accepted, refused.output) == (False, None)
    with pytest.raises(OutputError):
        graphfix.compile(GOOD.model, target="demo", output=tmp_path / "a.demo")


@pytest.mark.parametrize("code", ["GF111", "GF112", "GF113", "GF902"])
def test_what_asking_finds_is_explained(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", code]) == 0
    text = capsys.readouterr().out
    assert text.startswith(code)
    assert "Why:" in text
    assert "Instead:" in text


def test_two_files_are_placed_together_and_vanish_when_not_put(tmp_path: Path) -> None:
    goal = tmp_path / "m.xml"
    check_artifact_path(goal, ".xml", force=False)
    with PendingArtifact(goal) as draft:
        draft.path.write_text("xml")
        draft.path.with_suffix(".bin").write_text("bin")
    assert list(tmp_path.iterdir()) == []
    with PendingArtifact(goal) as draft:
        draft.path.write_text("xml")
        draft.path.with_suffix(".bin").write_text("bin")
        draft.commit()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["m.bin", "m.xml"]
    with pytest.raises(OutputError):
        check_artifact_path(goal, ".xml", force=False)
    with pytest.raises(UsageError, match=r"does not end with \.xml"):
        check_artifact_path(tmp_path / "m.ir", ".xml", force=False)


def test_a_folder_is_replaced_whole_and_only_one_of_its_kind(tmp_path: Path) -> None:
    goal = tmp_path / "m.mlpackage"
    for content in ("old", "new"):
        check_artifact_path(goal, ".mlpackage", force=True)
        with PendingArtifact(goal) as draft:
            draft.path.mkdir()
            (draft.path / "Manifest.json").write_text(content)
            (draft.path / content).touch()
            draft.commit()
    assert sorted(item.name for item in goal.iterdir()) == ["Manifest.json", "new"]
    with pytest.raises(OutputError):
        check_artifact_path(goal, ".mlpackage", force=False)
    (tmp_path / "other.mlpackage").mkdir()
    (tmp_path / "other.mlpackage" / "thesis.tex").touch()
    with pytest.raises(OutputError, match=r"no \.mlpackage"):
        check_artifact_path(tmp_path / "other.mlpackage", ".mlpackage", force=True)


def test_free_dims_are_tried_at_the_sizes_of_sequences_and_pictures() -> None:
    sound = Example("y = Relu(x)", inputs="float[n,t] x").model
    picture = Example("y = GlobalAveragePool(x)", inputs="float[n,3,h,w] x").model
    assert run_reference(sound).sizes == {"x": (1, 512)}
    assert run_reference(picture).sizes == {"x": (1, 3, 224, 224)}


def test_states_whose_middle_dim_is_a_batch_are_run_with_one() -> None:
    model = Example("y = Concat<axis = 2>(x, s)", inputs="float[2,1,k] x, float[2,?,k] s").model
    seen: Feed = run_reference(model).feed
    assert seen["s"].shape[1] == 1


def test_an_input_with_numbers_for_outputs_is_preferred() -> None:
    found = run_reference(Example("z = Neg(x)\ny = Sqrt(z)", inputs="float x").model)  # the first seed gives NaN
    assert np.isfinite(found.outputs[0]).all()


def test_seeded_inputs_that_make_no_sense_are_not_compared_on_but_the_users_are(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(Example("o = Constant<value_floats = [0.0]>()\nn = Div(o, o)\n[wrong] y = Add(x, n)"))
    assert compiled(capsys, path)[1]["compiler"]["numerics"] is None
    np.savez(path.parent / "one.npz", x=np.ones((2, 3), np.float32))
    assert compiled(capsys, path, "--force", "--data", str(path.parent / "one.npz"))[1]["compiler"]["error"] == 0.0
