"""lint's further options: annotated copies, overlays, explained verdicts, processes, timings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from graphfix.cli.app import main
from graphfix.linter.example import Example
from graphfix.report.model_explorer import COLOURS

Write = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("demo")
BRANCHES = Example(
    "c = Equal(sr, k)\n[pick] y = If(c) <then_branch = a () => (float[2,3] p) { p = Mish(x) }, "
    "else_branch = b () => (float[2,3] q) { [other] q = Neg(x) }>",
    inputs="float[2,3] x, int64 sr",
    weights="int64 k = {16000}",
)


def lint(*words: str | Path) -> int:
    return main(["lint", *map(str, words), "--target", "demo", "--isolated"])


def notes(model: onnx.ModelProto) -> dict[str, str]:
    """The notes on the nodes of a model and of its If, by the operator."""
    pick = next(node for node in model.graph.node if node.op_type == "If")
    inner = [node for attribute in pick.attribute for node in attribute.g.node]
    return {node.op_type: prop.value for node in [*model.graph.node, *inner] for prop in node.metadata_props}


def test_a_copy_holds_the_verdict_on_every_node_and_the_model_is_not_touched(write: Write, tmp_path: Path) -> None:
    path, out = write(BRANCHES), tmp_path / "told.onnx"
    before = path.read_bytes()
    assert lint(path, "--annotate", out) == 1
    assert path.read_bytes() == before
    model = onnx.load(out)
    found = notes(model)
    assert found["Mish"] == "rejected (demo/Mish/unsupported): unknown operator Mish"
    assert found["Neg"] == "supported"
    assert {prop.key: prop.value for prop in model.metadata_props} == {"graphfix.demo": "rejected by demo 1.0"}
    onnx.checker.check_model(model)


def test_an_annotated_copy_is_not_overwritten_unasked_and_its_notes_are_replaced(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write(BRANCHES), tmp_path / "told.onnx"
    lint(path, "--annotate", out)
    before = out.read_bytes()
    capsys.readouterr()
    assert lint(path, "--annotate", out) == 2
    assert "pass `--force`" in capsys.readouterr().err
    assert lint(out, "--annotate", out, "--force") == 1
    assert out.read_bytes() == before, "notes of an earlier time are replaced, not added to"


def test_weights_outside_the_file_are_copied_as_they_are(tmp_path: Path) -> None:
    weight = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "w"], ["y"])], "g",
        [helper.make_tensor_value_info("x", 1, [64, 64])], [helper.make_tensor_value_info("y", 1, [64, 64])],
        [numpy_helper.from_array(weight, "w")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    path, out = tmp_path / "in" / "m.onnx", tmp_path / "out" / "told.onnx"
    onnx.save(model, path, save_as_external_data=True, location="m.data", size_threshold=0)
    assert lint(path, "--annotate", out) == 0
    assert out.stat().st_size < weight.nbytes, "the weights stay outside"
    assert np.array_equal(numpy_helper.to_array(onnx.load(out).graph.initializer[0]), weight)


def test_an_overlay_holds_every_node_under_the_name_of_its_graph(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(write(BRANCHES), "--output-format", "model-explorer") == 1
    (data,) = json.loads(capsys.readouterr().out).values()
    assert {name: node["value"] for name, node in data["results"].items()} == {
        "node": "supported",
        "pick/then_branch/node": "rejected",
        "pick/else_branch/other": "supported",
        "pick": "supported",
    }
    assert data["results"]["pick"]["bgColor"] == COLOURS["supported"]


@pytest.mark.parametrize("words", [["--output-format", "model-explorer"], ["--annotate", "out.onnx"]])
def test_what_is_for_one_model_refuses_two(write: Write, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert lint(write(BRANCHES), write(BRANCHES, "b.onnx"), *words) == 2
    assert "is for one model, not 2" in capsys.readouterr().err


def test_a_verdict_is_explained_on_the_command_line(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(write(BRANCHES), "--explain-verdict", "p") == 0
    out = capsys.readouterr().out
    assert "`Mish` on Demo 1.0" in out
    assert 'unsupported (operator): always\n            4 probes for it, 0 against, at compile: "unknown operator Mish"' in out
    assert lint(write(BRANCHES), "--explain-verdict", "othr") == 2
    assert "did you mean `other`?" in capsys.readouterr().err


def test_several_processes_print_what_one_prints_in_the_same_order(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(7):
        write(Example("y = Mish(x)") if number % 2 else BRANCHES, f"m/{number}.onnx")
    (tmp_path / "m" / "3.onnx").write_bytes(b"")
    printed = []
    for jobs in ("1", "3"):
        assert lint(tmp_path / "m", "--jobs", jobs, "--output-format", "json") == 2
        printed.append(capsys.readouterr())
    assert printed[0] == printed[1]
    assert [result["model"][-6:] for result in json.loads(printed[0].out)["results"]] == [f"{n}.onnx" for n in range(7)]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_timings_go_to_stderr_and_name_the_stages(write: Write, capsys: pytest.CaptureFixture[str], jobs: str) -> None:
    lint(write(BRANCHES), write(BRANCHES, "b.onnx"), "--timings", "--jobs", jobs, "--output-format", "json")
    out, err = capsys.readouterr()
    json.loads(out)
    for stage in ("reading", "facts", "facets", "looking up demo", "printing", "in all"):
        assert stage in err


def test_fix_refuses_an_overlay_before_it_writes_anything(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["fix", str(write(BRANCHES)), "--target", "demo", "--isolated", "-o", str(tmp_path / "out.onnx")]
    assert main([*words, "--output-format", "model-explorer"]) == 2
    assert "only `graphfix lint` writes the model-explorer format" in capsys.readouterr().err
    assert not (tmp_path / "out.onnx").exists()
