"""Cutting a rejected model down to the smallest part that is rejected alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from graphfix.analysis.facts import Facts
from graphfix.backends.compile import extract as cutting
from graphfix.backends.compile.bisect_search import message_words
from graphfix.cli.app import main
from graphfix.ir import verifier as spec
from graphfix.linter.example import Example

Write = Callable[..., Path]

CHAIN = "\n".join(f"[n_{i}] v{i + 1} = Relu(v{i})" for i in range(20))


def cut(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[onnx.ModelProto, dict[str, Any]]:
    """The smallest part that `compile --bisect` writes, and what it says of it."""
    goal = path.parent / "part.onnx"
    arguments = ["compile", str(path), "-t", "demo", "-o", str(goal), "--bisect", "--isolated", "--output-format", "json", *more]
    assert main(arguments) == 1
    result = json.loads(capsys.readouterr().out)["results"][0]
    model = onnx.load(goal)
    assert not list(spec.violations(model))
    assert result["compiler"]["part"]["path"] == str(goal)
    return model, result


def named(model: onnx.ModelProto) -> list[str]:
    return [node.name for node in model.graph.node]


@pytest.mark.usefixtures("picky")
def test_a_named_node_is_found_at_once(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = CHAIN.replace("n_11]", "bad_11]")
    model, result = cut(write(Example(nodes, inputs="float[2,k] v0", outputs="float[2,k] v20")), capsys)
    assert named(model) == ["bad_11"]
    assert [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == [2, "k"]
    assert result["compiler"]["part"] | {"path": ""} == {"path": "", "operators": ["Relu"], "complete": True}


@pytest.mark.usefixtures("picky")
def test_two_nodes_far_apart_are_found_together(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = CHAIN.replace("n_3]", "pair_a]").replace("n_16]", "pair_b]")
    model, result = cut(write(Example(nodes, inputs="float[2,3] v0", outputs="float v20")), capsys)
    assert named(model) == ["pair_a", "pair_b"]
    contradicted, rejected = (f["message"] for f in result["findings"] if f["code"] in ("GF902", "GF111"))
    assert "part.onnx holds 2 nodes (Relu, Relu), enough to see it" in contradicted
    assert "names no node" in rejected


@pytest.mark.usefixtures("picky")
def test_a_body_is_lifted_out_of_its_node(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = """u = Relu(x)
        c = Constant<value_floats = [2.0]>()
        [choice] y = If(b) <
          then_branch = then () => (float[2,3] ty) { [bad_mul] t = Mul(u, c)
                                                [after] ty = Exp(t) },
          else_branch = else () => (float[2,3] ey) { [other] ey = Exp(u) }
        >"""
    model, _ = cut(write(Example(nodes, inputs="float[2,3] x, bool b")), capsys)
    assert named(model) == ["bad_mul"]
    assert [info.name for info in model.graph.input] == ["u"]
    assert [tensor.name for tensor in model.graph.initializer] == ["c"]


@pytest.mark.usefixtures("picky")
def test_an_accepted_model_leaves_no_part_and_the_artifact_has_its_own_place(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(Example("y = Relu(x)"))
    out, part = path.parent / "m.demo", path.parent / "m.rejected.onnx"
    assert main(["compile", str(path), "-t", "demo", "-o", str(out), "--bisect", "--isolated"]) == 0
    assert out.exists()
    assert not part.exists()
    bad = write(Example("[bad] y = Relu(x)"), "bad.onnx")
    assert main(["compile", str(bad), "-t", "demo", "-o", str(out), "--force", "--bisect", "--isolated"]) == 1
    assert named(onnx.load(part)) == ["bad"]
    assert "1 node (Relu)" in capsys.readouterr().out


@pytest.mark.usefixtures("picky")
def test_a_search_out_of_time_gives_what_it_has(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = CHAIN.replace("n_3]", "pair_a]").replace("n_16]", "pair_b]")
    model, result = cut(write(Example(nodes, inputs="float[2,3] v0", outputs="float v20")), capsys, "--bisect-time", "1e-6")
    assert len(model.graph.node) == 20
    assert result["compiler"]["part"]["complete"] is False


def test_a_part_keeps_constants_and_what_the_outside_reads() -> None:
    example = Example(
        "s = Shape(x)\na = Reshape(x, s)\nb = Add(a, w)\nc = Mul(b, a)\ny = Sub(c, b)",
        inputs="float[2,3] x", weights="float[3] w = {1, 2, 3}",
    )  # fmt: skip
    model = example.model
    part = cutting.extract_nodes(model, {1, 2}, Facts.of(model))
    assert part is not None
    assert [node.op_type for node in part.graph.node] == ["Reshape", "Add"]
    assert sorted(tensor.name for tensor in part.graph.initializer) == ["s", "w"]
    assert sorted(output.name for output in part.graph.output) == ["a", "b"]
    assert not list(spec.violations(part))


def test_names_numbers_and_places_do_not_make_another_message() -> None:
    first = message_words('Failed for node #5 "a/b" Reshape at src/x.rs:12: [1,2] to v28', {"a/b", "v28"})
    second = message_words('Failed for node #77 "c" Reshape at src/y.rs:9: [4] to 3', {"c"})
    assert first == second == {"failed", "for", "node", "reshape"}


@pytest.mark.compiler
@pytest.mark.parametrize("target", ["openvino", "tensorrt", "coreml", "tract"])
def test_real_compilers_are_cut_down_for(target: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    from graphfix.backends import toolchain

    if toolchain.find(target) is None:
        pytest.skip(f"{target} is not installed")
    nodes = CHAIN.replace("[n_11] v12 = Relu(v11)", "[odd] v12 = example.Odd(v11)\n[same] v12b = Relu(v11)").replace(
        "Relu(v12)", "Relu(v12b)"
    )
    path = write(Example(nodes + "\ny = Relu(v12b)", inputs="float[2,3] v0", outputs="float[2,3] v20, float[2,3] v12"))
    goal = path.parent / "part.onnx"
    assert main(["compile", str(path), "-t", target, "-o", str(goal), "--bisect", "--isolated"]) == 1
    assert named(onnx.load(goal)) == ["odd"]


def test_a_body_keeps_inputs_that_it_does_not_read() -> None:
    nodes = """a = Relu(x)
               y = Loop(n, c, a)<body = b (int64 i, bool k, float[2] h) => (bool q, float[2] s) {
                 q = Constant<value = bool {1}>()
                 s = Add(h, h) }>"""
    model = Example(nodes, inputs="float[2] x, int64 n, bool c", outputs="float[2] y").model
    made = cutting.extract_nodes(model, {1}, Facts.of(model))
    assert made is not None
    assert [info.name for info in made.graph.node[0].attribute[0].g.input] == ["i", "k", "h"]
    onnx.checker.check_model(made, full_check=True)
