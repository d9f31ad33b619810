"""What onnx-graphsurgeon's round trip loses is there again after `restore`."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper, parser

from graphfix.ir.metadata import restore

TEXT = """<ir_version: 9, opset_import: ["": 18, "l": 1, "unused": 4], producer_name: "tests",
           producer_version: "1", domain: "org.example", model_version: 7, doc_string: "a model">
main (float[N, 4] x, bool c) => (float[N, 4] y) <float[4] w = {1, 2, 3, 4}, float scale = {0.5}> {
    [first] h = l.f(x)
    [second] k = Add(h, w)
    [third] y = If(c) <then_branch = t () => (float[N, 4] a) { [inner] a = Relu(k) },
                       else_branch = e () => (float[N, 4] b) { [other] b = Abs(k) }>
}
<domain: "l", opset_import: ["": 18]> f (a) => (b) { [within] b = Neg(a) }"""


def annotated() -> ModelProto:
    model = parser.parse_model(TEXT)
    graph = model.graph
    branch = graph.node[2].attribute[0].g
    holders: list[Any] = [model, graph, branch, graph.node[1], branch.node[0], graph.input[0], model.functions[0]]
    for holder in (*holders, model.functions[0].node[0]):
        holder.doc_string = f"about {holder.DESCRIPTOR.name}"
        holder.metadata_props.add(key="origin", value="here")
    graph.value_info.append(helper.make_tensor_value_info("k", 1, ["N", 4], doc_string="a sum"))
    graph.input[0].type.tensor_type.shape.dim[0].denotation = "DATA_BATCH"
    note = graph.quantization_annotation.add(tensor_name="k")
    note.quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="w")
    model.training_info.add().algorithm.name = "training"
    return model


def round_trip(model: ModelProto, edit: Any = None) -> ModelProto:
    import onnx_graphsurgeon as gs

    graph = gs.import_onnx(ModelProto.FromString(model.SerializeToString()))
    if edit is not None:
        edit(graph)
    rebuilt: ModelProto = gs.export_onnx(graph)
    return rebuilt


def canonical(model: ModelProto) -> ModelProto:
    """Without what graphsurgeon drops or repeats on purpose: unread initializers, values of outer graphs."""
    copy = ModelProto.FromString(model.SerializeToString())
    for index, tensor in reversed(list(enumerate(copy.graph.initializer))):
        if tensor.name == "scale":
            del copy.graph.initializer[index]
    for attribute in copy.graph.node[2].attribute:
        del attribute.g.value_info[:]
    return copy


def test_a_round_trip_loses_nothing_after_restoring() -> None:
    original = annotated()
    rebuilt = round_trip(original)
    for lost in ("domain", "model_version", "doc_string", "metadata_props", "training_info"):
        assert getattr(rebuilt, lost) != getattr(original, lost)
    assert not rebuilt.graph.quantization_annotation
    assert not rebuilt.graph.node[1].metadata_props
    assert restore(original, rebuilt) is rebuilt
    assert canonical(rebuilt) == canonical(original)


def test_nodes_without_names_are_known_by_their_output() -> None:
    original = annotated()
    for node in original.graph.node:
        node.name = ""
    rebuilt = restore(original, round_trip(original))
    assert rebuilt.graph.node[1].doc_string == "about NodeProto"


def test_a_node_of_another_kind_is_not_documented_as_the_old_one() -> None:
    original = annotated()

    def edit(graph: Any) -> None:
        graph.nodes[1].op = "Sub"

    rebuilt = restore(original, round_trip(original, edit))
    assert rebuilt.graph.node[1].doc_string == ""


def test_metadata_that_a_rewrite_wrote_is_kept() -> None:
    original = annotated()
    rebuilt = round_trip(original)
    rebuilt.graph.node[1].metadata_props.add(key="origin", value="rewritten")
    restore(original, rebuilt)
    assert [entry.value for entry in rebuilt.graph.node[1].metadata_props] == ["rewritten"]


def test_what_was_changed_on_purpose_stays_changed() -> None:
    original = annotated()
    rebuilt = round_trip(original)
    rebuilt.opset_import[0].version = 20
    rebuilt.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 5
    del rebuilt.graph.node[1]
    restore(original, rebuilt)
    assert rebuilt.opset_import[0].version == 20
    assert rebuilt.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 5
    assert not rebuilt.graph.quantization_annotation


def test_an_input_bound_to_a_constant_does_not_come_back() -> None:
    original = annotated()
    rebuilt = round_trip(original)
    del rebuilt.graph.input[1]
    rebuilt.graph.initializer.append(numpy_helper.from_array(np.array(True), "c"))
    restore(original, rebuilt)
    assert [value.name for value in rebuilt.graph.input] == ["x"]


def test_an_initializer_that_callers_may_override_stays_an_input() -> None:
    original = annotated()
    original.ir_version = 3
    for name, dims in (("w", [4]), ("scale", [])):
        original.graph.input.insert(0, helper.make_tensor_value_info(name, TensorProto.FLOAT, dims))
    rebuilt = round_trip(original)
    assert [value.name for value in rebuilt.graph.input] == ["x", "c"]
    restore(original, rebuilt)
    assert [value.name for value in rebuilt.graph.input] == ["w", "x", "c"]
    assert rebuilt.ir_version == 3


def test_a_new_constant_raises_an_ir_version_that_would_forbid_it() -> None:
    original = annotated()
    original.ir_version = 3
    del original.graph.initializer[:]
    original.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [4]))
    rebuilt = round_trip(original)
    rebuilt.graph.initializer.append(numpy_helper.from_array(np.ones(4, np.float32), "new"))
    assert restore(original, rebuilt).ir_version == 4


def test_attributes_that_hold_types_come_back() -> None:
    kind = helper.make_tensor_type_proto(1, [2])
    optional = helper.make_node("Optional", [], ["o"], name="empty", type=kind)
    has = helper.make_node("OptionalHasElement", ["o"], ["y"], name="has")
    ends = [helper.make_tensor_value_info("y", TensorProto.BOOL, [])]
    original = helper.make_model(helper.make_graph([optional, has], "g", [], ends), ir_version=9)
    rebuilt = round_trip(original)
    assert not rebuilt.graph.node[0].attribute
    restore(original, rebuilt)
    assert rebuilt.graph.node[0] == original.graph.node[0]


def test_types_that_are_no_tensors_keep_their_dims() -> None:
    text = """<ir_version: 9, opset_import: ["": 18]>
    main (seq(float[2, 3]) s, int64 i) => (float[2, 3] y) { y = SequenceAt(s, i) }"""
    original = parser.parse_model(text)
    rebuilt = round_trip(original)
    assert rebuilt.graph.input[0] != original.graph.input[0]
    assert restore(original, rebuilt).graph.input[0] == original.graph.input[0]


def test_overloads_of_a_function_keep_their_names() -> None:
    overloads = ["a", "b"]
    original = annotated()
    del original.functions[:]
    for overload in overloads:
        body = [helper.make_node("Neg", ["a"], ["b"])]
        imports = [helper.make_opsetid("", 18)]
        original.functions.append(helper.make_function("l", "f", ["a"], ["b"], body, imports, overload=overload))
    original.graph.node[0].overload = "b"
    rebuilt = restore(original, round_trip(original))
    assert [function.overload for function in rebuilt.functions] == overloads
    assert rebuilt.graph.node[0].overload == "b"
    onnx.checker.check_model(rebuilt)
