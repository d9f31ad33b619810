"""Models whose nodes are not in order, as onnxruntime runs them: they are judged, told apart and fixed like sorted ones."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import ModelProto, parser

from graphfix import api
from graphfix.analysis.facets.model import model_facets
from graphfix.analysis.facts import Facts
from graphfix.ir.node_order import in_order, sort_nodes, unsorted_graphs

HEAD = '<ir_version: 8, opset_import: ["": 17]> g '
CAST = HEAD + "(float[2,3] x) => (float[2,3] y) { h = Relu(c) y = Cast<to = 1>(h) c = Cast<to = 10>(x) }"
BRANCH = HEAD + (
    "(float[2,3] x, bool b) => (float[2,3] y) { y = If(b) <then_branch = t () => (float[2,3] u) { u = Relu(w) w = Abs(h) },"
    " else_branch = e () => (float[2,3] v) { v = Abs(h) }> h = Neg(x) }"
)
SORTED = HEAD + "(float[2,3] x) => (float[2,3] y) { h = Relu(x) y = Neg(h) }"


def read(text: str) -> ModelProto:
    """Parse a model, which the parser accepts in any order."""
    return parser.parse_model(text)


def test_every_node_follows_what_it_reads_and_else_keeps_its_place() -> None:
    model = read(CAST)
    assert sort_nodes(model) == 1
    assert [node.output[0] for node in model.graph.node] == ["c", "h", "y"]
    onnx.checker.check_model(model)
    branches = read(BRANCH)
    assert sort_nodes(branches) == 2
    onnx.checker.check_model(branches)


def test_a_sorted_model_is_returned_as_it_is() -> None:
    model = read(SORTED)
    assert not unsorted_graphs(model)
    assert in_order(model) is model
    assert sort_nodes(model) == 0


def test_long_chains_in_reverse_are_sorted() -> None:
    nodes = [onnx.helper.make_node("Relu", [f"v{i + 1}"], [f"v{i}"]) for i in range(20_000)]
    ends = [onnx.helper.make_tensor_value_info(name, 1, [2]) for name in ("v20000", "v0")]
    model = onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:]))
    sort_nodes(model)
    assert not unsorted_graphs(model)


@pytest.mark.parametrize(("text", "expected"), [(CAST, True), (BRANCH, True), (SORTED, False)])
def test_the_facet_tells_them_apart(text: str, expected: bool) -> None:
    assert model_facets(Facts.of(read(text)))["unsorted"] is expected


@pytest.mark.parametrize("text", [CAST, BRANCH])
def test_lint_judges_them_and_does_not_change_them(text: str, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    onnx.save(read(text), path)
    before = path.read_bytes()
    assert [one.verdict for one in api.lint(path, ["openvino", "tract", "tensorrt"]).results] == ["accepted"] * 3
    assert path.read_bytes() == before


def test_fix_sorts_them_on_request_and_they_compute_the_same() -> None:
    given = read(BRANCH.replace("u = Relu(w) w = Abs(h)", "w = Abs(h) u = Relu(w)"))  # inside branches onnxruntime wants an order
    fixed = api.fix(given, "tract", rewrites=["sort-nodes"], confirm=False)
    assert not unsorted_graphs(fixed.model)
    feed = {"x": np.array([[1, -2, 3], [-4, 5, -6]], np.float32), "b": np.array(True)}
    runs = [onnxruntime.InferenceSession(m.SerializeToString()).run(None, feed) for m in (given, fixed.model)]
    np.testing.assert_array_equal(*(run[0] for run in runs))
