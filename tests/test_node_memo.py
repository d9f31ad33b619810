"""The memo of inference: nodes that agree share their facts, under their own names, and nodes that differ do not."""

from __future__ import annotations

import onnx
import pytest

from graphfix.analysis import node_memo
from graphfix.analysis.facts import Facts

TEXT = """<ir_version: 8, opset_import: ["" : 17]> g (float[n, 4] x, float[n, 3] z) => (float[n, 4] y)
<int64[2] target = {{-1, 2}}, int64[2] other = {{-1, 4}}> {{ {body} }}"""


def facts(body: str) -> Facts:
    """The facts of a small model."""
    return Facts.of(onnx.parser.parse_model(TEXT.format(body=body)))


def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The nodes whose facts come from the memo from now on, by the names of their outputs."""
    names: list[str] = []
    take = node_memo.NodeMemo.take

    def watched(self: node_memo.NodeMemo, key: node_memo.Key, node: onnx.NodeProto) -> node_memo.Found | None:
        found = take(self, key, node)
        names.extend(node.output if found is not None else ())
        return found

    monkeypatch.setattr(node_memo.NodeMemo, "take", watched)
    return names


def test_equal_nodes_share_their_facts_under_their_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    names = taken(monkeypatch)
    found = facts("a = Relu(x) b = Relu(a) c = Neg(b) d = Add(c, x) e = Relu(b) y = Abs(e)")
    assert names == ["b", "e"]
    assert [value.name for node in found.nodes for value in node.outputs if value is not None] == ["a", "b", "c", "d", "e", "y"]
    assert found.values[()]["b"].shape == found.values[()]["e"].shape == ("n", 4)


@pytest.mark.parametrize(
    "body",
    [
        "a = Relu(x) b = Relu(z) y = Abs(a)",  # other shapes
        "a = Reshape(x, target) b = Reshape(x, other) y = Abs(x)",  # other sizes
        "a = Softmax<axis = 0>(x) b = Softmax<axis = 1>(x) y = Abs(a)",  # other attributes
        "a = Relu(x) b = Neg(x) y = Abs(a)",  # other operators
        "a = Constant<value = int64[1] {1}>() b = Constant<value = int64[1] {2}>() y = Abs(x)",
    ],
)
def test_nodes_that_differ_share_nothing(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = taken(monkeypatch)
    facts(body)
    assert not names
