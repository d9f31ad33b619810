"""Add(x, Mul(n, 0)) = x: what is multiplied by zero is not computed."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, ClassVar

import numpy as np

from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import FLOATS, Case, Declined, FixRule, Key, Safety

MOST_ELEMENTS = 1 << 18
"""The most zeros that are written as a constant."""
DRAWN = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial")
SCALED = """m = RandomNormalLike(x)
                 n = Mul(m, zero)"""


class DropZeroProducts(GraphRewrite):
    """Drop products with a constant zero: from a sum with a value of the same dims, else as constant zeros.

    Why: models of speech and diffusion scale their noise by a number that is 0 for deterministic inference, and compilers still
    see the random operator. A product of zero and infinity or NaN, which would be NaN, is zero afterwards.
    """

    name = "drop-zero-products"
    safety = Safety.EXACT
    everywhere = True
    differs_at = ("nan", "inf", "large")
    fixes = tuple(FixRule(op) for op in DRAWN)
    before = """n = RandomNormalLike(x)
                z = Mul(n, zero)
                y = Add(x, z)"""
    after = "y = Identity(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] y) <float zero = {{0}}> {{
                 {SCALED}
                 a = Add(n, x)
                 y = Sub(a, n) }}""",
            ops=("Identity", "Identity"),
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x) => (float[2, 3] y) <float zero = {{0}}> {{
                 {SCALED}
                 a = Concat<axis = 0>(x, n)
                 b = Exp(a)
                 y = ReduceMax<axes = [0], keepdims = 1>(b) }}""".replace("float[2, 3] y", "float[1, 3] y"),
            ops=("Identity", "Concat", "Exp", "ReduceMax"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) <float one = {1}> {
                 n = RandomNormalLike(x)
                 z = Mul(n, one)
                 y = Add(x, z) }""",
            because="no product with a constant zero",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[N] y) <float zero = {0}> {
                 n = RandomNormalLike(x)
                 z = Mul(n, zero)
                 y = Cos(z) }""",
            because="the dims of `z`, which is zero, are not fixed",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        found = False
        for graph in surgery.graphs():
            for node in [each for each in graph.nodes if each.op == "Mul" and is_standard(each)]:
                if not any(_is_zero(surgery, tensor) for tensor in node.inputs):
                    continue
                found, key = True, surgery.key(node)
                result = node.outputs[0]
                for reader in list(result.outputs):
                    _leave_out(surgery, graph, reader, result)
                if not result.outputs and not any(result is output for output in graph.outputs):
                    node.inputs.clear()
                    node.outputs.clear()
                    graph.nodes.remove(node)
                    yield key
                    continue
                value = surgery.value(result)
                dims = [dim for dim in (value.shape or ()) if isinstance(dim, int)] if value is not None else []
                if value is None or not value.fixed or prod(dims) > MOST_ELEMENTS:
                    yield Declined(f"the dims of `{result.name}`, which is zero, are not fixed", at=surgery.label(key))
                    continue
                at, build = surgery.place(graph, node), surgery.at(surgery.label(key))
                zeros = build.constant("zeros", np.zeros(dims, surgery.dtype(result)))
                node.inputs.clear()
                node.outputs.clear()
                build.node("Identity", [zeros], [result])
                graph.nodes[at : at + 1] = build.nodes
                yield key
        if not found:
            yield Declined("no product with a constant zero")


def _is_zero(surgery: GraphEditor, tensor: Any) -> bool:
    value, array = surgery.value(tensor), surgery.known(tensor)
    return value is not None and value.dtype in FLOATS and array is not None and array.size > 0 and not array.any()


def _leave_out(surgery: GraphEditor, graph: Any, reader: Any, zero: Any) -> None:
    """Replace a sum or difference with the zero by its other operand where that has the dims of the result."""
    if reader.op not in ("Add", "Sub") or (reader.op == "Sub" and reader.inputs[1] is not zero):
        return
    other = reader.inputs[1] if reader.inputs[0] is zero else reader.inputs[0]
    one, result = surgery.value(other), surgery.value(reader.outputs[0])
    if one is None or result is None or one.shape is None or None in one.shape or one.shape != result.shape:
        return
    build = surgery.at(surgery.label(surgery.key(reader)))
    at = next((place for place, node in enumerate(graph.nodes) if node is reader), None)
    if at is None or other is zero:
        return
    output = reader.outputs[0]
    reader.inputs.clear()
    reader.outputs.clear()
    build.node("Identity", [other], [output])
    graph.nodes[at : at + 1] = build.nodes
