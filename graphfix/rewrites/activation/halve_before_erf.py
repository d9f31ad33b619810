"""x * (0.5 * (1 + erf(x / sqrt 2))) = (x * 0.5) * (1 + erf(x / sqrt 2))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from graphfix.rewrites.precision.pattern_rewrite import PatternRewrite, last
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.pattern import Found, Pattern
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Safety

NUMBERS = {"one": 1.0, "half": 0.5}
ERF = "d = Div(x, root)  e = Erf(d)  a = Add(e, one)"
HEAD = '<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5] x) => (float[N, 5] y)'
CONSTANTS = "<float root = {1.4142135}, float one = {1.0}, float half = {0.5}>"


class HalveBeforeErf(PatternRewrite):
    """Halve the input of a GELU in elementary operators before it is multiplied by 1 + erf(x / sqrt 2).

    Half of a float is exact, so the order changes nothing but the smallest of numbers.

    Why: OpenCV 5 takes the other orders for its fused GELU, reads a factor as a constant that is none, and crashes.
    """

    name = "halve-before-erf"
    safety = Safety.EXACT
    fixes = (FixRule("Mul", traits=("gelu",)),)
    patterns: ClassVar[Mapping[str, Sequence[Pattern]]] = {
        "within": [Pattern(f"{ERF}  m = Mul(a, half)  y = Mul(v, m)", NUMBERS)],
        "outside": [Pattern(f"{ERF}  m = Mul(a, v)  y = Mul(m, half)", NUMBERS)],
    }
    before = """d = Div(x, 1.4142135)
                e = Erf(d)
                a = Add(e, 1)
                m = Mul(0.5, a)
                y = Mul(x, m)"""
    after = """d = Div(x, 1.4142135)
               e = Erf(d)
               a = Add(e, 1)
               h = Mul(x, 0.5)
               y = Mul(h, a)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} {CONSTANTS} {{
                 d = Div(x, root)
                 e = Erf(d)
                 a = Add(e, one)
                 m = Mul(half, a)
                 y = Mul(x, m) }}""",
            ops=("Div", "Mul", "Erf", "Add", "Mul"),
        ),
        Case(
            f"""{HEAD} {CONSTANTS} {{
                 d = Div(x, root)
                 e = Erf(d)
                 a = Add(one, e)
                 m = Mul(x, a)
                 y = Mul(half, m) }}""",
            ops=("Div", "Mul", "Erf", "Add", "Mul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} {CONSTANTS} {{
                 d = Div(x, root)
                 e = Erf(d)
                 a = Add(e, one)
                 m = Mul(x, half)
                 y = Mul(m, a) }}"""
        ),
    )

    def write(self, found: Found, name: str, build: Builder[Any], surgery: GraphEditor) -> Declined | bool:
        last(build, found, "Mul", build.op("Mul", found["v"], found["half"]), found["a"])
        return True
