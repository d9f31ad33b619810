"""A product with HardSigmoid(z), with a slope of 1/6 and a shift of 1/2: HardSwish(z) where the other factor is z too.

A compiler that puts HardSwish together may not look at the other factor, which is another tensor in squeeze-and-excitation.
"""

from __future__ import annotations

import numpy as np

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts, Value

SLOPE, SHIFT = float(np.float32(1 / 6)), 0.5
"""The attributes of HardSigmoid in HardSwish, as a model holds them; both have to be written out."""


def _find(context: Context) -> dict[int, Told]:
    if not context.by_op.get("HardSigmoid"):
        return {}
    found: dict[int, Told] = {}
    for at in context.at({"Mul"}):
        inputs = context.nodes[at].inputs
        for gate, other in zip(inputs, inputs[::-1], strict=True) if len(inputs) == 2 else ():
            maker = context.producer(gate.name) if gate is not None else None
            if maker is not None and _is_gate(maker):
                found[at] = {"hard_gate": "of the other factor" if _same(maker.inputs[0], other) else "of another tensor"}
    return found


def _is_gate(maker: NodeFacts) -> bool:
    """Whether a node is the HardSigmoid of HardSwish, with both attributes written out."""
    written = {one.name: one.f for one in maker.proto.attribute}
    return maker.op == "HardSigmoid" and not maker.domain and written == {"alpha": SLOPE, "beta": SHIFT}


def _same(data: Value | None, other: Value | None) -> bool:
    return data is not None and other is not None and data.name == other.name


PATTERN = StructuralPattern(
    frozenset({"Mul"}),
    {"hard_gate": "nothing"},
    _find,
    own=True,
)
