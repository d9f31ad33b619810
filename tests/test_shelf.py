"""Large weights: put aside while a model is rewritten, and written piece by piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, helper, numpy_helper

import graphfix.ir.io
import graphfix.ir.weight_offload
from graphfix.analysis.facts import Facts
from graphfix.ir.io import load_model, save_model
from graphfix.ir.serialization import serialized_chunks
from graphfix.ir.weight_offload import folder_of, offloaded_array, weights_offloaded, with_weights
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.rewriting.pipeline import fix_model
from graphfix.rewriting.registry import registry
from graphfix.verify.reference import Reference


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> ModelProto:
    """A model whose weights count as large."""
    monkeypatch.setattr(graphfix.ir.weight_offload, "ENOUGH", 1)
    monkeypatch.setattr(graphfix.ir.weight_offload, "LARGE", 256)
    return build()


def build() -> ModelProto:
    w = numpy_helper.from_array(np.arange(64, dtype=np.float32).reshape(8, 8) / 64, "w")
    small = numpy_helper.from_array(np.ones(8, np.float32), "b")
    nodes = [helper.make_node("Transpose", ["w"], ["t"], perm=[1, 0]), helper.make_node("MatMul", ["x", "t"], ["m"]),
             helper.make_node("Add", ["m", "b"], ["a"]), helper.make_node("HardSigmoid", ["a"], ["y"])]  # fmt: skip
    x, y = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [2, 8]) for name in "xy")
    graph = helper.make_graph(nodes, "g", [x], [y], [w, small], doc_string="about")
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="me")
    model.metadata_props.add(key="k", value="v")
    return model


def test_weights_are_put_aside_run_from_there_and_come_back(large: ModelProto) -> None:
    before = large.SerializeToString(deterministic=True)
    with weights_offloaded(large) as slim:
        assert slim is not large
        assert not slim.graph.initializer[0].raw_data
        assert slim.graph.initializer[1].raw_data
        folder = folder_of(slim)
        assert folder is not None
        assert Path(folder).is_dir()
        assert Reference(large).check(slim).passed
        np.testing.assert_array_equal(offloaded_array(slim.graph.initializer[0]), np.arange(64).reshape(8, 8) / 64)
        back = ModelProto()
        back.CopyFrom(slim)
        assert with_weights(back) == large
    assert not Path(folder).exists()
    assert large.SerializeToString(deterministic=True) == before


def test_small_models_stay_as_they_are() -> None:
    model = build()
    with weights_offloaded(model) as same:
        assert same is model
        assert folder_of(same) is None
        assert offloaded_array(same.graph.initializer[0]) is None


def test_a_fix_folds_and_rewrites_with_weights_put_aside(large: ModelProto) -> None:
    def judge(graph: ModelProto) -> list[Result]:
        found = [Finding("GF101", "unsupported-operator", Severity.ERROR, "demo", "", node.scope, node.label, node.op, "",
                         node.proto.output[0], "operator")
                 for node in Facts.of(graph).nodes if node.op == "HardSigmoid"]  # fmt: skip
        return [Result("", "demo", "1", 0, found)]

    result = fix_model(large, judge=judge)
    assert [n.op_type for n in result.model.graph.node] == ["MatMul", "Add", "Mul", "Add", "Clip"]
    assert result.verification.passed
    assert all(t.data_location != onnx.TensorProto.EXTERNAL for t in result.model.graph.initializer)
    assert Reference(large).check(result.model).passed
    assert registry()["simplify"].apply(large).model is not None


def test_a_model_in_pieces_is_the_model() -> None:
    model = build()
    assert ModelProto.FromString(b"".join(serialized_chunks(model))) == model


def test_a_large_model_is_saved_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def listening(model: ModelProto) -> Any:
        asked.append(model)
        return serialized_chunks(model)

    monkeypatch.setattr(graphfix.ir.io, "_STREAMED", 1)
    monkeypatch.setattr(graphfix.ir.io, "serialized_chunks", listening)
    model = build()
    save_model(model, tmp_path / "m.onnx")
    assert asked
    assert load_model(tmp_path / "m.onnx") == model
