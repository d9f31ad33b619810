"""Sqrt(mean(x * x) + epsilon) = m * Sqrt(mean((x / m) * (x / m)) + (Sqrt(epsilon) / m)**2), with m the largest |x|."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from graphfix.rewrites.precision.pattern_rewrite import PatternRewrite, axes_of, behind, last, reduce
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.pattern import Found, Pattern
from graphfix.rewriting.rewrite import Case, Declined, Safety

NUMBERS = {"two": 2.0, "half": 0.5}
SQUARES = ("q = Mul(x, x)  s = R(q)  ", "q = Pow(x, two)  s = R(q)  ", "s = ReduceSumSquare(x)  ")
EITHER = {"R": ("ReduceMean", "ReduceSum")}


def _forms(tail: str) -> list[Pattern]:
    return [Pattern(head + end, NUMBERS, EITHER) for head in SQUARES for end in (f"{tail}y = Sqrt(v)", f"{tail}y = Pow(v, half)")]


PLAIN = [
    Pattern(head + end, NUMBERS, EITHER) for head in SQUARES for end in ("y = Sqrt(s)", "y = Pow(s, half)")
]  # fmt: skip


class ScaleBeforeSquare(PatternRewrite):
    """Divide by the largest magnitude before the squares under a root: in layer and RMS norms, and in L2 norms.

    Why: the square of 256 overflows float16, and that of 0.0002 vanishes in it, though the root is no larger than the numbers
    are. Divided by the largest magnitude of each row, the squares are at most 1.
    """

    name = "scale-before-square"
    safety = Safety.APPROXIMATE
    needs_opset = 9
    rtol = 1e-5
    atol = 1e-6
    """Rounding alone: the factor cancels."""
    patterns: ClassVar[Mapping[str, Sequence[Pattern]]] = {
        "epsilon": _forms("v = Add(s, epsilon)  "),
        "plain": PLAIN,
        "norm": [Pattern("y = ReduceL2(x)")],
    }
    before = """q = Mul(x, x)
                s = ReduceMean(q, axes)
                v = Add(s, epsilon)
                y = Sqrt(v)"""
    after = """a = Abs(x)
               l = ReduceMax(a, axes)
               m = Max(l, root)
               d = Div(x, m)
               q = Mul(d, d)
               s = ReduceMean(q, axes)
               e = Div(root, m)
               ee = Mul(e, e)
               v = Add(s, ee)
               r = Sqrt(v)
               y = Mul(r, m)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 6] x) => (float[N, 6] y) <float e = {0.00001}> {
                 q = Mul(x, x)
                 s = ReduceMean<axes = [-1]>(q)
                 v = Add(s, e)
                 r = Sqrt(v)
                 y = Div(x, r) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[2, 6] x) => (float[2] y)
               <float two = {2.0}, int64[1] a = {1}> {
                 q = Pow(x, two)
                 s = ReduceSum<keepdims = 0>(q, a)
                 y = Sqrt(s) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 7, opset_import: ["" : 12]> g (float[2, 6] x) => (float[2, 1] y) {
                 y = ReduceL2<axes = [1]>(x) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 6] x, float[1] e) => (float[3, 1] y) {
                 q = Mul(x, x)
                 s = ReduceMean<axes = [-1]>(q)
                 v = Add(s, e)
                 y = Sqrt(v) }""",
            because="what is added to the squares is no known number above 0",
        ),
    )

    def write(self, found: Found, name: str, build: Builder[Any], surgery: GraphEditor) -> Declined | bool:
        data, total = found["x"], found.nodes["y"] if name == "norm" else found.nodes["s"]
        axes, keepdims = axes_of(surgery, total), int(total.attrs.get("keepdims", 1))
        if axes is None or _is_scaled(data):
            return False
        if name == "epsilon":
            known = surgery.known(found["epsilon"])
            if known is None or known.size != 1 or not float(known.reshape(())) > 0:
                label = surgery.label(surgery.key(found.nodes["y"]))
                return Declined("what is added to the squares is no known number above 0", at=label)
            root = build.constant("root", np.sqrt(np.asarray(known.reshape(()), surgery.dtype(data))))
        magnitudes = build.op("Abs", data)

        def bounded(keep: int) -> Any:
            largest = reduce(build, surgery, "ReduceMax", magnitudes, axes, keepdims=keep)
            if name == "epsilon":
                return build.op("Max", largest, root)
            zero = build.op("Not", build.op("Cast", largest, to=9))
            return build.op("Add", largest, build.op("Cast", zero, to=_code(surgery, data)))

        divisor = bounded(1)
        factor = divisor if keepdims else bounded(0)
        scaled = build.op("Div", data, divisor)
        squares = build.op("Mul", scaled, scaled)
        op = total.op if total.op in EITHER["R"] else "ReduceSum"
        summed = reduce(build, surgery, op, squares, axes, keepdims=keepdims)
        if name == "epsilon":
            part = build.op("Div", root, factor)
            summed = build.op("Add", summed, build.op("Mul", part, part))
        last(build, found, "Mul", build.op("Sqrt", summed), factor)
        return True


def _is_scaled(tensor: Any) -> bool:
    """Whether a value is a quotient by what a largest magnitude made: the result of this rewrite."""
    maker = tensor.inputs[0] if tensor.inputs else None
    return maker is not None and maker.op == "Div" and len(maker.inputs) == 2 and behind(maker.inputs[1], ("ReduceMax",), 2)


def _code(surgery: GraphEditor, tensor: Any) -> int:
    """ONNX's code of a value's dtype."""
    return {"float16": 10, "float32": 1, "float64": 11}[str(surgery.dtype(tensor))]
