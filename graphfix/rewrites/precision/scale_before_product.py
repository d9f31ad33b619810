"""MatMul(q, k) / c = MatMul(q / c, k)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from graphfix.rewrites.precision.pattern_rewrite import PatternRewrite, last
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.pattern import Found, Pattern
from graphfix.rewriting.rewrite import Case, Declined, Safety


class ScaleBeforeProduct(PatternRewrite):
    """Scale the queries of an attention before the product with the keys, not the product.

    Why: before it is scaled, the product of queries and keys is larger by the root of their width, 8 times and more, and
    overflows float16 first.
    """

    name = "scale-before-product"
    safety = Safety.EXACT
    ulps = 64
    differs_at = ("large",)
    patterns: ClassVar[Mapping[str, Sequence[Pattern]]] = {
        "Div": [Pattern("p = MatMul(x, k)  y = Div(p, c)")],
        "Mul": [Pattern("p = MatMul(x, k)  y = Mul(p, c)")],
    }  # fmt: skip
    before = """p = MatMul(q, k)
                y = Div(p, c)"""
    after = """d = Div(q, c)
               y = MatMul(d, k)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3, 16] x, float[2, 16, 5] k) => (float[2, 3, 5] y)
               <float c = {4.0}> {
                 p = MatMul(x, k)
                 y = Div(p, c) }""",
            ops=("Div", "MatMul"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, 8] x, float[N, 8, 5] k) => (float[N, 3, 5] y)
               <float[1] c = {0.35355338}> {
                 p = MatMul(x, k)
                 y = Mul(c, p) }""",
            ops=("Mul", "MatMul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 8] x, float[8, 5] k) => (float[3, 5] y) <float c = {4.0}> {
                 p = MatMul(x, k)
                 y = Mul(p, c) }"""
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2] x) => (float[3, 2] y)
               <float c = {4.0}, float[2, 2] k = {1, 2, 3, 4}> {
                 p = MatMul(x, k)
                 y = Div(p, c) }"""
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 8] x, float[8, 5] k) => (float[3, 5] y, float[3, 5] p)
               <float c = {4.0}> {
                 p = MatMul(x, k)
                 y = Div(p, c) }""",
            because="something else reads the product",
        ),
    )

    def write(self, found: Found, name: str, build: Builder[Any], surgery: GraphEditor) -> Declined | bool:
        data, keys, by = found["x"], found["k"], found["c"]
        known = surgery.known(by)
        if known is None or known.size != 1 or any(surgery.known(one) is not None for one in (data, keys)):
            return False
        factor = abs(float(known.reshape(())))
        if factor == 0 or (factor <= 1 if name == "Div" else factor >= 1) or _has_more_dims(surgery, by, data):
            return False
        product = found["p"]
        if len(product.outputs) != 1 or any(product is out for graph in surgery.graphs() for out in graph.outputs):
            label = surgery.label(surgery.key(found.nodes["y"]))
            return Declined("something else reads the product", at=label)
        last(build, found, "MatMul", build.op(name, data, by), keys)
        return True


def _has_more_dims(surgery: GraphEditor, by: Any, data: Any) -> bool:
    """Whether a scale of one element would give the queries more dims."""
    scale, value = surgery.value(by), surgery.value(data)
    return scale is None or value is None or value.rank is None or (scale.rank or 0) > value.rank
