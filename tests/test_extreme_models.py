"""Small files at the edges of the format: each gives verdicts or one clear line, from lint and from fix, and no other file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import AttributeProto, NodeProto, TensorProto, helper, numpy_helper

from graphfix.cli.app import main
from graphfix.ir.wire_format import varint

RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def value(name: str, shape: Sequence[int | None] | None = (3, 4), dtype: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, dtype, shape)


def model(*nodes: NodeProto, inputs: Sequence[Any] = (value("x"),), outputs: Sequence[Any] = (value("y", None),),
          weights: Sequence[TensorProto] = (), opset: int = 17) -> bytes:  # fmt: skip
    graph = helper.make_graph(nodes, "g", inputs, outputs, weights)
    made = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", opset)])
    data: bytes = made.SerializeToString()
    return data


def numbers(name: str, *content: int) -> TensorProto:
    return numpy_helper.from_array(np.asarray(content, np.int64), name)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def nested(depth: int) -> bytes:
    """An If in an If in an If, written byte by byte: protobuf's own library writes no deeper than 100."""
    end = field(2, b"b") + field(12, value("r", None).SerializeToString())
    inner = field(1, helper.make_node("Identity", ["x"], ["r"]).SerializeToString()) + end
    graph = inner
    for _ in range(depth):
        branches = [(b"then_branch", graph), (b"else_branch", inner)]
        attributes = b"".join(field(5, field(1, name) + field(6, body) + b"\xa0\x01\x05") for name, body in branches)
        graph = field(1, field(1, b"c") + field(2, b"r") + field(4, b"If") + attributes) + end
    given = [value("x"), value("c", (), TensorProto.BOOL)]
    return b"\x08\x08" + field(7, graph + b"".join(field(11, one.SerializeToString()) for one in given)) + field(8, b"\x10\x11")


def external(**entries: str) -> bytes:
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3, 4], data_location=TensorProto.EXTERNAL)
    for key, text in entries.items():
        weight.external_data.add(key=key, value=text)
    return model(helper.make_node("Add", ["x", "w"], ["y"]), weights=[weight])


def twins() -> bytes:
    """Two branches that make values of the same names, which the graph around them has too."""
    one = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["v"]), helper.make_node("Abs", ["v"], ["y"])], "a", [], [value("y")]
    )
    other = helper.make_graph(
        [helper.make_node("Neg", ["v"], ["x"]), helper.make_node("Mish", ["x"], ["y"])], "b", [], [value("y")]
    )
    around = [helper.make_node("Relu", ["x"], ["v"]), helper.make_node("If", ["c"], ["y"], then_branch=one, else_branch=other)]
    return model(*around, inputs=[value("x"), value("c", (), TensorProto.BOOL)])


def many_outputs() -> bytes:
    nodes = [helper.make_node("Relu", ["x"], [f"y{at}"]) for at in range(10_000)]
    return model(*nodes, outputs=[value(f"y{at}") for at in range(10_000)])


EXTREME: dict[str, Callable[[], bytes]] = {
    "Ifs in Ifs": lambda: nested(30),
    "Ifs too deep": lambda: nested(5000),
    "10,000 outputs": many_outputs,
    "dims beyond int64": lambda: model(helper.make_node("Mul", ["x", "x"], ["y"]), inputs=[value("x", [2**40] * 3)]),
    "a product beyond int64": lambda: model(
        helper.make_node("MatMul", ["x", "z"], ["y"]), inputs=[value("x", [2**30, 2]), value("z", [2, 2**40])]
    ),
    "a fill beyond memory": lambda: model(
        helper.make_node("ConstantOfShape", ["s"], ["y"]), weights=[numbers("s", 2**33, 2**33)]
    ),
    "pads beyond int64": lambda: model(helper.make_node("Pad", ["x", "p"], ["y"]), weights=[numbers("p", *[2**62] * 4)]),
    "negative dims": lambda: model(helper.make_node("Softmax", ["x"], ["y"], axis=-9), inputs=[value("x", (-3, -4))]),
    "a weight of negative dims": lambda: model(
        helper.make_node("Add", ["x", "w"], ["y"]),
        weights=[TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[-2, 3], raw_data=bytes(24))],
    ),
    "weights past the end": lambda: external(location="w.bin", offset="100", length="48"),
    "weights before the start": lambda: external(location="w.bin", offset="-48", length="48"),
    "weights at no number": lambda: external(location="w.bin", offset="zero", length="many"),
    "weights through a link": lambda: external(location="link.bin", offset="0", length="48"),
    "weights in a linked folder": lambda: external(location="linked/hostname", offset="0", length="4"),
    "weights in a folder above": lambda: external(location="../../../../../etc/passwd"),
    "weights in a pipe": lambda: external(location="pipe.bin"),
    "weights in a device": lambda: external(location="/dev/zero"),
    "opset 0": lambda: model(helper.make_node("Relu", ["x"], ["y"]), opset=0),
    "opset 2**62": lambda: model(helper.make_node("Relu", ["x"], ["y"]), opset=2**62),
    "a long text": lambda: model(helper.make_node("Relu", ["x"], ["y"], note="a\x1b[31m" * 2_000_000)),
    "a long name": lambda: model(helper.make_node("Mish", ["x"], ["y"], name="n" * 3_000_000)),
    "equal names in branches": twins,
    "NUL in names": lambda: model(
        helper.make_node("Mish", ["x\0"], ["y\0z"], name="n\0\n::error::"), inputs=[value("x\0")], outputs=[value("y\0z", None)]
    ),
    "a Slice of a scalar": lambda: model(
        helper.make_node("Slice", ["x", "s", "e", "a", "t"], ["y"]), helper.make_node("Reshape", ["y", "r"], ["z"]),
        inputs=[value("x", ()), value("s", (None,), TensorProto.INT64)], outputs=[value("z", None)],
        weights=[numbers("e", 2), numbers("a", 0), numbers("t", 2), numbers("r", -1)],
    ),
    "a circle of nodes": lambda: model(helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Relu", ["a"], ["b"])),
    "an Einsum without its equation": lambda: model(
        helper.make_node("Expand", ["x", "s"], ["e"]), helper.make_node("Einsum", ["e", "x"], ["y"]),
        weights=[numbers("s", 2, 3, 4)],
    ),
    "a DFT whose axis has no type": lambda: model(
        NodeProto(op_type="DFT", input=["x", "n"], output=["y"], attribute=[AttributeProto(name="axis", i=1)]),
        inputs=[value("x", (1, 4, 1))], weights=[numbers("n", 4)], opset=17,
    ),
    "rank 5,000": lambda: model(helper.make_node("Transpose", ["x"], ["y"]), inputs=[value("x", [1] * 5000)]),
}  # fmt: skip


@pytest.mark.parametrize("command", ["lint", pytest.param("fix", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", EXTREME)
def test_the_answer_is_a_verdict_or_one_clear_line(
    name: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "m.onnx", tmp_path / "out.onnx"
    path.write_bytes(EXTREME[name]())
    (tmp_path / "w.bin").write_bytes(bytes(48))
    (tmp_path / "link.bin").symlink_to("/etc/passwd")
    (tmp_path / "linked").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe.bin")
    before = sorted(os.listdir(tmp_path))
    code = main(
        [command, str(path), "--isolated", "-t", "coreml,tract", *(["-o", str(out), "--no-confirm"] if command == "fix" else [])]
    )
    said = capsys.readouterr()
    assert code in (0, 1, 2)
    assert "graphfix failed" not in said.err
    assert (code == 2) == (len([line for line in said.err.splitlines() if "m.onnx: " in line]) == 1)
    assert not RAW.search(said.out + said.err)
    assert set(os.listdir(tmp_path)) - {out.name} == set(before)
