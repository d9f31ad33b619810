"""Gemms of which all operands are computed at run time, in all orders of axes and with every shape of the sum."""

from itertools import product

from graphfix.probe.form import AGAIN, TextProbe

SUMS = {"row": ", float[5] C", "wide row": ", float[1,5] C", "column": ", float[3,1] C", "whole": ", float[3,5] C", "nothing": ""}


def _probe(first: int, second: int, kind: str, factors: str = "", opset: int = 13) -> TextProbe:
    a, b = ("4,3" if first else "3,4"), ("5,4" if second else "4,5")
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{a}] A, float[{b}] B{SUMS[kind]}) => (float[3,5] Y) '
        f"{{ [probe] Y = Gemm<transA = {first}, transB = {second}{factors}>(A, B{', C' if SUMS[kind] else ''}) }}"
    )
    label = f"transA={first}, transB={second}, a {kind} added{factors}, opset {opset}"
    return TextProbe("Gemm", label, text, ("C.from", "transA", AGAIN))


FORMS = [
    *(_probe(first, second, kind) for first, second in product((0, 1), repeat=2) for kind in SUMS),
    *(_probe(first, second, "wide row", ", alpha = 0.25, beta = 0.35") for first, second in product((0, 1), repeat=2)),
    *(_probe(first, 0, "row", opset=opset) for first in (0, 1) for opset in (9, 11)),
]
