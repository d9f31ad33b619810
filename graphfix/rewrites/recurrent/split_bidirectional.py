"""LSTM<bidirectional>(X) = Concat(LSTM<forward>(X), LSTM<reverse>(X)), each with its own half of the weights."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.recurrent.operands import LENGTHS, give, joined, odd_parameters, single_direction
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

WEIGHTS = """float[2, 2, 1] w = {0.5, 2, 1, -1}, float[2, 2, 2] r = {1, 0.5, 0.25, 1, -1, 0.5, 0.75, 0},
                  float[2, 4] b = {0.1, 0.2, 0, 0, 0.5, 0.25, 0, 0}"""


class SplitBidirectional(BuiltRewrite):
    """Run the two directions of a recurrent layer as two layers, and join what they give.

    Why: some compilers have the layer in one direction only, or get the second one wrong.
    """

    name = "split-bidirectional"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 64
    fixes = tuple(FixRule(op) for op in ("LSTM", "GRU", "RNN"))
    ops = ("LSTM", "RNN")
    before = """Y, last = GRU<direction = "bidirectional">(X, W, R)"""
    after = """y0, h0 = GRU(X, W0, R0)
               y1, h1 = GRU<direction = "reverse">(X, W1, R1)
               Y = Concat<axis = 1>(y0, y1)
               last = Concat<axis = 0>(h0, h1)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]>
               g (float[T, N, 1] x, float[2, N, 2] h) => (float[T, 2, N, 2] y, float[2, N, 2] last) <{WEIGHTS}> {{
                 y, last = RNN<hidden_size = 2, direction = "bidirectional", activations = ["Tanh", "Relu"]>
                   (x, w, r, b, , h) }}""",
            ops=("Gather", "Gather", "RNN", "RNN", "Concat", "Concat"),
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2, 1] x) => (float[2, 2, 2] last)
               <{WEIGHTS}, int32[2] n = {{2, 3}}> {{
                 y, last = RNN<hidden_size = 2, direction = "bidirectional">(x, w, r, , n) }}""",
            ops=("RNN", "RNN", "Concat"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2, 1] x) => (float[3, 1, 2, 2] y)
               <float[1, 2, 1] w = {0.5, 2}, float[1, 2, 2] r = {1, 0.5, 0.25, 1}> { y = RNN<hidden_size = 2>(x, w, r) }""",
            because="it runs in one direction",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if draft.attribute("direction", "forward") != "bidirectional":
            return "it runs in one direction"
        odd = odd_parameters(draft)
        if odd is not None:
            return odd
        lengths = draft.inputs[LENGTHS] if draft.has(LENGTHS) else ""
        ways = ("forward", "reverse")
        give(draft, joined(draft, [single_direction(draft, "in0", number, way, lengths) for number, way in enumerate(ways)]))
        return None
