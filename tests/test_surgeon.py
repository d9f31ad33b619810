"""An edit of an attribute, in place or not, is in the exported model, and what was not touched is as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx
import pytest

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.export import export

TEXT = """<ir_version: 8, opset_import: ["" : 17]> g (float[1,2,4,4] x) => (float[] y) {
    [t] h = Transpose<perm = [0, 2, 1, 3]>(x)
    [p] q = MaxPool<kernel_shape = [2, 2], strides = [1, 1], auto_pad = "VALID">(h)
    [c] y = Concat<axis = 1>(q, q) }"""


def attributes(model: onnx.ModelProto) -> dict[str, dict[str, Any]]:
    return {node.name: {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute} for node in model.graph.node}


AS_IT_WAS = attributes(onnx.parser.parse_model(TEXT))


def swapped(nodes: dict[str, Any]) -> None:
    perm = nodes["t"].attrs["perm"]
    perm[1], perm[2] = perm[2], perm[1]


def stepped(nodes: dict[str, Any]) -> None:
    nodes["p"].attrs["strides"][0] = 2


def lengthened(nodes: dict[str, Any]) -> None:
    nodes["p"].attrs["kernel_shape"].append(1)


def replaced(nodes: dict[str, Any]) -> None:
    nodes["c"].attrs["axis"] = 2


def removed(nodes: dict[str, Any]) -> None:
    del nodes["p"].attrs["auto_pad"]


def added(nodes: dict[str, Any]) -> None:
    nodes["p"].attrs["ceil_mode"] = 1


@pytest.mark.parametrize(
    ("edit", "node", "name", "value"),
    [
        (swapped, "t", "perm", [0, 1, 2, 3]),
        (stepped, "p", "strides", [2, 1]),
        (lengthened, "p", "kernel_shape", [2, 2, 1]),
        (replaced, "c", "axis", 2),
        (removed, "p", "auto_pad", None),
        (added, "p", "ceil_mode", 1),
    ],
)
def test_an_edit_of_an_attribute_is_exported(edit: Callable[[dict[str, Any]], None], node: str, name: str, value: Any) -> None:
    model = onnx.parser.parse_model(TEXT)
    surgery = GraphEditor(model, "test")
    edit({one.name: one for one in surgery.top.nodes})
    found = attributes(export(surgery))
    wanted = {label: dict(items) for label, items in AS_IT_WAS.items()}
    if value is None:
        del wanted[node][name]
    else:
        wanted[node][name] = value
    assert found == wanted
    assert attributes(model) == AS_IT_WAS
