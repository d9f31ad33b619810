"""Gelu(x) = x/2 (1 + erf(x/sqrt 2)) = x/2 + x/2 erf(x/sqrt 2)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite, parse_nodes
from graphfix.rewriting.rewrite import FLOATS, Case, Declined, Key, Safety

WHOLE = "scaled = Mul(x, slope)  half = Mul(x, weight)  curve = Erf(scaled)  bent = Mul(half, curve)  y = Add(half, bent)"
PRODUCT = "bent = Mul(c, e)  y = Add(c, bent)"


class DecomposeGelu(GraphRewrite):
    """Write Gelu, or a product with 1 + erf as exporters write it, as a sum without the factor 1 + erf.

    Why: tract recognises the usual form and fuses it into an operator that it runs, but cannot write to an NNEF file. It
    does not recognise the sum, of which it can write every operator. No finding calls for it; it is applied by name.
    """

    name = "decompose-gelu"
    safety = Safety.EXACT
    ulps = 16
    needs_opset = 9
    before = "y = Gelu(x)"
    after = WHOLE
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 10, opset_import: ["" : 20]> g (float[N, 9] x) => (float[N, 9] y) { y = Gelu(x) }""",
            ops=("Mul", "Mul", "Erf", "Mul", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 9] x) => (float[N, 9] y)
               <float root = {1.4142135}, float one = {1}, float half = {0.5}> {
                 scaled = Div(x, root)
                 curve = Erf(scaled)
                 shifted = Add(curve, one)
                 product = Mul(x, shifted)
                 y = Mul(product, half) }""",
            ops=("Div", "Erf", "Mul", "Add", "Mul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 10, opset_import: ["" : 20]> g (float[9] x) => (float[9] y) { y = Gelu<approximate = "tanh">(x) }""",
            because="it is the tanh form, which has no error function",
        ),
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[9] x) => (float[9] y) { y = Erf(x) }"""),
    )

    def idle(self, model: Any) -> bool:
        return not any(node.op_type in ("Gelu", "Erf") for node in model.graph.node) and not any(
            item.HasField("g") for node in model.graph.node for item in node.attribute
        )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in list(graph.nodes):
                key = surgery.key(node)
                if not is_standard(node):
                    continue
                if node.op == "Gelu" and (wanted is None or key in wanted):
                    refusal = surgery.dtype_only(node, FLOATS) or _tanh(surgery, node)
                    if refusal is not None:
                        yield refusal
                        continue
                    dtype = surgery.dtype(node.inputs[0])
                    numbers = {"slope": np.asarray(math.sqrt(0.5), dtype), "weight": np.asarray(0.5, dtype)}
                    bound, made = {"x": node.inputs[0]}, {"y": node.outputs[0]}
                    surgery.replace(graph, node, parse_nodes(WHOLE, surgery.opset), bound, made, numbers)
                    yield key
                elif node.op == "Mul":
                    found = _factors(surgery, node)
                    if found is None or not (wanted is None or {key, surgery.key(found[2])} & wanted):
                        continue
                    bound = {"c": found[0], "e": found[1]}
                    surgery.replace(graph, node, parse_nodes(PRODUCT, surgery.opset), bound, {"y": node.outputs[0]}, {})
                    yield key


def _tanh(surgery: GraphEditor, node: Any) -> Declined | None:
    """Return a Declined for a Gelu in its tanh form."""
    if node.attrs.get("approximate", "none") == "none":
        return None
    return Declined("it is the tanh form, which has no error function", at=surgery.label(surgery.key(node)))


def _factors(surgery: GraphEditor, node: Any) -> tuple[Any, Any, Any] | None:
    """Return c, e and the node of e where a Mul computes c (1 + e) and e is an error function; else None."""
    for position, operand in enumerate(node.inputs):
        add = operand.inputs[0] if operand.inputs else None
        if add is None or add.op != "Add" or len(node.inputs) != 2:
            continue
        for at, term in enumerate(add.inputs):
            curve = term.inputs[0] if term.inputs else None
            one, value = surgery.known(add.inputs[1 - at]), surgery.value(term)
            if curve is None or curve.op != "Erf" or one is None or one.size != 1 or float(one.reshape(())) != 1.0:
                continue
            if not one.ndim or (value is not None and value.rank is not None and one.ndim <= value.rank):
                return node.inputs[1 - position], term, curve
    return None
