"""Origins: read from what exporters leave in nodes, written where they leave nothing, and told briefly."""

from __future__ import annotations

import pytest
from onnx import NodeProto, helper

from graphfix.ir.source_location import (
    LINE,
    MODULE,
    SourceLocation,
    copy_location,
    has_location,
    named,
    original_names,
    source_location,
    write_location,
)

STACK, SCOPES = "pkg.torch.onnx.stack_trace", "pkg.torch.onnx.name_scopes"
SITE = "/opt/env/lib/python3.11/site-packages"
TRACE = f"""File "/home/me/net/model.py", line 16, in forward
    y = self.blocks(self.bn(self.stem(x)))
  File "{SITE}/torch/nn/modules/container.py", line 253, in forward
    input = module(input)
  File "/home/me/net/gate.py", line 7, in forward
    w = self.pool(x)
  File "{SITE}/torch/nn/modules/pooling.py", line 1512, in forward
    return F.adaptive_avg_pool2d(input, self.output_size)"""
SCOPE = "['', 'blocks', 'blocks.0', 'blocks.0.pool', 'mean']"
TRACED = f"""{SITE}/torch/nn/functional.py(1447): adaptive_avg_pool2d
{SITE}/torch/nn/modules/module.py(1789): _call_impl
/home/me/net/gate.py(7): forward
{SITE}/torch/nn/modules/container.py(253): forward
/home/me/net/model.py(16): forward
{SITE}/torch/jit/_trace.py(140): forward
{SITE}/torch/onnx/__init__.py(334): export
/home/me/net/export.py(3): save
"""
SCRIPTED = """  File "/home/me/net/gate.py", line 8
    def forward(self, x):
        w = torch.relu(self.a(w))
            ~~~~~~~~~~ <--- HERE
Serialized   File "code/__torch__/gate.py", line 12
"""


def node(name: str = "n", doc: str = "", op: str = "Relu", **metadata: str) -> NodeProto:
    made = helper.make_node(op, ["x"], ["y"], name=name, doc_string=doc)
    for key, value in metadata.items():
        made.metadata_props.add(key={"stack": STACK, "scopes": SCOPES}.get(key, key), value=value)
    return made


def frame(file: str, function: str = "forward") -> str:
    return f'File "{file}", line 5, in {function}\n    x = x + 1'


def test_the_dynamo_exporters_metadata_name_the_authors_line_and_the_deepest_module() -> None:
    assert source_location(node(stack=TRACE, scopes=SCOPE)) == SourceLocation("blocks.0.pool", "/home/me/net/gate.py", 7)


@pytest.mark.parametrize(
    ("scopes", "module"),
    [
        ("['', 'relu']", ""),
        ("['relu']", ""),
        ("['', 'blocks', 'blocks.0', 'mul_1']", "blocks.0"),
        ("['', 'gate@1', 'gate@1.lin', 'linear']", "gate.lin"),
        ("""['', "it's", 'add']""", "it's"),
        ("", ""),
        ("[", ""),
        ("not a list", ""),
        ("[" * 100_000, ""),
    ],
)
def test_the_last_scope_is_the_operator_and_the_first_the_whole_model(scopes: str, module: str) -> None:
    assert source_location(node(scopes=scopes)) == (SourceLocation(module) if module else None)


@pytest.mark.parametrize(
    "file",
    [
        f"{SITE}/torch/nn/functional.py",
        "/usr/lib/python3/dist-packages/torch/_ops.py",
        "C:\\Python\\Lib\\site-packages\\torch\\nn\\modules\\conv.py",
        "/src/pytorch/torch/nn/modules/conv.py",
        "/src/pytorch/torch/_higher_order_ops/cond.py",
        f"{SITE}/keras/src/ops/nn.py",
        f"{SITE}/onnxscript/values.py",
        f"{SITE}/onnx_ir/passes.py",
        "/usr/lib/python3.11/contextlib.py",
        "<eval_with_key>.100",
        "<frozen importlib._bootstrap>",
    ],
)
def test_a_frameworks_own_frames_are_nobodys_lines(file: str) -> None:
    mine = frame("/home/me/torch/utils/model.py", "run")
    assert source_location(node(stack=f"{mine}\n{frame(file)}")) == SourceLocation("", "/home/me/torch/utils/model.py", 5)
    assert source_location(node(stack=frame(file))) is None


def test_an_installed_library_is_named_where_it_is_the_model_and_not_where_it_only_computes() -> None:
    mine, model = frame("/home/me/export.py"), frame(f"{SITE}/somelib/vit.py")
    tool = frame(f"{SITE}/someops/rearrange.py", "rearrange")
    assert source_location(node(stack=f"{mine}\n{model}")) == SourceLocation("", f"{SITE}/somelib/vit.py", 5)
    assert source_location(node(stack=f"{mine}\n{tool}")) == SourceLocation("", "/home/me/export.py", 5)
    assert source_location(node(stack=f"{tool}")) == SourceLocation("", f"{SITE}/someops/rearrange.py", 5)


def test_a_verbose_trace_is_read_from_the_innermost_frame_and_ends_at_the_export() -> None:
    name = "/blocks/blocks.0/pool/GlobalAveragePool"
    assert source_location(node(name, TRACED), "pytorch") == SourceLocation("blocks.0.pool", "/home/me/net/gate.py", 7)
    library = "\n".join(line for line in TRACED.splitlines() if "/net/gate.py" not in line and "/net/model.py" not in line)
    assert source_location(node(name, library), "pytorch") == SourceLocation("blocks.0.pool"), (
        "the call of export is no part of the model"
    )


def test_a_verbose_script_names_the_line_that_was_compiled() -> None:
    assert source_location(node("/blocks/0/Relu", SCRIPTED), "pytorch") == SourceLocation("blocks.0", "/home/me/net/gate.py", 8)
    inside = SCRIPTED.replace("/home/me/net/gate.py", f"{SITE}/torch/nn/modules/conv.py")
    assert source_location(node("/blocks/0/Relu", inside), "pytorch") == SourceLocation("blocks.0")


@pytest.mark.parametrize(
    ("name", "producer", "module"),
    [
        ("/encoder/layers.3/gate/Gemm", "pytorch", "encoder.layers.3.gate"),
        ("/encoder/encoder.layers/encoder.layers.3/Add_12", "pytorch", "encoder.layers.3"),
        ("/blocks/0/g/HardSigmoid", "pytorch", "blocks.0.g"),
        ("/blocks/0/g/HardSigmoid/decompose-hard-sigmoid_2", "pytorch", "blocks.0.g"),
        ("/Relu", "pytorch", ""),
        ("/Relu/decompose-elu/explicit-pads", "pytorch", ""),
        ("node_relu", "pytorch", ""),
        ("encoder/Gemm", "pytorch", ""),
        ("/encoder/gate/Gemm", "", ""),
        ("/encoder/gate/Gemm", "somebody", ""),
        ("model/dense/MatMul", "tf2onnx", "model/dense"),
        ("StatefulPartitionedCall/model_1/dense_1/MatMul__12", "tf2onnx", "model_1/dense_1"),
        ("PartitionedCall/StatefulPartitionedCall_2/relu", "tf2onnx", ""),
        ("model/dense/MatMul/narrow-int64", "tf2onnx", "model/dense"),
        ("Transpose__30", "tf2onnx", ""),
        ("", "tf2onnx", ""),
    ],
)
def test_a_nodes_name_tells_the_path_where_its_exporter_puts_one_there(name: str, producer: str, module: str) -> None:
    assert source_location(node(name), producer) == (SourceLocation(module) if module else None)


@pytest.mark.parametrize(
    "found",
    [
        SourceLocation("encoder.gate", "/home/me/model.py", 88),
        SourceLocation("encoder.gate"),
        SourceLocation("", "C:\\net\\model.py", 3),
        SourceLocation("", "C:\\net\\model.py"),
        SourceLocation("model/dense", "model.py"),
    ],
)
def test_a_mark_is_read_back_and_replaces_an_older_one(found: SourceLocation) -> None:
    marked = node(**{"somebody.else": "kept"})
    write_location(marked, SourceLocation("old", "old.py", 1))
    write_location(marked, found)
    assert source_location(marked) == found
    assert has_location(marked)
    keys = [prop.key for prop in marked.metadata_props]
    assert len(set(keys)) == len(keys)
    assert "somebody.else" in keys


def test_a_mark_fills_what_the_exporter_did_not_say() -> None:
    marked = node("/encoder/gate/Gemm")
    write_location(marked, SourceLocation("", "model.py", 88))
    assert source_location(marked, "pytorch") == SourceLocation("encoder.gate", "model.py", 88)


def test_what_the_exporter_wrote_is_handed_on_as_it_is_and_nothing_else() -> None:
    old, new = node(stack=TRACE, scopes=SCOPE, namespace=": m.Net", other="x"), node("new")
    old.metadata_props.add(key="pkg.torch.onnx.fx_node", value="%mean")
    copy_location(old, new)
    assert source_location(new) == source_location(old)
    told = {prop.key: prop.value for prop in new.metadata_props}
    assert told == {STACK: TRACE, SCOPES: SCOPE, "namespace": ": m.Net", "pkg.torch.onnx.fx_node": "%mean"}


def test_a_path_in_a_name_is_handed_on_in_graphfixs_own_keys_unless_the_new_name_tells_it() -> None:
    old, new, stamped_one = node("/a/b/Relu"), node("other"), node("/a/b/Relu/decompose-relu")
    for made in (new, stamped_one):
        copy_location(old, made, "pytorch")
    assert {prop.key: prop.value for prop in new.metadata_props} == {MODULE: "a.b"}
    assert not stamped_one.metadata_props
    verbose = node("/a/b/Relu", TRACED)
    copy_location(verbose, new := node("other"), "pytorch")
    assert {prop.key: prop.value for prop in new.metadata_props} == {MODULE: "a.b", LINE: "/home/me/net/gate.py:7"}


def test_a_node_that_bears_an_origin_keeps_it() -> None:
    new = node(stack=TRACE)
    copy_location(node(**{MODULE: "elsewhere"}), new)
    assert source_location(new) == SourceLocation("", "/home/me/net/gate.py", 7)


def test_stamps_come_off_one_by_one() -> None:
    assert list(original_names("/a/Elu/decompose-elu/explicit-pads_3")) == [
        "/a/Elu/decompose-elu/explicit-pads_3", "/a/Elu/decompose-elu", "/a/Elu",
    ]  # fmt: skip
    assert list(original_names("")) == []


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (SourceLocation("encoder.layers.3.gate", "/a/model.py", 88), "encoder.layers.3.gate (model.py:88)"),
        (SourceLocation("", "C:\\a\\model.py", 88), "model.py:88"),
        (SourceLocation("encoder.gate", "model.py"), "encoder.gate (model.py)"),
        (SourceLocation("model/dense"), "model/dense"),
    ],
)
def test_an_origin_is_told_briefly(found: SourceLocation, text: str) -> None:
    assert str(found) == text


@pytest.mark.parametrize(
    ("name", "found", "text"),
    [
        ("n0", SourceLocation("encoder.gate", "/a/model.py", 88), "n0 in encoder.gate (model.py:88)"),
        ("n0", SourceLocation("", "/a/model.py", 88), "n0 (model.py:88)"),
        ("n0", SourceLocation("encoder.gate"), "n0 in encoder.gate"),
        ("/encoder/gate/Gemm", SourceLocation("encoder.gate"), "/encoder/gate/Gemm"),
        ("/encoder/gate/Gemm", SourceLocation("encoder.gate", "model.py", 8), "/encoder/gate/Gemm (model.py:8)"),
        ("node_gate", SourceLocation("gate"), "node_gate in gate"),
        ("n0", None, "n0"),
    ],
)
def test_beside_a_nodes_name_stands_what_it_does_not_say(name: str, found: SourceLocation | None, text: str) -> None:
    assert named(name, found) == text
