"""DequantizeLinear(QuantizeLinear(x, s, z), s, z) ~ Clip(x, (least - z) * s, (most - z) * s): the rounding is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.ir.operator_set import is_standard
from graphfix.rewrites.quantization.numerics import limits
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

DTYPES = ("uint8", "int8", "uint16", "int16")


class DropQuantization(GraphRewrite):
    """Leave the rounding of activations out, and keep the range that quantising holds them in.

    Why: a compiler without quantised operators supports the float graph around them. Each value is off by at most half a
    quantum; the range stays because tools fold a Relu or a Clip into it.
    """

    name = "drop-quantization"
    safety = Safety.APPROXIMATE
    needs_opset = 11
    rtol = 0.05
    atol = 0.05
    fixes = (FixRule("QuantizeLinear"), FixRule("DequantizeLinear"))
    before = """q = QuantizeLinear(x, scale, zero)
                y = DequantizeLinear(q, scale, zero)"""
    after = "y = Clip(x, least, most)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 4] x) => (float[N, 4] y)
               <float s = {0.02}, uint8 z = {128}> {
                 q = QuantizeLinear(x, s, z)
                 d = DequantizeLinear(q, s, z)
                 y = Neg(d) }""",
            ops=("Clip", "Neg"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 4] x) => (float[N, 4] y, float[N, 4] z)
               <float s = {0.05}> {
                 q = QuantizeLinear(x, s)
                 y = DequantizeLinear(q, s)
                 z = DequantizeLinear(q, s) }""",
            ops=("Clip", "Clip"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4] x) => (uint8[4] q) <float s = {0.05}> {
                 q = QuantizeLinear(x, s) }""",
            because="something else than DequantizeLinear reads `q`",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4] x, float s) => (float[4] y) {
                 q = QuantizeLinear(x, s)
                 y = DequantizeLinear(q, s) }""",
            because="its scale is not one known number",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4] x) => (float[4] y) <float s = {0.5}, float t = {0.25}> {
                 q = QuantizeLinear(x, s)
                 y = DequantizeLinear(q, t) }""",
            because="it is read back with another scale",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        yield from at_pairs(surgery, wanted, _clip)


def at_pairs(
    surgery: GraphEditor, wanted: frozenset[Key] | None, write: Callable[[GraphEditor, Any, Any, Any], None]
) -> Iterator[Key | Declined]:
    """Write each wanted QuantizeLinear and what reads it back in another way, or say why they are no plain pair."""
    for graph in surgery.graphs():
        for node in [n for n in graph.nodes if n.op == "QuantizeLinear" and is_standard(n)]:
            key, readers = surgery.key(node), list(node.outputs[0].outputs)
            if wanted is not None and key not in wanted and not any(surgery.key(reader) in wanted for reader in readers):
                continue
            reason = refusal(surgery, graph, node, readers)
            if reason is not None:
                yield Declined(reason, at=surgery.label(key))
                continue
            for reader in readers:
                write(surgery, graph, node, reader)
            yield key


def numbers_of(surgery: GraphEditor, node: Any) -> tuple[float, int] | None:
    """Scale and zero point where they are single and known."""
    scale = surgery.known(node.inputs[1])
    given = len(node.inputs) > 2 and bool(node.inputs[2].name)
    zero = surgery.known(node.inputs[2]) if given else np.zeros((), np.int64)
    if scale is None or zero is None or scale.size != 1 or zero.size != 1:
        return None
    return float(scale.reshape(())), int(zero.reshape(()))


def refusal(surgery: GraphEditor, graph: Any, node: Any, readers: list[Any]) -> str | None:
    """Why a QuantizeLinear and what reads it are no plain pair; None where they are."""
    made = node.outputs[0]
    if any(made is output for output in graph.outputs) or any(reader.op != "DequantizeLinear" for reader in readers):
        return f"something else than DequantizeLinear reads `{made.name}`"
    numbers, value, source = numbers_of(surgery, node), surgery.value(made), surgery.value(node.inputs[0])
    if numbers is None:
        return "its scale is not one known number"
    if any(numbers_of(surgery, reader) != numbers for reader in readers):
        return "it is read back with another scale"
    if value is None or value.dtype not in DTYPES or source is None or source.dtype != "float32":
        return f"`{made.name}` is not 8 or 16 bits of float32"
    return None


def _clip(surgery: GraphEditor, graph: Any, node: Any, reader: Any) -> None:
    """Put a Clip where the numbers are read back."""
    scale, zero = numbers_of(surgery, node) or (1.0, 0)
    value = surgery.value(node.outputs[0])
    assert value is not None
    bounds = [np.asarray((bound - zero) * scale, np.float32) for bound in limits(value.dtype)]
    build = surgery.at(surgery.label(surgery.key(reader)))
    operands = [node.inputs[0], *(build.constant("bound", bound) for bound in bounds)]
    output = reader.outputs[0]
    at = next(i for i, other in enumerate(graph.nodes) if other is reader)
    reader.inputs.clear()
    reader.outputs.clear()
    graph.nodes[at] = build.node("Clip", operands, [output])
