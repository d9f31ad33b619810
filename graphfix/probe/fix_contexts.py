"""Refused nodes in the surroundings that exporters give them, for fixes that rewrite several nodes together."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: 8, opset_import: ["" : {opset}]>'
PAIR = (
    "g (float[{dims}] X) => (float[{dims}] Y) <{held}> {{ {q} q = QuantizeLinear{axis}(X, s{z}) "
    "{d} w = DequantizeLinear{axis}(q, s{z}) Y = Relu(w) }}"
)
"""Values rounded to what a quantised type can hold, as quantisation-aware training and static quantisation write it."""
DYNAMIC = (
    "g (float[{dims},4] X) => (float[{dims},5] Y) "
    "<{dtype}[4,5] W = {{{weights}}}, float s = {{0.02}}, {dtype} z = {{{zero}}}> {{ "
    "{a} q, t, p = DynamicQuantizeLinear(X) {b} m = MatMulInteger(q, W, p, z) c = Cast<to = 1>(m) u = Mul(t, s) Y = Mul(c, u) }}"
)
"""A matrix product in integers, as dynamic quantisation writes it."""


def in_context(op: str) -> Iterator[TextProbe]:
    """Yield models in which a node of an operator stands among the nodes that usually come with it."""
    if op in ("QuantizeLinear", "DequantizeLinear"):
        yield from _pairs(op)
    if op in ("DynamicQuantizeLinear", "MatMulInteger"):
        yield from _dynamic(op)


def _pairs(op: str) -> Iterator[TextProbe]:
    marks = {"q": "[probe]" if op == "QuantizeLinear" else "", "d": "[probe]" if op == "DequantizeLinear" else ""}
    zeros = [("", ""), ("uint8", "0"), ("uint8", "128"), ("int8", "0"), ("int8", "5")]
    for dims, opset, (dtype, zero) in [
        *(("2,3,4,4", opset, zero) for opset in (13, 17, 19) for zero in zeros),
        *((dims, 17, ("int8", "0")) for dims in ("N,3,4,4", "2,6", "N,6", "3")),
    ]:
        held, z = "float s = {0.05}", ""
        if dtype:
            held, z = f"{held}, {dtype} z = {{{zero}}}", ", z"
        text = PAIR.format(dims=dims, held=held, z=z, axis="", **marks)
        yield TextProbe(
            op, f"pair [{dims}] {dtype or 'no'} zero point {zero} opset={opset}", f"{HEAD.format(opset=opset)} {text}"
        )


def _dynamic(op: str) -> Iterator[TextProbe]:
    marks = {"a": "[probe]" if op == "DynamicQuantizeLinear" else "", "b": "[probe]" if op == "MatMulInteger" else ""}
    for dims in ("3", "N", "2,3"):
        for dtype, zero in (("int8", 0), ("uint8", 128)):
            weights = ", ".join(str(zero + at % 7) for at in range(20))
            text = DYNAMIC.format(dims=dims, dtype=dtype, weights=weights, zero=zero, **marks)
            yield TextProbe(op, f"dynamic [{dims}] {dtype}", f"{HEAD.format(opset=13)} {text}")
