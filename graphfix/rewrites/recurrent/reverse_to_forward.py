"""LSTM<reverse>(X) = turn(LSTM<forward>(turn(X))), where turn reverses the order of the steps."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.recurrent.operands import LENGTHS, give, is_read, odd_parameters, single_direction, turned
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

WEIGHTS = "float[1, 2, 1] w = {0.5, 2}, float[1, 2, 2] r = {1, 0.5, 0.25, 1}"


class ReverseToForward(BuiltRewrite):
    """Run a layer that starts at the end forward, over steps in reverse order.

    Why: compilers that know one direction only read, or compute, a reverse layer as if it were a forward one.
    """

    name = "reverse-to-forward"
    safety = Safety.EXACT
    needs_opset = 10
    ulps = 64
    fixes = tuple(FixRule(op) for op in ("LSTM", "GRU", "RNN"))
    ops = ("LSTM", "RNN")
    before = """Y, last = GRU<direction = "reverse">(X, W, R)"""
    after = """x = Gather(X, places)
               y, last = GRU(x, W, R)
               Y = Gather(y, places)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]>
               g (float[3, N, 1] x, float[1, N, 2] h) => (float[3, 1, N, 2] y, float[1, N, 2] last)
               <{WEIGHTS}> {{ y, last = RNN<hidden_size = 2, direction = "reverse">(x, w, r, , , h) }}""",
            ops=("Gather", "RNN", "Gather"),
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[T, N, 1] x) => (float[1, N, 2] last)
               <{WEIGHTS}> {{ y, last = RNN<hidden_size = 2, direction = "reverse">(x, w, r) }}""",
            ops=("Slice", "RNN"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2, 1] x) => (float[3, 1, 2, 2] y)
               <{WEIGHTS}> {{ y = RNN<hidden_size = 2>(x, w, r) }}""",
            because="it does not run in reverse",
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2, 1] x, int32[2] n) => (float[3, 1, 2, 2] y)
               <{WEIGHTS}> {{ y = RNN<hidden_size = 2, direction = "reverse">(x, w, r, , n) }}""",
            because="its sequences have lengths of their own",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if draft.attribute("direction", "forward") != "reverse":
            return "it does not run in reverse"
        if draft.has(LENGTHS):
            return "its sequences have lengths of their own"
        odd, dims = odd_parameters(draft), draft.shape()
        if odd is not None or dims is None:
            return odd or f"the rank of `{draft.node.inputs[0].name}` is unknown"
        results = single_direction(draft, turned(draft, "in0", dims[0]), 0, "forward")
        if is_read(draft, 0):
            results[0] = turned(draft, results[0], dims[0])
        give(draft, results)
        return None
