"""The text report on one screen: the verdicts as a matrix, equal causes once, notes counted, whole sentences."""

from __future__ import annotations

import dataclasses
import io
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from graphfix.cli.app import main
from graphfix.linter.diagnostics import Finding, Fix, NextStep, Result, Severity
from graphfix.report.labels import label
from graphfix.report.paragraphs import whole_clauses
from graphfix.report.text import render
from graphfix.report.verdict_matrix import fixes, rejected_nodes
from graphfix.tables.table import table
from graphfix.tables.versions import EVERY, groups, targets

TITLES = {"tract": "tract 0.23.9", "openvino": "OpenVINO (CPU) 2026.4.1"}


def finding(target: str, node: str = "r", *, message: str = "", **more: object) -> Finding:
    """A Resize that a target rejects, in the words of its table."""
    text = message or f"`Resize` with mode cubic is rejected by {TITLES[target]}; it accepts mode linear"
    made = Finding(
        "GF103", "unsupported-attribute", Severity.ERROR, target, text, node=node, op="Resize", output=node, kind="attribute",
        evidence=f"{target}/Resize/cubic", rewrite=Fix("resize-by-matmul", "exact", fixed=2, of=3),
    )  # fmt: skip
    return dataclasses.replace(made, **more)  # type: ignore[arg-type]


def result(target: str, *findings: Finding, **more: object) -> Result:
    return Result("m.onnx", target, "1.0", 9, list(findings), title=TITLES[target], **more)  # type: ignore[arg-type]


def text(*results: Result, full: bool = False) -> str:
    out = io.StringIO()
    render(results, out, full=full)
    return out.getvalue()


def test_equal_causes_are_one_paragraph_that_names_the_targets() -> None:
    said = text(result("tract", finding("tract")), result("openvino", finding("openvino"), finding("openvino", "s")))
    said = " ".join(said.split())
    assert said.count("GF103") == 1
    assert "[both targets] `Resize` with mode cubic is rejected; it accepts mode linear" in said
    assert "at r, s fix" in said, "a node that two targets reject is one node"
    assert "fixed 4 of 6 probes" in said, "the counts of all targets together"


def test_causes_with_other_fixes_stay_apart_and_name_their_target() -> None:
    said = text(result("tract", finding("tract")), result("openvino", finding("openvino", rewrite=None)))
    assert "[tract] `Resize`" in said
    assert "[openvino] `Resize`" in said


def test_a_message_that_begins_with_the_compiler_names_all_of_them() -> None:
    cannot = {name: finding(name, message=f"{TITLES[name]} cannot slice by a length known at run time") for name in TITLES}
    said = text(result("tract", cannot["tract"]), result("openvino", cannot["openvino"]))
    said = " ".join(said.split())
    assert "[both targets] tract and openvino cannot slice by a length known at run time" in said


def test_notes_are_counted_and_shown_on_request() -> None:
    notes = [finding("tract", f"n{n}", severity=Severity.NOTE, kind="activation") for n in range(404)]
    found = result("tract", finding("tract", "r", code="GF101", evidence="e"), *notes)
    assert "and 404 notes; show them with --full" in text(found)
    assert "n403" not in text(found)
    assert "n403" in text(found, full=True)


def test_what_leaves_a_target_undecided_is_shown_although_it_is_a_note() -> None:
    open_ = finding("tract", code="GF109", severity=Severity.NOTE, kind="unmeasured", message="`Cos` was not measured")
    assert "`Cos` was not measured" in text(result("tract", open_))
    assert "`Cos` was not measured" not in text(result("tract", open_, finding("tract", "s")))


def test_what_rejects_the_whole_model_comes_before_what_rejects_nodes() -> None:
    whole = finding(
        "tract", op="", node="", output="", kind="dynamic", rewrite=None, message="a model with dynamic dims is rejected"
    )
    nodes = [finding("tract", f"r{n}", kind="dynamic") for n in range(5)]
    said = text(result("tract", *nodes, whole))
    assert said.index("a model with dynamic dims") < said.index("`Resize`")


def test_a_sentence_is_shortened_by_whole_clauses() -> None:
    sentence = "`If` with branches of another rank and a condition that is computed from dims is rejected"
    assert " ".join(whole_clauses(f"{sentence}; it accepts this; or that", 60, 1)) == sentence
    assert " ".join(whole_clauses(sentence, 20, 2)) == sentence, "the first clause is never cut"


@pytest.mark.parametrize(
    ("found", "step", "said"),
    [
        ([finding("tract")], None, "fix"),
        ([finding("tract", rewrite=None)], None, "nothing known"),
        ([finding("tract"), finding("tract", "s", rewrite=None)], None, "fix; nothing known for 1"),
        (
            [finding("tract", cure="--set sr=16000"), finding("tract", "s")],
            NextStep(values=(("sr", "16000"),), shapes=(("x", (1, 2)),), before=2, after=1),
            "--set sr=16000 --shape, fix",
        ),
        ([finding("tract", cure="")], NextStep(values=(("sr", "16000"),), before=1, after=0), "fix"),
        ([finding("tract", rewrite=None)], NextStep(outputs=("z",), before=1), "--drop-output z; nothing known for 1"),
        ([], None, ""),
    ],
)
def test_a_row_says_what_helps_its_target(found: list[Finding], step: NextStep | None, said: str) -> None:
    assert fixes(result("tract", *found, next=step)) == said


def test_rejected_nodes_are_counted_once_each() -> None:
    assert rejected_nodes(result("tract", finding("tract"), finding("tract", code="GF106"))) == "1 of 9"
    assert rejected_nodes(result("tract", finding("tract", op="", node="", output=""))) == "whole model"
    assert rejected_nodes(result("tract")) == "none"


def test_a_compiler_that_was_run_confirms_or_contradicts_in_its_row() -> None:
    ran = {"accepted": True, "predicted": "accepted", "version": "1"}
    said = text(result("tract", compiler=ran), result("openvino", compiler=ran | {"accepted": False}))
    assert re.search(r"tract 1.0 +accepted, confirmed +none$", said, re.MULTILINE)
    assert re.search(r"openvino 1.0 +rejected \(predicted: accepted\) +none$", said, re.MULTILINE)


@pytest.mark.parametrize("columns", [60, 70, 80, 100])
def test_a_narrow_terminal_puts_what_helps_under_the_row(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    step = NextStep(values=(("sr", "16000"),), shapes=(("x", (1, 2)),), before=2)
    measured = {"measured_on": "onnx2coreml 1.1.0, coremltools 9.0", "next": step}
    said = text(result("tract", finding("tract"), **measured), result("openvino", finding("openvino"), **measured))
    assert max(map(len, said.splitlines())) <= columns
    assert " ".join(said.split()).count("--set sr=16000 --shape, fix") == 2
    assert ("    helps: --set" in said) == (columns < 100)


def test_labels_name_what_was_measured_with_the_table_s_version() -> None:
    for target in targets():
        rules = table(target)
        name = label(Result("m", target, rules.version, measured_on=rules.measured_on))
        release = ".".join(rules.version.split(".")[:3])
        assert release in name
        assert "{" not in name
    older = table("openvino@2025.4")
    assert label(Result("m", "openvino", older.version, measured_on=older.measured_on)) == "openvino (OpenVINO 2025.4.1, CPU)"
    stand_in = Result("m", "tflite", "2.6.9", measured_on="onnx2tf 2.6.9, LiteRT 2.1.2", called="tflite@2.7")
    assert label(stand_in) == "tflite (onnx2tf 2.6.9, LiteRT 2.1.2, for 2.7)"


def detector(blocks: int) -> onnx.ModelProto:
    """A model like a YOLO: convolutions with SiLU, a Resize, a Concat and a Reshape, of dynamic dims."""
    random, nodes, weights = np.random.default_rng(0), [], []

    def conv(x: str, channels: int) -> str:
        name = f"/model.{len(weights)}"
        weights.append(numpy_helper.from_array(random.normal(size=(8, channels, 3, 3)).astype("f4"), f"w{len(weights)}"))
        nodes.append(helper.make_node("Conv", [x, weights[-1].name], [f"{name}/c"], name=f"{name}/Conv", pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Sigmoid", [f"{name}/c"], [f"{name}/s"], name=f"{name}/Sigmoid"))
        nodes.append(helper.make_node("Mul", [f"{name}/c", f"{name}/s"], [f"{name}/m"], name=f"{name}/Mul"))
        return f"{name}/m"

    x = conv("images", 3)
    for _ in range(blocks):
        x = conv(x, 8)
    constants = {"scales": np.array([1, 1, 2, 2], "f4"), "zero": np.array([0]), "rest": np.array([8, -1])}
    nodes += [
        helper.make_node("Resize", [x, "", "scales"], ["up"], name="up", mode="nearest"),
        helper.make_node("Concat", ["up", "up"], ["both"], name="both", axis=1),
        helper.make_node("Shape", [x], ["dims"], name="dims"),
        helper.make_node("Gather", ["dims", "zero"], ["batch"], name="batch"),
        helper.make_node("Concat", ["batch", "rest"], ["target"], name="target", axis=0),
        helper.make_node("Reshape", ["both", "target"], ["y"], name="reshape"),
    ]
    weights += [numpy_helper.from_array(value, name) for name, value in constants.items()]
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, "height", "width"])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "yolo", [image], [out], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_a_detector_is_one_screen_for_all_targets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    onnx.save(detector(80), "yolo.onnx")
    main(["lint", "yolo.onnx", "--target", "all", "--isolated"])
    lines = capsys.readouterr().out.splitlines()
    command, *rest = [line for line in lines if line.startswith("  try first ")]
    assert not rest
    assert "--shape images=1x3x224x224" in "".join(lines[:3])
    assert all(len(line) <= 100 for line in lines if line != command)
    assert len(lines) + len(command) // 100 <= 25
    assert re.search(r"and \d{3} notes; show them with --full", "\n".join(lines))
    for target in groups()[EVERY]:
        assert sum(line.startswith(f"  {target} ") for line in lines) == 1, "a row of the matrix for each target"


def test_what_several_compilers_do_is_said_in_the_plural() -> None:
    some = [result(name, finding(name, message=f"{TITLES[name]} itself rejects the model")) for name in TITLES]
    assert "tract and openvino themselves reject the model" in " ".join(text(*some).split())
