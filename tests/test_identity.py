"""What tells findings apart: it outlives a re-export that numbers nodes anew, and no two findings of a result share it."""

from __future__ import annotations

import re
from pathlib import Path

import onnx
import pytest

from graphfix.linter.engine import judge
from graphfix.linter.example import Example
from graphfix.linter.fingerprints import signature, unnumbered

pytestmark = pytest.mark.usefixtures("demo")
FIRST = "[Mish_3] a3 = Mish(x)\n[Add_4] a4 = Add(a3, x)\n[Mish_5] b5 = Mish(a4)\n[Mish_6] b6 = Mish(b5)\n[Relu_7] y = Relu(b6)"


def renumbered(text: str, by: int) -> str:
    """The nodes with every number that an exporter gives out counted on."""
    return re.sub(r"(?<=[_ab])\d+", lambda found: str(int(found[0]) + by), text)


def fingerprints(nodes: str) -> list[str]:
    (result,) = judge(Example(nodes).model, ["demo"])
    return [finding.fingerprint for finding in result.findings]


def test_two_exports_that_number_nodes_differently_have_equal_fingerprints() -> None:
    other = renumbered(FIRST, 17)
    assert other != FIRST
    assert sorted(fingerprints(FIRST)) == sorted(fingerprints(other))


def test_a_node_more_at_the_front_changes_no_other_fingerprint() -> None:
    before = set(fingerprints("v1 = Mish(x)\nv2 = Add(v1, x)\ny = Mish(v2)"))
    after = set(fingerprints("v1 = Relu(x)\nv2 = Mish(v1)\nv3 = Add(v2, x)\ny = Mish(v3)"))
    assert before == after


def test_findings_alike_but_for_their_numbering_are_counted_apart() -> None:
    found = fingerprints("v1 = Mish(x)\nv2 = Mish(v1)\ny = Mish(v2)")
    assert len(set(found)) == len(found)
    assert set(fingerprints("v1 = Mish(x)\ny = Mish(v1)")) < set(found), "one finding fewer leaves the others as they were"


@pytest.mark.parametrize(
    ("names", "common"),
    [
        (("/layers.3/attn/MatMul_output_0", "/layers.3/attn/MatMul_2_output_0"), "/layers.3/attn/MatMul_output"),
        (("/layer1/conv/Conv_output_0",), "/layer1/conv/Conv_output"),
        (("onnx::Add_345", "onnx::Add_7"), "onnx::Add"),
        (("add", "add_1", "add_27"), "add"),
        (("conv2d", "conv2d_3"), "conv#d"),
        (("x.1", "x.35"), "x"),
        (("Const__12", "Const__345"), "Const"),
        (("345", "7"), "#"),
        (("then_branch of If_3", "then_branch of If"), "then_branch of If"),
        (("If_0_else_branch__Inline_0__/rnn/If_4", "If_2_else_branch__Inline_8__/rnn/If"), "If_else_branch__Inline__/rnn/If"),
    ],
)
def test_numbers_that_exporters_give_out_go_and_those_of_a_modules_path_stay(names: tuple[str, ...], common: str) -> None:
    assert {unnumbered(name) for name in names} == {common}


def test_modules_are_told_apart_by_their_own_numbers() -> None:
    assert unnumbered("/layers.3/Relu_output_0") != unnumbered("/layers.4/Relu_output_0")
    assert unnumbered("/layer1/Relu_output_0") != unnumbered("/layer2/Relu_output_0")
    assert unnumbered("/decoder/2/Conv_output_0") != unnumbered("/decoder/3/Conv_output_0")


def test_a_version_that_was_asked_for_is_told_apart() -> None:
    model = Example("y = Mish(x)").model
    plain, versioned = judge(model, ["demo", "demo@1.0"])
    assert {f.fingerprint for f in plain.findings}.isdisjoint(f.fingerprint for f in versioned.findings)


def test_the_signature_is_of_the_interface_and_of_no_number_in_it() -> None:
    one = signature([("x", "float32", 2)], ["out_12"])
    assert one == signature([("x", "float32", 2)], ["out_99"])
    assert one != signature([("x", "float32", 3)], ["out_12"])
    assert one != signature([("x", "float32", 2), ("z", "float32", 2)], ["out_12"])


def test_a_model_that_moved_keeps_its_fingerprints(tmp_path: Path) -> None:
    from graphfix.linter.engine import lint_file

    model = Example("y = Mish(x)").model
    found = []
    for name in ("a.onnx", "b.onnx"):
        onnx.save(model, tmp_path / name)
        (result,) = lint_file(tmp_path / name, ["demo"])
        found.append(([f.fingerprint for f in result.findings], result.signature))
    assert found[0] == found[1]
