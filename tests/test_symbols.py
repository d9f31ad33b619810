"""Shape arithmetic followed with letters."""

from __future__ import annotations

import onnx
import pytest

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.symbolic_shapes import Tracer

WEIGHTS = (
    "int64[1] i0 = {0}, int64[1] i1 = {1}, int64[1] i2 = {2}, int64[1] two = {2}, int64[1] m1 = {-1}, int64[3] all = {-1, 4, 1}"
)


def traced(body: str) -> list[str] | None:
    """The elements of `t`, which some nodes compute from the shape of `x`: [N, 6, H]."""
    text = f"""<ir_version: 8, opset_import: ["" : 17]> g (float[N, 6, H] x, int64[2] v) => (int64[K] y)
               <{WEIGHTS}> {{ s = Shape(x)  {body}  y = Identity(t) }}"""
    surgery = GraphEditor(onnx.parser.parse_model(text), "test")
    tensor = next(t for name, t in surgery.top.tensors().items() if name == "t")
    found = Tracer(surgery).elements(tensor)
    return None if found is None else [str(size) for size in found]


@pytest.mark.parametrize(
    ("body", "elements"),
    [
        ("t = Identity(s)", ["N", "6", "H"]),
        ("t = Slice(s, i1, i2)", ["6"]),
        ("n = Gather(s, i0)  h = Gather(s, i2)  t = Concat<axis = 0>(h, two, n)", ["H", "2", "N"]),
        ("h = Gather(s, i2)  t = Mul(h, two)", ["2*H"]),
        ("h = Gather(s, i2)  d = Mul(h, two)  t = Div(d, h)", ["2"]),
        ("c = Gather(s, i1)  t = Div(c, two)", ["3"]),
        ("h = Gather(s, i2)  t = Div(h, two)", ["floor(H/2)"]),
        ("h = Gather(s, i2)  t = Sub(h, i1)", ["H - 1"]),
        ("h = Gather(s, i2)  t = Sub(h, h)", ["0"]),
        ("h = Gather(s, i2)  f = Cast<to = 1>(h)  g = Floor(f)  t = Cast<to = 7>(g)", ["H"]),
        ("t = ReduceProd<keepdims = 1>(s)", ["6*H*N"]),
        ("e = Equal(s, m1)  t = Where(e, all, s)", ["N", "6", "H"]),
        ("e = Equal(all, m1)  t = Where(e, s, all)", ["N", "4", "1"]),
        ("n = Gather(s, i0)  t = Concat<axis = 0>(n, v)", None),
    ],
)
def test_elements_are_followed(body: str, elements: list[str] | None) -> None:
    assert traced(body) == elements
