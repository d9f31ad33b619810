"""Targets that use another one's table and ask for the interface of an image classifier: lint, fix, and what compile refuses."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest

import graphfix
from graphfix.backends.base import backend
from graphfix.backends.compile.case import Case
from graphfix.backends.compile.compile import compile_case
from graphfix.backends.compile.findings import compiler_findings
from graphfix.backends.compile.image_artifact import IDENTITY, classifier_file, read_labels
from graphfix.backends.toolchain import find
from graphfix.backends.verdict import Verdict
from graphfix.cli.app import main
from graphfix.errors import ModelError, UsageError
from graphfix.linter.diagnostics import Result
from graphfix.linter.example import Example
from graphfix.tables.image_interface import NCHW, NHWC, image_interface
from graphfix.tables.table import table
from graphfix.tables.table_digest import table_digest
from graphfix.tables.versions import every_target, expanded_targets, targets, torch_targets

SCORES = "p = GlobalAveragePool(x)\ny = Flatten(p)"


def classifier(dims: str = "1,3,8,6", kind: str = "float", nodes: str = SCORES, outputs: str = "float[n,c] y") -> onnx.ModelProto:
    """A model that takes an image and gives one score for each channel."""
    return Example(nodes, inputs=f"{kind}[{dims}] x", outputs=outputs).model


def interface_findings(model: onnx.ModelProto) -> list[tuple[str, str]]:
    """The findings on the interface, each with its severity."""
    return [(one.code, one.severity.value) for one in graphfix.lint(model, "mlkit").findings if one.kind == "interface"]


# The table


def test_a_derived_target_is_judged_by_the_table_it_names() -> None:
    own, base = table("mlkit"), table("tflite")
    assert (own.version, own.folder, own.measured_target) == (base.version, base.folder, "tflite")
    model = Example("p = GlobalAveragePool(x)\nf = Flatten(p)\ny = Det(f)", inputs="float[1,3,8,8] x").model
    ours, theirs = (graphfix.lint(model, name).results[0] for name in ("mlkit", "tflite"))
    operators = [(one.code, one.message, one.evidence, one.measured) for one in ours.findings if not one.code.startswith("GF6")]
    assert operators == [(one.code, one.message, one.evidence, one.measured) for one in theirs.findings]
    assert any(evidence and evidence.startswith("tflite/") for *_, evidence, _ in operators)
    assert ours.measured_on == f"operators by the table of tflite: {theirs.measured_on}"


def test_facets_are_those_of_the_measured_target(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("graphfix.tables.table.facets_for_target", lambda target, facets: asked.append(target) or facets)
    table("mlkit").rule("Relu", "", {"X.dtype": "float32"})
    assert asked == ["tflite"]


def test_all_means_the_targets_with_tables_and_a_derived_one_is_named() -> None:
    every = expanded_targets(["all"])
    assert "mlkit" not in every
    assert set(every) <= set(targets())
    assert expanded_targets(["mlkit@2.6.9", "all"]) == ["mlkit@2.6.9", *every]
    assert every_target() == [*targets(), "mlkit", *torch_targets()]


def test_a_derived_target_is_listed_explained_and_has_the_compiler_of_its_base(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["targets", "--output-format", "json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["derived"]
    assert (told["target"], told["base"]) == ("mlkit", "tflite")
    assert main(["targets"]) == 0
    assert "mlkit: ML Kit (custom image classifier)\n  Operators are judged by the table of tflite" in capsys.readouterr().out
    assert main(["explain", "mlkit", "Det"]) == 0
    assert "Det" in capsys.readouterr().out
    assert backend("mlkit") is backend("tflite")
    assert find("mlkit") == find("tflite")


def test_an_operator_cannot_be_measured_for_a_derived_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "--target", "mlkit", "--op", "Relu"]) == 2
    assert "unknown target `mlkit`" in capsys.readouterr().err


def test_a_digest_covers_what_the_derived_target_asks_for(tmp_path: Path) -> None:
    for name, text in (("base", 'title = "Base"\n'), ("own", 'title = "Own"\nbase = "base"\n')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "target.toml").write_text(text)
    (tmp_path / "base" / "1.0").mkdir()
    first = table_digest("own", tmp_path)
    assert first != table_digest("base", tmp_path)
    table_digest.cache_clear()
    (tmp_path / "own" / "target.toml").write_text('title = "Mine"\nbase = "base"\n')
    assert table_digest("own", tmp_path) != first


# What is asked of the interface


def test_the_layout_is_where_the_channels_are() -> None:
    rules = image_interface(table("mlkit").about)
    assert rules is not None
    sizes: list[tuple[list[Any], str]] = [
        ([1, 3, 8, 6], NCHW), ([1, 8, 6, 3], NHWC), ([1, 3, 8, 3], NCHW), (["n", 3, "h", "w"], NCHW), (["n", "h", "w", 3], NHWC),
        ([None, None, None, None], NCHW), ([1, 4, 8, 6], ""), ([1, 3, 8], ""),
    ]  # fmt: skip
    for dims, layout in sizes:
        assert rules.layout(dims) == layout, dims
    assert [rules.holds_scores(dims) for dims in ([1, 9], [1, 1, 1, 9], [2, 9], [1, 2, 1, 9], [1, 1, 9], [1, "n"])] == [
        True, True, False, False, False, False,
    ]  # fmt: skip


def test_every_rule_speaks_on_what_it_is_about_alone() -> None:
    assert interface_findings(classifier(kind="uint8", nodes=f"f = Cast<to = 1>(x)\n{SCORES.replace('(x)', '(f)')}")) == []
    assert interface_findings(classifier()) == [("GF604", "warning")]
    assert interface_findings(classifier("1,4,8,6")) == [("GF601", "error")]
    assert interface_findings(classifier("2,3,8,6")) == [("GF602", "error"), ("GF605", "error"), ("GF604", "warning")]
    assert interface_findings(classifier("b,3,8,6")) == [("GF603", "error"), ("GF604", "warning")]
    assert interface_findings(classifier(nodes="y = Relu(x)", outputs="float y")) == [("GF605", "error"), ("GF604", "warning")]


def test_outputs_of_unknown_dims_leave_it_undecided() -> None:
    model = Example("y = Reshape(x, s)", inputs="float[1,3,8,6] x", outputs="float y").model
    model.graph.input.add(name="s").type.tensor_type.elem_type = 7
    found = graphfix.lint(model, "mlkit", values=None)
    assert any(one.code == "GF605" and one.kind == "undecided" and "`y`" in one.message for one in found.findings)


def test_a_finding_names_the_page_that_asks_for_it() -> None:
    (found,) = (one for one in graphfix.lint(classifier("1,4,8,6"), "mlkit").findings if one.code == "GF601")
    assert found.measured == "asked by https://developers.google.com/ml-kit/custom-models#model-compatibility"
    assert "`x` is 1x4x8x6, and ML Kit gives a model one image, 1xHxWx3" in found.message


# fix


def test_fix_brings_the_interface_there_and_names_the_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "m.onnx", tmp_path / "out.onnx"
    onnx.save(classifier("batch,3,8,6"), path)
    words = ["fix", str(path), "--isolated", "--target", "mlkit", "--normalize", "127.5,127.5", "-o", str(out), "--no-confirm"]
    assert main(words) == 0
    said = capsys.readouterr().out
    for change in ("freeze-dims (interface) at x", "switch-layout (interface) at x", "preprocess-input (interface) at x"):
        assert change in said
    (image,) = onnx.load(out).graph.input
    assert [dim.dim_value for dim in image.type.tensor_type.shape.dim] == [1, 8, 6, 3]
    assert image.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert interface_findings(onnx.load(out)) == []


def test_fix_leaves_floats_whose_scaling_nobody_gave_and_a_layout_that_was_requested() -> None:
    made = graphfix.fix(classifier("n,3,8,6"), "mlkit", confirm=False)
    (image,) = made.model.graph.input
    assert [dim.dim_value for dim in image.type.tensor_type.shape.dim] == [1, 8, 6, 3]
    assert image.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    other = graphfix.fix(classifier(), "tflite", confirm=False).model
    assert [dim.dim_value for dim in other.graph.input[0].type.tensor_type.shape.dim] == [1, 3, 8, 6]


# compile


class Mute:
    """A session with a compiler that must not be asked."""

    version = "2.6.9"


def test_a_model_with_another_interface_is_rejected_without_asking_the_compiler(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    onnx.save(classifier("1,4,8,6", kind="uint8", nodes=f"f = Cast<to = 1>(x)\n{SCORES.replace('(x)', '(f)')}"), path)
    made = compile_case(Case(path), "mlkit", Mute(), output=tmp_path / "m.tflite")  # type: ignore[arg-type]
    assert (made.verdict.accepted, made.output, made.result.verdict) == (False, None, "rejected")
    assert "1xHxWx3" in made.verdict.message
    assert made.result.compiler is not None
    assert made.result.compiler["accepted"] is False
    assert [one.code for one in made.result.findings if one.severity.value == "error"] == ["GF601"]


def test_the_compiler_contradicts_nothing_where_the_interface_is_what_is_rejected() -> None:
    findings = graphfix.lint(classifier("1,4,8,6"), "mlkit").results[0].findings
    prepared: Any = SimpleNamespace(reference=SimpleNamespace(loads=True), case=SimpleNamespace(path="m"), facts=None)
    for found, codes in ((findings, []), ([], ["GF902"])):
        result = Result("m", "mlkit", "2.6.9", findings=list(found), compiler={"predicted": "rejected", "version": "2.6.9"})
        told = compiler_findings(result, prepared, Verdict(True, "ok"), backend("mlkit"))
        assert [one.code for one in told] == codes


def test_labels_and_scaling_are_for_models_that_have_a_use_for_them() -> None:
    floats, last = classifier(), classifier("1,8,6,3")
    made, options = classifier_file("mlkit", last, ["a", "b"], ((127.5,), (127.5,)))
    assert made is not None
    assert (made.labels, made.scaling, options) == (("a", "b"), ((127.5,), (127.5,)), {"channels_last": ["x"]})
    made, options = classifier_file("mlkit", floats, (), ((1.0, 2.0, 3.0), (4.0,)))
    assert made is not None
    assert (made.scaling, options) == (((1.0, 2.0, 3.0), (4.0, 4.0, 4.0)), {"channels_last": []})
    raw, _ = classifier_file("mlkit", classifier(kind="uint8"), (), None)
    assert raw is not None
    assert raw.scaling == IDENTITY
    assert classifier_file("tract", floats, (), None) == (None, {})
    wrong: list[tuple[str, onnx.ModelProto, list[str], Any, str]] = [
        ("tract", floats, ["a"], None, "tract has no place for labels"),
        ("mlkit", floats, [], None, "nothing says how bytes are scaled"),
        ("mlkit", classifier(kind="uint8"), [], ((0.0,), (1.0,)), "nothing scales them"),
        ("mlkit", floats, [], ((1.0, 2.0), (1.0,)), "2 and 1 numbers are given for an image's 3 channels"),
        ("mlkit", floats, [], ((1.0, 2.0), (1.0, 2.0)), "2 numbers are given for an image's 3 channels"),
        ("mlkit", floats, [], ((1.0,), (0.0,)), "a deviation of 0"),
    ]
    for target, model, labels, scaling, says in wrong:
        with pytest.raises(UsageError, match=says):
            classifier_file(target, model, labels, scaling)


def test_labels_are_lines_of_a_text_file(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("cat\ntabby cat \n\ndog\n\n", "utf-8")
    assert read_labels(path) == ("cat", "tabby cat", "", "dog")
    assert read_labels(None) == ()
    path.write_text("\n")
    with pytest.raises(ModelError, match="has no labels"):
        read_labels(path)
    path.write_bytes(np.arange(200, 240, dtype=np.uint8).tobytes())
    for wrong in (path, tmp_path / "nowhere.txt"):
        with pytest.raises(ModelError, match="no text file of labels"):
            read_labels(wrong)
