"""Two rewrites that undo each other do not take turns."""

from __future__ import annotations

import onnx
import pytest
from onnx import ModelProto

import graphfix.rewriting.registry
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.pipeline import fix_model
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import FixRule, Safety

TEXT = '<ir_version: 8, opset_import: ["" : 17]> g (float[N, 4] x) => (float[N, 4] y) { y = Relu(x) }'


def rejecting(model: ModelProto) -> list[Result]:
    """Reject every node, whatever it is."""
    found = [
        Finding("GF101", "x", Severity.ERROR, "demo", "no", (), n.output[0], n.op_type, "", n.output[0], "operator")
        for n in model.graph.node
    ]
    return [Result("", "demo", "1", len(found), found)]


def written(title: str, of: str, text: str, opposite: str, counts: dict[str, int]) -> NodeRewrite:
    class Made(NodeRewrite):
        """Made."""

        name = title
        safety = Safety.EXACT
        undoes = opposite
        fixes = (FixRule(of),)
        before, after = f"y = {of}(x)", text

        def replacement(self, node: object, surgery: object) -> str:
            counts[self.name] = counts.get(self.name, 0) + 1
            return self.after

    return Made()


@pytest.mark.parametrize(("opposite", "most"), [(True, 1), (False, 9)])
def test_what_undoes_a_rewrite_is_not_tried_behind_it(monkeypatch: pytest.MonkeyPatch, *, opposite: bool, most: int) -> None:
    counts: dict[str, int] = {}
    there = written("there", "Relu", "y = LeakyRelu<alpha = 0.0>(x)", "back" if opposite else "", counts)
    back = written("back", "LeakyRelu", "y = Relu(x)", "there" if opposite else "", counts)
    monkeypatch.setattr(graphfix.rewriting.registry, "registry", lambda: {each.name: each for each in (there, back)})
    fix_model(onnx.parser.parse_model(TEXT), rejecting, FixOptions())
    assert (counts.get("back", 0) == 0) is opposite
    assert (sum(counts.values()) > most) is not opposite


def test_each_opposite_names_the_other() -> None:
    found = {name: each.undoes for name, each in registry().items() if each.undoes}
    assert found == {"lower-opset": "upgrade-opset", "upgrade-opset": "lower-opset"}
