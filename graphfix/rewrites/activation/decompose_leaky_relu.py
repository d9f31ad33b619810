"""LeakyRelu<a>(x) = max(x, 0) + a * min(x, 0), and PRelu(x, s) the same with a tensor of slopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeLeakyRelu(NodeRewrite):
    """Write LeakyRelu and PRelu as two Relus and a product.

    Why: compilers reject PRelu with a computed slope, a slope of another rank or float16, and support every operator of
    the decomposition.
    """

    name = "decompose-leaky-relu"
    safety = Safety.EXACT
    needs_opset = 7
    differs_at = ("nan", "inf")
    ops = ("PRelu",)
    dtypes = FLOATS
    fixes = (FixRule("LeakyRelu"), FixRule("PRelu"))
    before = "y = LeakyRelu(x, slope)"
    after = """up = Relu(x)
               minus = Neg(x)
               size = Relu(minus)
               down = Neg(size)
               below = Mul(down, slope)
               y = Add(up, below)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 9] x) => (float[N, 9] y) { y = LeakyRelu<alpha = 0.3>(x) }""",
            ops=("Relu", "Neg", "Relu", "Neg", "Mul", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[2, 3, 4] x, float[3, 1] s) => (float[2, 3, 4] y) {
                 y = PRelu(x, s) }""",
            ops=("Relu", "Neg", "Relu", "Neg", "Mul", "Add"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (int32[3] x, int32[1] s) => (int32[3] y) { y = PRelu(x, s) }""",
            because="`x` is int32, not float16 or float32 or float64",
        ),
    )

    def constants(self, node: Any, surgery: GraphEditor) -> Mapping[str, np.ndarray[Any, Any]]:
        if node.op == "PRelu":
            return {}
        return {"slope": np.asarray(node.attrs.get("alpha", 0.01), surgery.dtype(node.inputs[0]))}
