"""Nodes with their surroundings: what is cut out of a model, and what a compiler's words about a cut are evidence of."""

from __future__ import annotations

import sys
from pathlib import Path

import onnx
import pytest
from onnx import parser, printer

from graphfix.analysis.facets.node import facets
from graphfix.backends.verdict import Verdict
from graphfix.probe.build import Probe, probes
from graphfix.probe.distil import distil
from graphfix.probe.form import CONTEXT, TextProbe
from graphfix.probe.forms.contexts import read
from graphfix.probe.graph_builder import SUPPORT_PREFIX
from graphfix.probe.measure import Evidence, evidence_of
from graphfix.probe.subject import NODE

sys.path.append(str(Path(__file__).resolve().parents[2] / "fixtures" / "corpus"))
from split import is_held_out
from surroundings import Surroundings, Uncuttable

MODEL = """<ir_version: 8, opset_import: ["": 17]> g (float[batch, 4, 6] image) => (float[batch, sizes] out) {
  [first] a = Relu (image)
  s = Shape (a)
  zero = Constant <value = int64[1] {0}> ()
  size = Gather (s, zero)
  rest = Constant <value = int64[1] {-1}> ()
  target = Concat <axis = 0> (size, rest)
  [inner] c = Add (a, bias)
  [flat] r = Reshape (c, target)
  [last] out = Sigmoid (r)
}"""


def whole() -> Surroundings:
    model = parser.parse_model(MODEL)
    model.graph.initializer.append(onnx.helper.make_tensor("bias", onnx.TensorProto.FLOAT, [6], [0.5] * 6))
    return Surroundings(model)


def probe_of(up: int, down: int, name: str = "flat") -> tuple[Probe, Surroundings]:
    source = whole()
    node = next(node for node in source.nodes if node.label == name)
    model, weights = source.cut(node, up, down)
    text = printer.to_text(model)
    assert printer.to_text(parser.parse_model(text)) == text
    (probe,) = probes([TextProbe(node.op, "a cut", text, (CONTEXT,), weights=weights)]).probes
    assert probe.facets == facets(node)
    return probe, source


def ops(probe: Probe) -> list[str]:
    return [node.op_type for node in probe.model.graph.node]


def test_sizes_are_followed_up_to_a_shape_and_runtime_tensors_become_inputs() -> None:
    probe, _ = probe_of(0, 0)
    assert ops(probe) == ["Shape", "Constant", "Gather", "Constant", "Concat", "Reshape"]
    assert [len(info.type.tensor_type.shape.dim) for info in probe.model.graph.input] == [3, 3]
    assert probe.wanted is not None


def test_steps_add_neighbours_and_their_weights() -> None:
    assert ops(probe_of(1, 0)[0])[-2:] == ["Add", "Reshape"]
    probe, _ = probe_of(2, 1)
    assert ops(probe)[0] == "Relu"
    assert ops(probe)[-1] == "Sigmoid"
    assert len(probe.model.graph.input) == 1
    assert len(probe.model.graph.initializer) == 1


def test_names_tell_nothing_of_the_model() -> None:
    probe, _ = probe_of(2, 1)
    names = [node.name for node in probe.model.graph.node]
    assert names.count(NODE) == 1
    assert all(name == NODE or name.startswith(SUPPORT_PREFIX) for name in names)
    text = printer.to_text(probe.model)
    assert not any(word in text for word in ("image", "batch", "bias", "flat"))


def test_large_weights_are_described_and_made_again() -> None:
    weight = onnx.helper.make_tensor("bias", onnx.TensorProto.FLOAT, [100, 6], [float(at % 7) for at in range(600)])
    model = parser.parse_model(MODEL.replace("batch, 4, 6", "batch, 100, 6"))
    model.graph.initializer.append(weight)
    source = Surroundings(model)
    node = next(node for node in source.nodes if node.label == "inner")
    cut, weights = source.cut(node, 0, 0)
    assert weights == [(weights[0][0], "float32", [100, 6], 0.0, 6.0)]
    row = TextProbe("Add", "", printer.to_text(cut), (CONTEXT,), weights=weights)
    first, second = (probes([row]).probes[0] for _ in range(2))
    assert first.digest == second.digest
    assert list(first.model.graph.initializer[0].dims) == [100, 6]
    assert first.facets == facets(node)


def test_a_node_with_subgraphs_is_not_cut() -> None:
    text = """<ir_version: 8, opset_import: ["": 17]> g (bool c, float[2] x) => (float[2] y) {
      y = If (c) <then_branch = t () => (float[2] a) { a = Relu (x) }, else_branch = e () => (float[2] b) { b = Abs (x) }>
    }"""
    source = Surroundings(parser.parse_model(text))
    with pytest.raises(Uncuttable):
        source.cut(source.nodes[0], 0, 0)


@pytest.mark.parametrize(
    ("message", "nodes", "word"),
    [
        ("cannot lower node probe", (), "rejected"),
        ("Reshape: more than one dynamic dim", (), "rejected"),
        ("no kernel", ("probe",), "rejected"),
        ("no kernel for Add in beside_6", (), "elsewhere"),
        ("Add before Reshape", (), "elsewhere"),
        ("internal error", (), "elsewhere"),
    ],
)
def test_a_rejection_counts_where_it_can_only_be_about_the_node(message: str, nodes: tuple[str, ...], word: str) -> None:
    probe, _ = probe_of(1, 1)
    assert evidence_of(probe, Verdict(False, "compile", message, nodes=nodes)).verdict == word


def test_the_only_node_is_to_blame_for_any_rejection() -> None:
    probe, _ = probe_of(0, 0, "last")
    assert evidence_of(probe, Verdict(False, "compile", "internal error")).verdict == "rejected"


def test_a_context_that_computes_right_does_not_hide_wrong_numerics() -> None:
    def row(digest: str, varied: tuple[str, ...], verdict: str, mode: str = "a") -> Evidence:
        return Evidence("Op", digest, "", varied, {"mode": mode}, verdict, "ok", "")

    wrong = [row("1", ("mode",), "wrong"), row("2", (), "works", "b")]
    assert [rule.when for rule in distil(wrong).wrong] == [{"mode": ["a"]}]
    assert [rule.when for rule in distil([*wrong, row("3", (CONTEXT,), "works")]).wrong] == [{"mode": ["a"]}]


def test_a_context_that_is_accepted_contradicts_a_rejection() -> None:
    refused = Evidence("Op", "1", "", ("mode",), {"mode": "a"}, "rejected", "convert", "no")
    taken = [Evidence("Op", digest, "", (CONTEXT,), {"mode": "a"}, "works", "ok", "") for digest in "23"]
    assert distil([refused, *taken]).rejects == []


def test_every_context_can_be_read() -> None:
    found = read()
    assert len({(one.op, one.text) for one in found}) == len(found) > 500
    for one in found:
        graph = parser.parse_model(one.text).graph
        assert [node.op_type for node in graph.node if node.name == NODE] == [one.op.rpartition(".")[2]]
        assert all(node.name == NODE or node.name.startswith(SUPPORT_PREFIX) for node in graph.node)
    sample = found[:: len(found) // 20]
    assert len(probes(sample).probes) == len(sample)


def test_all_exports_of_a_model_are_on_one_side() -> None:
    sides = [is_held_out(f"timm.model{at}.script.fixed.onnx") for at in range(60)]
    assert sides == [is_held_out(f"timm.model{at}.dynamo.dynamic.half.onnx") for at in range(60)]
    assert 8 < sum(sides) < 35
