"""The maker of names, constants and nodes: the same for both forms of a model, unique over all scopes, and repeatable."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import ModelProto

from graphfix.ir.value_names import ValueNames, names_in
from graphfix.rewriting.builder import Builder, Pool
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.emission import Protos
from graphfix.rewriting.registry import registry

BRANCHED = """<ir_version: 8, opset_import: ["" : 17]> g (bool c, float[2] x, float unread) => (float[2] y)
  <float[2] "y/demo" = {1, 2}> {
    y = If (c) <
      then_branch = then () => (float[2] t) { "y/add" = Relu(x)  t = Add("y/add", "y/demo") },
      else_branch = other () => (float[2] e) <float[2] kept = {3, 4}> { dead = Neg(x)  e = Mul(x, kept) }
    > }"""


def builders(model: ModelProto, stamp: str) -> list[Builder[object]]:
    """One builder for each form in which a model is edited."""
    return [Builder(Protos(model.graph), ValueNames.of(model.graph), stamp), GraphEditor(model, stamp).builder]  # type: ignore[list-item]


@pytest.mark.parametrize("form", [0, 1], ids=["protobuf", "graphsurgeon"])
def test_names_are_unique_over_all_scopes_and_come_from_the_node_that_is_replaced(form: int) -> None:
    build = builders(onnx.parser.parse_model(BRANCHED), "demo")[form].at("y")
    made = build.op("Add", build.value("x"), build.constant("two", np.ones(2, np.float32)))
    assert str(getattr(made, "name", made)) == "y/add_2"  # a branch has the plain one
    assert [node.name for node in build.nodes] == ["y/demo_2"]  # an initializer has the plain one
    assert [build.names.fresh(name) for name in ("unread", "kept", "e", "dead", "free")] == [
        "unread_2",
        "kept_2",
        "e_2",
        "dead_2",
        "free",
    ]


def test_a_name_that_only_annotations_mention_is_taken() -> None:
    model = onnx.parser.parse_model(BRANCHED)
    model.graph.value_info.add(name="left over")
    assert "left over" in set(names_in(model.graph))


@pytest.mark.parametrize("form", [0, 1], ids=["protobuf", "graphsurgeon"])
def test_equal_constants_of_one_place_are_one_and_others_are_not(form: int) -> None:
    root = builders(onnx.parser.parse_model(BRANCHED), "demo")[form]
    one, other = root.at("y"), root.at("y")
    ones = np.ones(2, np.float32)
    assert one.constant("a", ones) is one.constant("b", ones.copy())
    for different in (ones.astype(np.float64), ones.reshape(2, 1), 2 * ones, np.asarray(["1", "2"], object)):
        assert one.constant("a", different) is not one.constant("a", ones)
    assert other.constant("a", ones) is not one.constant("a", ones)


def test_a_constant_that_was_given_up_is_made_again() -> None:
    pool: Pool[str] = Pool()
    array = np.ones(2)
    assert pool.get(array, lambda: "first") == pool.get(array, lambda: "second") == "first"
    pool.forget(["first"])
    assert pool.get(array, lambda: "second") == "second"


@pytest.mark.parametrize("name", ["unroll-loop", "unroll-recurrent", "decompose-softmax", "drop-quantization", "expand-qlinear"])
def test_the_same_rewrite_of_the_same_model_gives_the_same_bytes(name: str) -> None:
    rewrite = registry()[name]
    for case in rewrite.fires:
        made = [rewrite.apply(onnx.parser.parse_model(case.text)).model for _ in range(2)]
        assert made[0] is not None
        assert made[1] is not None
        assert made[0].SerializeToString(deterministic=True) == made[1].SerializeToString(deterministic=True)
