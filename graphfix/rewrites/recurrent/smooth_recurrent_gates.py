"""LSTM<HardSigmoid(a, b)>(x, W, R, B) ~ LSTM<Sigmoid>(x, c a W, c a R, c a B + c (b - 1/2)) in the rows of its gates."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.analysis.operand_constraints import GATES
from graphfix.rewrites.activation.hard_sigmoid_to_sigmoid import STEEPNESS
from graphfix.rewrites.recurrent.cell_ops import Activation, activations
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

Array = npt.NDArray[Any]
GATED = {"LSTM": 3, "GRU": 2}
"""Blocks of rows, the first of each weight, that belong to gates; the rest is of the new state."""
KINDS = ("attribute", "wrong", "rejection", "form", "unmeasured")


class SmoothRecurrentGates(BuiltRewrite):
    """Let the smooth sigmoid stand for the hard one in the gates of an LSTM or GRU, its slope folded into the weights.

    Why: Keras of old and many speech models have hard gates; compilers have the layer with smooth ones only, and over
    hundreds of steps it cannot be written out. A gate is off by at most 0.056.
    """

    name = "smooth-recurrent-gates"
    safety = Safety.APPROXIMATE
    needs_opset = 7
    rtol = 0.1
    atol = 0.2
    """States are within one; what the gates are off by gathers in the cell."""
    dtypes = FLOATS
    fixes = tuple(FixRule(op, kinds=KINDS) for op in GATED)
    ops = ("GRU",)
    before = """Y, h, c = LSTM<hidden_size = 8, activations = ["HardSigmoid", "Tanh", "Tanh"]>(X, W, R, B, l, h0, c0, P)"""
    after = "Y, h, c = LSTM<hidden_size = 8>(X, CW, CR, CB, l, h0, c0, CP)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[T, 2, 1] x) => (float[T, 1, 2, 1] y, float[1, 2, 1] last)
               <float[1, 4, 1] w = {0.5, -1, 0.25, 1}, float[1, 4, 1] r = {0.5, -0.5, 0.25, 1},
                float[1, 8] b = {0.1, 0.2, 0.3, 0, 0, 0, 0.5, 0}, float[1, 3] p = {0.1, -0.1, 0.2}> {
                 y, last = LSTM<hidden_size = 1, activations = ["HardSigmoid", "Tanh", "Tanh"]>(x, w, r, b, , , , p) }""",
            ops=("LSTM",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[T, 1, 1] x) => (float[T, 2, 1, 1] y)
               <float[2, 3, 1] w = {0.5, -1, 0.25, 0.5, 1, 0.5}, float[2, 3, 1] r = {0.5, -0.5, 0.25, 0.5, 1, 0.5}> {
                 y = GRU<hidden_size = 1, direction = "bidirectional",
                         activations = ["HardSigmoid", "Tanh", "Sigmoid", "Tanh"], activation_alpha = [0.25],
                         activation_beta = [0.4]>(x, w, r) }""",
            ops=("GRU",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = tuple(
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[T, 1, 1] x{more}) => (float[T, 1, 1, 1] y)
               <{w}float[1, 3, 1] r = {{1, 2, 3}}> {{
                 y = GRU<hidden_size = 1, activations = ["{gate}", "{new}"]{clip}>(x, w, r) }}""",
            because=because,
        )
        for gate, new, clip, more, because in (
            ("Sigmoid", "Tanh", "", "", "its gates are not hard sigmoids"),
            ("HardSigmoid", "Tanh", ", clip = 3.0", "", "it clips what its gates are given"),
            ("HardSigmoid", "HardSigmoid", "", "", "its new state goes through a hard sigmoid too"),
            ("HardSigmoid", "Tanh", "", ", float[1, 3, 1] w", "its weights are not constants"),
        )
        for w in ("" if more else "float[1, 3, 1] w = {1, 2, 3}, ",)
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        op = draft.node.op
        found = activations(op, draft.node.attrs)
        if isinstance(found, str):
            return found
        if not any(way[0].name == "hardsigmoid" for way in found):
            return "its gates are not hard sigmoids"
        if any(act.name == "hardsigmoid" for way in found for act in way[1:]):
            return "its new state goes through a hard sigmoid too"
        if draft.attribute("clip"):
            return "it clips what its gates are given"
        if draft.attribute("input_forget"):
            return "its gates are coupled: both would be off"
        if any(way[0].name == "hardsigmoid" and (way[0].alpha or 0) <= 0 for way in found):
            return "a gate is constant, or falls with its operand"
        rest = [act for way in found for act in way if act.name != "hardsigmoid"]
        if any(act.alpha is not None for act in rest):
            return "other activations of it have parameters"
        weights = [draft.known(place) if draft.has(place) else None for place in (1, 2, 3, 7)]
        if any(weight is None and draft.has(place) for weight, place in zip(weights, (1, 2, 3, 7), strict=True)):
            return "its weights are not constants"
        hidden, operands = int(draft.attribute("hidden_size")), list(draft.inputs)
        operands += [""] * (4 - len(operands))
        for place, made in _folded(op, found, hidden, weights).items():
            operands[place] = draft.constant(made, made.dtype)
        attrs = {name: value for name, value in draft.node.attrs.items() if not name.startswith("activation")}
        names = {"hardsigmoid": "Sigmoid", "softsign": "Softsign", "softplus": "Softplus"}
        attrs["activations"] = [names.get(act.name, act.name.capitalize()) for way in found for act in way]
        for index, name in enumerate(draft.ops(op, len(draft.node.outputs), *operands, **attrs)):
            if draft.wants(index):
                draft.give(name, index)
        return None


def _folded(op: str, found: list[list[Activation]], hidden: int, weights: list[Array | None]) -> dict[int, Array]:
    """The weights by their place among the operands, the rows of hard gates scaled, and moved by the bias of W."""
    w, r, b, p = weights
    assert w is not None
    assert r is not None
    rows, gates = GATES[op] * hidden, GATED[op] * hidden
    w, r = w.copy(), r.copy()
    b = np.zeros((len(found), 2 * rows), w.dtype) if b is None else b.copy()
    p = None if p is None else p.copy()
    for way, acts in enumerate(found):
        if acts[0].name != "hardsigmoid":
            continue
        slope = STEEPNESS * float(acts[0].alpha or 0)
        for part in (w[way, :gates], r[way, :gates], b[way, :gates], b[way, rows : rows + gates]):
            part *= slope
        b[way, :gates] += STEEPNESS * (float(acts[0].beta or 0) - 0.5)
        if p is not None:
            p[way] *= slope
    return {1: w, 2: r, 3: b} | ({} if p is None else {7: p})
