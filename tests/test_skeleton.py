"""Reading skeletons: what is kept, what is left out, and what is said of files that are no models."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper, parser

from graphfix.errors import ModelError, printable
from graphfix.ir.skeleton import is_elided, read_skeleton
from graphfix.ir.tensors import fault, is_external, tensors
from graphfix.ir.wire_format import varint

TEXT = """<ir_version: 9, opset_import: ["": 18, "local": 1], producer_name: "tests", model_version: 3>
main (float[N, 4] x, bool c) => (float[N, 4] y) <float[4] w = {1, 2, 3, 4}> {
    h = local.twice(x)
    k = Constant<value = float[2] {1, 2}>()
    y = If(c) <then_branch = t () => (float[N, 4] a) <float[1] b = {3}> { a = Add(h, b) },
               else_branch = e () => (float[N, 4] d) { d = Mul(h, w) }>
}
<domain: "local", opset_import: ["": 18]> twice (v) => (r) { r = Add(v, v) }"""


def small() -> ModelProto:
    return parser.parse_model(TEXT)


def write(folder: Path, data: bytes) -> Path:
    path = folder / "m.onnx"
    path.write_bytes(data)
    return path


def saved(folder: Path, model: ModelProto) -> Path:
    return write(folder, model.SerializeToString())


def weight(name: str, count: int = 5000) -> TensorProto:
    return numpy_helper.from_array(np.arange(count, dtype=np.float32), name)


def refused(path: Path | str) -> str:
    with pytest.raises(ModelError) as caught:
        read_skeleton(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(printable(f"{path}: "))
    return line


def test_a_small_model_is_read_whole(tmp_path: Path) -> None:
    model = small()
    assert read_skeleton(saved(tmp_path, model)) == model


def test_a_large_initializer_keeps_all_but_its_payload(tmp_path: Path) -> None:
    model = small()
    tensor = weight("big")
    tensor.doc_string = "kept"
    model.graph.initializer.append(tensor)
    model.graph.node.append(helper.make_node("Relu", ["big"], ["unused"]))
    skeleton = read_skeleton(saved(tmp_path, model))
    read = skeleton.graph.initializer[-1]
    assert is_elided(read)
    assert (read.name, list(read.dims), read.data_type, read.doc_string) == ("big", [5000], 1, "kept")
    assert skeleton.ByteSize() < 4096
    assert fault(read) is None
    read.CopyFrom(tensor)
    assert skeleton == model


def test_what_nodes_say_of_their_origin_is_kept_at_every_depth_however_long(tmp_path: Path) -> None:
    model = small()
    branches = [attribute.g.node for attribute in model.graph.node[2].attribute]
    for nodes in (model.graph.node, model.functions[0].node, *branches):
        for node in nodes:
            node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value="a line of a stack\n" * 500)
            node.doc_string = "another" * 1000
    model.graph.initializer.append(weight("big"))
    skeleton = read_skeleton(saved(tmp_path, model))
    assert is_elided(skeleton.graph.initializer[-1])
    assert (skeleton.graph.node, skeleton.functions) == (model.graph.node, model.functions)


def test_a_payload_at_the_limit_is_kept_and_one_above_is_not(tmp_path: Path) -> None:
    model = small()
    model.graph.initializer.extend([weight("at", 1024), weight("above", 1025)])
    by_name = {tensor.name: tensor for tensor in read_skeleton(saved(tmp_path, model)).graph.initializer}
    assert not is_elided(by_name["at"])
    assert is_elided(by_name["above"])


@pytest.mark.parametrize(
    ("kind", "field", "values"),
    [
        (TensorProto.FLOAT, "float_data", [0.5] * 3000),
        (TensorProto.INT32, "int32_data", [-1] * 3000),
        (TensorProto.INT64, "int64_data", [2**40] * 3000),
        (TensorProto.DOUBLE, "double_data", [0.5] * 3000),
        (TensorProto.UINT64, "uint64_data", [2**60] * 3000),
        (TensorProto.STRING, "string_data", [b"word"] * 3000),
    ],
)
def test_every_kind_of_payload_is_left_out(tmp_path: Path, kind: int, field: str, values: list[object]) -> None:
    model = small()
    tensor = TensorProto(name="typed", data_type=kind, dims=[3000])
    getattr(tensor, field).extend(values)
    model.graph.initializer.append(tensor)
    read = read_skeleton(saved(tmp_path, model)).graph.initializer[-1]
    assert is_elided(read)
    assert not getattr(read, field)
    assert fault(read) is None


def test_payloads_are_left_out_of_attributes_subgraphs_functions_and_sparse_tensors(tmp_path: Path) -> None:
    model = small()
    constant = helper.make_node("Constant", [], ["large"], value=weight("attribute"))
    model.graph.node[2].attribute[0].g.node.insert(0, constant)
    model.graph.node[2].attribute[1].g.initializer.append(weight("in subgraph"))
    model.functions[0].node.insert(0, constant)
    sparse = helper.make_sparse_tensor(weight("values"), numpy_helper.from_array(np.arange(5000)), [10_000])
    model.graph.sparse_initializer.append(sparse)
    skeleton = read_skeleton(saved(tmp_path, model))
    left_out = [tensor.name for tensor in tensors(skeleton) if is_elided(tensor)]
    assert sorted(left_out) == ["", "attribute", "attribute", "in subgraph", "values"]
    for full, read in zip(tensors(model), tensors(skeleton), strict=True):
        if is_elided(read):
            read.CopyFrom(full)
    assert skeleton == model


def test_a_payload_of_the_wrong_size_shows_in_the_skeleton(tmp_path: Path) -> None:
    model = small()
    model.graph.initializer.append(weight("big"))
    model.graph.initializer[-1].dims[0] = 5001
    said = fault(read_skeleton(saved(tmp_path, model)).graph.initializer[-1])
    assert said == "needs 20004 bytes for float[5001] but has 20000"


def test_many_nodes_are_read_alike(tmp_path: Path) -> None:
    names = ["x", *(f"v{i}" for i in range(3000))]
    nodes = [helper.make_node("Relu", [a], [b]) for a, b in itertools.pairwise(names)]
    ends = [helper.make_tensor_value_info(name, 1, [2]) for name in (names[0], names[-1])]
    model = helper.make_model(helper.make_graph(nodes, "chain", ends[:1], ends[1:]))
    assert read_skeleton(saved(tmp_path, model)) == model


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG image"),
        (b"PK\x03\x04" + bytes(50), "zip archive"),
        (b"\x1f\x8b\x08" + bytes(50), "gzip archive"),
        (b"\x1c\0\0\0TFL3" + bytes(50), "TensorFlow Lite"),
        (b"<!DOCTYPE html><html></html>", "HTML page"),
        (b"just some notes\n", "is a text file"),
        ("Grüße\n".encode() * 200, "is a text file"),
        (b"<\n ir_version: 8>\nmain (float x) => (float y) {}", "text form"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "run `git lfs pull`"),
        (bytes(100), "not an ONNX model"),
        (b"\xff" * 100, "not an ONNX model"),
        (random.Random(0).randbytes(1000), "not an ONNX model"),
        (b"\x08\x08", "holds no graph"),
        (b"\x08\x08\x3a\x02\x12\x00", "imports no opset"),
        (b"\x08\x08\x3a\xff\xff\xff\xff\x0f", "is truncated"),
        (b"\x08\x08\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "is truncated"),
    ],
    ids=itertools.count(),
)
def test_what_is_no_model_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in refused(write(tmp_path, data))


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "absent.onnx")
    assert "is a folder" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refused(tmp_path / "pipe")
    assert "cannot be read" in refused("nul\0byte")


def test_a_file_larger_than_protobuf_allows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vast.onnx"
    with path.open("wb") as file:
        file.truncate(3 << 30)
    assert "2 GiB" in refused(path)


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, small())

    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", deny)
    assert "Permission denied" in refused(path)


def test_a_cut_anywhere_in_the_graph_is_refused_and_none_crashes(tmp_path: Path) -> None:
    model = small()
    model.graph.initializer.append(weight("big", 1100))
    data = model.SerializeToString()
    behind = ModelProto(opset_import=model.opset_import, functions=model.functions).SerializeToString()
    end, payload = len(data) - len(behind), data.index(b"big")
    assert data.endswith(behind)
    for cut in {*range(0, len(data), 43), *range(payload - 40, payload + 20), *range(end - 5, len(data))}:
        path = write(tmp_path, data[:cut])
        if cut <= end:
            refused(path)
            continue
        # Behind the graph, a cut between two fields cannot be told from a shorter model.
        with contextlib.suppress(ModelError):
            read_skeleton(path)


def test_flipped_bits_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    model = small()
    model.graph.initializer.append(weight("big", 1100))
    data = model.SerializeToString()
    chance = random.Random(7)
    outcomes = set()
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(chance.choice([1, 1, 4])):
            damaged[chance.randrange(len(damaged) - 4400 if chance.random() < 0.9 else len(damaged))] ^= 1 << chance.randrange(8)
        path = write(tmp_path, bytes(damaged))
        try:
            read_skeleton(path)
        except ModelError:
            outcomes.add("refused")
        else:
            outcomes.add("read")
    assert outcomes == {"read", "refused"}


def test_a_bomb_of_nested_graphs_is_refused(tmp_path: Path) -> None:
    body = b"\x12" + varint(5000) + b"n" * 5000
    for _ in range(200):  # node > attribute > graph, over and over, each above the size that is copied blindly
        for tag in (b"\x32", b"\x2a", b"\x0a"):
            body = tag + varint(len(body)) + body
    data = b"\x08\x08\x3a" + varint(len(body)) + body + b"\x42\x02\x10\x11"
    assert "nests messages" in refused(write(tmp_path, data))


def test_a_flood_of_fields_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flood = b"\x0a\x00" * 3000
    data = b"\x08\x08\x3a" + varint(len(flood)) + flood + b"\x42\x02\x10\x11"
    assert len(read_skeleton(write(tmp_path, data)).graph.node) == 3000
    monkeypatch.setattr("graphfix.ir.wire_format._MOST_FIELDS", 2000)
    assert "more than 2000 fields" in refused(write(tmp_path, data))


def test_integers_of_more_than_ten_bytes_are_refused(tmp_path: Path) -> None:
    assert "more than ten bytes" in refused(write(tmp_path, b"\x08" + b"\x80" * 12 + b"\x01"))


def test_varint_is_what_protobuf_writes() -> None:
    for value in (0, 1, 127, 128, 300, 2**31, 2**63 - 1):
        assert onnx.OperatorSetIdProto(version=value).SerializeToString() == b"\x10" + varint(value)


def test_a_file_cannot_pass_its_own_tensor_off_as_left_out(tmp_path: Path) -> None:
    model = small()
    tensor = TensorProto(name="sly", data_type=1, dims=[2], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="")
    model.graph.initializer.append(tensor)
    model.graph.initializer.append(weight("big"))
    assert "`sly` has external data without a location" in refused(saved(tmp_path, model))
    assert is_external(tensor)
