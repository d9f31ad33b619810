"""Sqrt(v + 1e-12) ~ Sqrt(v + 1e-7): an epsilon that is not 0 in float16."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, Key, Safety

VANISHES = 2.0**-25
"""The largest number that float16 rounds to 0."""
RAISED = 1.2e-7
"""Twice the smallest number that float16 has."""
NORMALIZATIONS = ("LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization", "BatchNormalization")
READERS = ("Sqrt", "Div", "Log", "Reciprocal", "Pow", "Rsqrt")
ADDS = ("Add", "Max", "Clip")


class RaiseEpsilon(GraphRewrite):
    """Raise an epsilon that float16 rounds to 0.

    Why: 1e-12 guards a root, a logarithm or a quotient in float32, and in float16 it is 0, so that a constant row gives
    infinity or NaN.
    """

    name = "raise-epsilon"
    safety = Safety.APPROXIMATE
    rtol = 1e-2
    atol = 1e-3
    """Rows whose variance is below 1e-5 become smaller by more than 0.5 %."""
    before = """v = Add(s, tiny)
                y = Sqrt(v)"""
    after = """v = Add(s, small)
               y = Sqrt(v)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 4] x) => (float[N, 4] y) <float tiny = {1e-12}> {
                 s = Abs(x)
                 v = Add(s, tiny)
                 y = Sqrt(v) }""",
            ops=("Abs", "Add", "Sqrt"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 4] x) => (float[2, 4] y) <float[4] w = {1, 2, 3, 4}> {
                 y = LayerNormalization<epsilon = 1e-12>(x, w) }""",
            ops=("LayerNormalization",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 4] x) => (float[2, 4] y) <float small = {1e-5}> {
                 s = Abs(x)
                 v = Add(s, small)
                 y = Sqrt(v) }"""
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 4] x) => (float[2, 4] y) <float tiny = {1e-12}> {
                 y = Add(x, tiny) }"""
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in graph.nodes:
                key = surgery.key(node)
                if wanted is not None and key not in wanted:
                    continue
                if node.op in NORMALIZATIONS and 0 < float(node.attrs.get("epsilon", 1e-5)) <= VANISHES:
                    node.attrs["epsilon"] = RAISED
                    yield key
                elif node.op in ADDS and any(reader.op in READERS for out in node.outputs for reader in out.outputs):
                    places = [at for at, tensor in enumerate(node.inputs) if _vanishes(surgery, tensor)]
                    for at in places:
                        array = np.asarray(surgery.known(node.inputs[at]))
                        node.inputs[at] = surgery.at(surgery.label(key)).constant("epsilon", np.full_like(array, RAISED))
                    if places:
                        yield key


def _vanishes(surgery: GraphEditor, tensor: Any) -> bool:
    """Whether a value is one positive number that float16 rounds to 0."""
    value = surgery.value(tensor)
    known = surgery.known(tensor) if value is not None and value.dtype == "float32" else None
    return known is not None and known.size == 1 and 0 < float(known.reshape(())) <= VANISHES
