"""q, s, z = DynamicQuantizeLinear(x) as floats: q - z = Clip(Round(x / s) + z, 0, 255) - z, and integer layers as float ones."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, helper

from graphfix.rewrites.quantization.float_for_dynamic import INTEGER, at_dynamic, in_floats, is_cast, misread
from graphfix.rewrites.quantization.numerics import WHOLE, largest_sum
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite, parse_nodes
from graphfix.rewriting.opset_forms import in_opset_form
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

Array = npt.NDArray[Any]
MOST = 255
"""The greatest difference of a number of 8 bits and its zero point."""
ROUNDED = """bottom = ReduceMin<keepdims = 0>(x)
    top = ReduceMax<keepdims = 0>(x)
    least = Min(bottom, nought)
    greatest = Max(top, nought)
    range = Sub(greatest, least)
    raw = Div(range, most)
    flat = Equal(range, nought)
    step = Cast<to = 1>(flat)
    scale = Add(raw, step)
    least_steps = Div(least, scale)
    below = Sub(nought, least_steps)
    zero = Round(below)
    ratio = Div(x, scale)
    whole = Round(ratio)
    moved = Add(whole, zero)
    low = Max(moved, nought)
    high = Min(low, most)
    shifted = Sub(high, zero)"""
"""As onnxruntime computes it: a tensor of nothing but zeros has the scale one."""
NUMBERS = {"nought": np.zeros((), np.float32), "most": np.asarray(MOST, np.float32)}


class SimulateDynamic(GraphRewrite):
    """Quantise activations while running as the model does, but keep the whole numbers in floats, and multiply those.

    Why: few compilers have DynamicQuantizeLinear and integer products; all have floats, in which whole numbers below
    2^24 are exact, so that the result is the quantised model's own.
    """

    name = "simulate-dynamic"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    differs_at = ("nan", "inf")
    fixes = tuple(FixRule(op) for op in ("DynamicQuantizeLinear", *INTEGER))
    before = """q, s, z = DynamicQuantizeLinear(x)
                y = MatMulInteger(q, w, z, wz)"""
    after = ROUNDED + "\ny = MatMul(shifted, fw)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3] x) => (float[N, 2] y)
               <uint8[3, 2] w = {1, 2, 3, 4, 5, 250}, uint8 wz = {4}, float ws = {0.01}> {
                 q, s, z = DynamicQuantizeLinear(x)
                 m = MatMulInteger(q, w, z, wz)
                 f = Cast<to = 1>(m)
                 t = Mul(s, ws)
                 y = Mul(f, t) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[N, 2, 4] x) => (int32[N, 1, 3] y)
               <int8[1, 2, 2] w = {1, -2, 3, 4}> {
                 q, s, z = DynamicQuantizeLinear(x)
                 y = ConvInteger(q, w, z) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[2, 3] x, int8[3, 2] w) => (float[2, 2] y) {
                 q, s, z = DynamicQuantizeLinear(x)
                 m = MatMulInteger(q, w, z)
                 f = Cast<to = 1>(m)
                 y = Mul(f, s) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[3] x) => (uint8[3] q) {
                 q, s, z = DynamicQuantizeLinear(x) }""",
            because="its whole numbers are read by something else than MatMulInteger or ConvInteger",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[2, 3] q, int8[3, 2] w) => (int32[2, 2] y) {
                 y = MatMulInteger(q, w) }""",
            because="`q` was not quantised while running",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, 300] x, uint8[300, 2] w) => (int32[2, 2] y) {
                 q, s, z = DynamicQuantizeLinear(x)
                 y = MatMulInteger(q, w, z) }""",
            because="`y` is read as whole numbers, and its sums of up to 19507500 are not exact in floats",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        yield from at_dynamic(surgery, wanted, _refusal, functools.partial(_simulate, surgery))


def rounding(surgery: GraphEditor, x: Any) -> tuple[list[NodeProto], dict[str, Array]]:
    """Return the nodes that round `x`, with the constants that their form needs.

    The reductions name all axes where the rank is known: Core ML's converter fails at one without behind a Transpose.
    """
    nodes, value = parse_nodes(ROUNDED, surgery.opset), surgery.value(x)
    if value is not None and value.rank:
        for node in nodes:
            if node.op_type.startswith("Reduce"):
                node.attribute.append(helper.make_attribute("axes", list(range(value.rank))))
    return in_opset_form(nodes, surgery.opset, np.dtype(np.float32))


def _refusal(surgery: GraphEditor, graph: Any, node: Any, readers: list[Any]) -> str | None:
    return misread(surgery, graph, node, readers) or _inexact(surgery, graph, readers)


def _inexact(surgery: GraphEditor, graph: Any, readers: list[Any]) -> str | None:
    """Why floats may not hold what is read as whole numbers."""
    for reader in [reader for reader in readers if not is_cast(graph, reader)]:
        most, name = _most(surgery, reader), reader.outputs[0].name
        if most is None:
            return f"`{name}` is read as whole numbers, and how many products it sums is not known"
        if most >= WHOLE:
            return f"`{name}` is read as whole numbers, and its sums of up to {most} are not exact in floats"
    return None


def _most(surgery: GraphEditor, reader: Any) -> int | None:
    """The greatest magnitude that an integer layer's sums can have; None when it is not bounded."""
    weight, conv = reader.inputs[1], reader.op == "ConvInteger"
    known, shift = surgery.known(weight), np.zeros((), np.int64)
    if len(reader.inputs) > 3 and reader.inputs[3].name:
        given = surgery.known(reader.inputs[3])
        known, shift = (None, shift) if given is None else (known, given.astype(np.int64))
    if known is not None and shift.size == 1:
        whole = known.astype(np.int64) - shift.reshape(())
        return largest_sum(whole, tuple(range(1, whole.ndim)) if conv else (-2 if whole.ndim > 1 else -1,), MOST)
    value = surgery.value(weight)
    dims = None if value is None or value.shape is None else value.shape
    terms = None if dims is None else (dims[1:] if conv else dims[-2:][:1])
    if terms is None or not all(isinstance(dim, int) for dim in terms):
        return None
    return MOST * MOST * int(np.prod([int(dim) for dim in terms if isinstance(dim, int)]))


def _simulate(surgery: GraphEditor, graph: Any, node: Any, readers: list[Any]) -> None:
    """Put the rounding where the quantising stood, and float layers where integer ones read it."""
    source, scale = node.inputs[0], node.outputs[1]
    shifted = surgery.gs.Variable(surgery.fresh(f"{surgery.label(surgery.key(node))}/shifted"))
    nodes, operands = rounding(surgery, source)
    made = {"shifted": shifted} | ({"scale": scale} if scale.name else {})
    surgery.replace(graph, node, nodes, {"x": source}, made, {**NUMBERS, **operands})
    for reader in readers:
        in_floats(surgery, graph, shifted, reader)
