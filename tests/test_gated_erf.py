"""The facet of an Erf inside a Gelu that an exporter took apart."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts

HEAD = '<ir_version: 8, opset_import: ["": 17]> g (float[2,3] X) => (float[2,3] Y{more}) {{ {body} }}'
NUMBERS = "one = Constant<value = float {1}>() half = Constant<value = float {0.5}>() r = Constant<value = float {1.4142}>() "
USUAL = "d = Div(X, r) e = Erf(d) s = Add(e, one) "


def gated(body: str, more: str = "") -> object:
    model = parser.parse_model(HEAD.format(body=NUMBERS + body, more=more))
    return next(facets(node) for node in Facts.of(model).nodes if node.op == "Erf")["gated"]


@pytest.mark.parametrize(
    "gate",
    [
        "m = Mul(X, s) Y = Mul(m, half)",
        "h = Mul(X, half) Y = Mul(h, s)",
        "m = Mul(s, X) Y = Mul(half, m)",
        "h = Mul(s, half) Y = Mul(X, h)",
    ],
)
def test_an_erf_that_gates_what_it_is_of_is_in_a_gelu(gate: str) -> None:
    assert gated(USUAL + gate) is True


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ("d = Div(X, r) Y = Erf(d)", ""),
        ("e = Erf(X) s = Add(e, one) Y = Mul(X, s)", ""),
        (USUAL + "w = Relu(X) Y = Mul(w, s)", ""),
        (USUAL + "h = Mul(s, half) w = Relu(X) Y = Mul(w, h)", ""),
        (USUAL + "h = Mul(s, half) Z = Relu(h) Y = Mul(X, h)", ", float[2,3] Z"),
        ("d = Div(X, r) e = Erf(d) s = Add(e, half) Y = Mul(X, s)", ""),
        (USUAL + "Z = Relu(e) Y = Mul(X, s)", ", float[2,3] Z"),
        (USUAL + "Z = Relu(s) Y = Mul(X, s)", ", float[2,3] Z"),
        (USUAL + "m = Mul(X, s) Y = Mul(m, half)", ", float[2,3] s"),
        ("d = Add(X, r) e = Erf(d) s = Add(e, one) Y = Mul(X, s)", ""),
    ],
)
def test_other_erfs_are_in_none(body: str, more: str) -> None:
    assert gated(body, more) is False
