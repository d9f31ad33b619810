"""How many sessions folding takes: one for all constants, and one for each of them only where that one fails."""

from __future__ import annotations

from typing import Any

import onnx
import onnxruntime
import pytest
from onnx import ModelProto

from graphfix.rewriting.registry import registry

SEVERAL = """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] y)
   <float[3] a = {1, 2, 3}, float[3] b = {0.5, -1, 2}> {
     c = Add(a, b)
     d = Mul(a, b)
     e = Neg(b)
     p = Mul(x, c)
     q = Add(p, d)
     y = Sub(q, e) }"""
ONE_FAILS = SEVERAL.replace("float[3] b = {0.5, -1, 2}", "float[3] b = {0.5, -1, 2}, int64[1] two = {2}").replace(
    "e = Neg(b)", "e = Reshape(b, two)"
)


def folded(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], int]:
    """Return the operators left, and the sessions that were opened."""
    opened: list[bytes] = []
    real = onnxruntime.InferenceSession

    def session(model: bytes, *args: Any, **options: Any) -> Any:
        opened.append(model)
        return real(model, *args, **options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    made = registry()["fold-constants"].apply(onnx.parser.parse_model(text)).model
    assert isinstance(made, ModelProto)
    return [node.op_type for node in made.graph.node], len(opened)


def test_all_constants_are_computed_in_one_session(monkeypatch: pytest.MonkeyPatch) -> None:
    assert folded(SEVERAL, monkeypatch) == (["Mul", "Add", "Sub"], 1)


def test_one_that_cannot_be_computed_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    operators, sessions = folded(ONE_FAILS, monkeypatch)
    assert operators == ["Reshape", "Mul", "Add", "Sub"]
    assert sessions > 1
