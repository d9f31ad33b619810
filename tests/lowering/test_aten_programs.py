"""Programs of torch as graphs of ATen operators: their facets, the verdicts on them, and how often these are ExecuTorch's own."""

from __future__ import annotations

import json
import lzma
import subprocess
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from graphfix import api
from graphfix.analysis.facets.stored import is_torch_program, stored_facets
from graphfix.analysis.patterns.registry import PATTERNS
from graphfix.backends.session import Session
from graphfix.backends.toolchain import find
from graphfix.cli.app import main
from graphfix.errors import UsageError
from graphfix.linter.engine import lint_model
from graphfix.lowering.programs import program_model
from graphfix.probe.aten.form import calls
from graphfix.probe.aten.forms import aten_forms
from graphfix.probe.aten.run import WORKER
from graphfix.tables.table import table
from graphfix.tables.versions import about_target, by_start, engine, rules_home, starts_from_torch

HERE = Path(__file__).parent
RECORDED = HERE / "aten_programs.jsonl.xz"
TARGET = "executorch-xnnpack"
LEAST, RECORDED_PROGRAMS = 1.0, 60
"""The share of right verdicts, an undecided one being wrong, and the number of programs that they are compared on."""
RELU = {
    "overload": "default", "self.from": "runtime", "self.dtype": "float32", "self.rank": 3, "self.dims": "static",
    "result.dtype": "float32",
}  # fmt: skip


def described(op: str, **facets: Any) -> dict[str, Any]:
    """A program of one operator, as a worker describes it."""
    value = {"dtype": "float32", "shape": [2, "n", 4]}
    node = {
        "name": "node", "domain": "aten", "op": op, "facets": {**RELU, **facets}, "inputs": ["x"], "outputs": ["y"],
        "stack": 'File "/home/me/net.py", line 7, in forward\n    return f(x)', "modules": ["", "body.act", "node"],
    }  # fmt: skip
    return {"inputs": [{"name": "x", **value}], "nodes": [node], "outputs": [{"name": "y", **value}]}


def recorded() -> list[dict[str, Any]]:
    """The lines about the programs."""
    return [json.loads(line) for line in lzma.decompress(RECORDED.read_bytes()).decode().splitlines()]


# The graph of a program


def test_a_program_becomes_a_graph_whose_nodes_hold_their_facets_and_lines() -> None:
    model = program_model(described("relu"))
    onnx.checker.check_model(model, check_custom_domain=False)
    (node,) = model.graph.node
    assert (node.domain, node.op_type, is_torch_program(model)) == ("aten", "relu", True)
    assert stored_facets(node) == RELU
    assert [dim.dim_param or dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim] == [2, "n", 4]


def test_metadata_that_hold_no_facets_are_none() -> None:
    node = helper.make_node("f", ["x"], ["y"], domain="aten")
    assert stored_facets(node) is None
    for text in ("{", "[1]", '{"a": [1]}'):
        del node.metadata_props[:]
        node.metadata_props.add(key="graphfix.facets", value=text)
        assert stored_facets(node) is None


# Verdicts


def test_what_a_delegate_leaves_is_told_with_its_line_and_is_no_rejection() -> None:
    (taken,) = lint_model(program_model(described("relu")), [TARGET])
    assert (taken.verdict, [one.code for one in taken.findings]) == ("accepted", ["GF904"])
    other = described("relu", **{"self.dtype": "int64", "result.dtype": "int64"})
    (left,) = lint_model(program_model(other), [TARGET], statistics=True)
    found = next(one for one in left.findings if one.code == "GF404")
    assert (left.verdict, found.severity.value) == ("accepted", "warning")
    assert "leaves `relu` with dtype int64 of `self` to the portable kernels" in found.message
    assert str(found.source) == "body.act (net.py:7)"
    assert found.evidence is not None
    assert found.evidence.startswith("executorch-xnnpack/aten.relu/")
    assert left.statistics == {"nodes": 1, "supported": 0, "islands": [], "placement": table(TARGET).placement}


def test_what_the_portable_kernels_do_not_take_either_is_a_rejection() -> None:
    found = {target: lint_model(program_model(described("cummax")), [target])[0] for target in ("executorch", TARGET)}
    for result in found.values():
        error = next(one for one in result.findings if one.severity.value == "error")
        assert (result.verdict, error.evidence) == ("rejected", "executorch/aten.cummax/unsupported")
        assert "not in Core ATen" in error.measured
        assert result.next is None, "no rewrite is for programs"


def test_an_operator_without_probes_leaves_the_verdict_open() -> None:
    (result,) = lint_model(program_model(described("no_such_operator")), [TARGET])
    assert result.verdict == "undecided"
    assert any("was not measured on ExecuTorch with XNNPACK" in one.message for one in result.findings)


def test_each_kind_of_target_takes_its_own_form_of_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    model = helper.make_model(helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y]))
    path = tmp_path / "m.onnx"
    onnx.save(model, path)
    said = "ExecuTorch starts from torch, and this is an ONNX model"
    with pytest.raises(UsageError, match=said):
        api.lint(model, TARGET)
    for command in (["lint"], ["fix", "-o", str(tmp_path / "n.onnx")]):
        assert main([command[0], str(path), "--target", TARGET, "--isolated", *command[1:]]) == 2
        assert said in capsys.readouterr().err
    assert (starts_from_torch(f"{TARGET}@1.5.1"), starts_from_torch("tract"), engine(TARGET)) == (True, False, "executorch")
    assert by_start(["tract", TARGET, "tflite", "executorch"]) == [("tract", "tflite"), (TARGET,), ("executorch",)]
    assert main(["lint", "net.py:make", "--target", TARGET, "--isolated", "--confirm"]) == 2


# The real compiler


def predicted(line: dict[str, Any]) -> tuple[str | None, int]:
    """The verdict on a recorded program, and how many of its operators are said to be left to the portable kernels."""
    (result,) = lint_model(program_model(line["program"]), [TARGET])
    return result.verdict, sum(one.code == "GF404" for one in result.findings)


def test_verdicts_on_programs_are_those_of_executorch() -> None:
    lines = recorded()
    assert len(lines) >= RECORDED_PROGRAMS
    wrong = [line["name"] for line in lines if predicted(line)[0] != ("accepted" if line["accepted"] else "rejected")]
    assert 1 - len(wrong) / len(lines) >= LEAST, wrong


def test_no_facet_of_other_targets_has_the_name_of_an_argument() -> None:
    paths = [path for path in (rules_home() / "executorch").glob("*/*.json") if path.name != "agreement.json"]
    arguments = {name for path in paths for name in json.loads(path.read_text())["axes"]}
    assert len(arguments) > 50
    for pattern in PATTERNS:
        assert not (pattern.own and arguments & set(pattern.usual)), pattern


@pytest.mark.compiler
def test_the_operators_that_stay_whole_are_those_that_the_partitioner_names() -> None:
    toolchain = find("executorch")
    if toolchain is None:
        pytest.skip("ExecuTorch is not installed")
    with Session(WORKER, python=toolchain.python, deadline=120.0, memory_gib=8.0) as session:
        found = session.send({"partitioner": "xnnpack"}, deadline=120.0)["kept"]
    assert found == about_target(TARGET)["kept"]


@pytest.mark.compiler
def test_a_view_is_judged_as_the_copy_that_it_becomes() -> None:
    toolchain = find("executorch")
    if toolchain is None:
        pytest.skip("ExecuTorch is not installed")
    asked = [next(calls(aten_forms()[name][0])).to_json() for name in ("aten.unfold", "aten.view_as_real", "aten.cumprod")]
    with Session(WORKER, python=toolchain.python, deadline=120.0, memory_gib=8.0) as session:
        answers = session.send({"calls": asked, "partitioner": ""}, deadline=120.0)["answers"]
    assert [one["verdict"] for one in answers] == ["works", "works", "rejected"]
    assert "not in Core ATen" in answers[2]["said"]


@pytest.mark.compiler
@pytest.mark.slow
def test_executorch_still_makes_of_the_programs_what_is_recorded(tmp_path: Path) -> None:
    toolchain = find("executorch")
    if toolchain is None:
        pytest.skip("ExecuTorch is not installed")
    out = tmp_path / "programs.jsonl.xz"
    subprocess.run([toolchain.python, str(HERE / "record_aten_programs.py"), str(out)], check=True, cwd=tmp_path)
    now = {line["name"]: line for line in map(json.loads, lzma.decompress(out.read_bytes()).decode().splitlines())}
    for line in recorded():
        assert {key: now[line["name"]][key] for key in ("accepted", "taken", "left")} == {
            key: line[key] for key in ("accepted", "taken", "left")
        }, line["name"]
