"""BatchNormalization(x, s, b, m, v) = (x - m) / sqrt(v + e) * s + b, one mean and variance a channel."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeBatchNormalization(BuiltRewrite):
    """Write BatchNormalization as one product and one sum per channel.

    Why: some compilers require all four operands to be constants, or to have the input's dtype; Mul and Add do not.
    Constant operands are combined here, in float64. In training mode mean and variance are computed from the batch,
    and the running statistics are updated.
    """

    name = "decompose-batch-normalization"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 64
    dtypes = FLOATS
    fixes = (FixRule("BatchNormalization"),)
    before = "y = BatchNormalization(x, scale, bias, mean, variance)"
    after = """scaled = Mul(x, slope)
               y = Add(scaled, offset)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 9]> g (float[N, 2, 4] x) => (float[N, 2, 4] y)
               <float[2] s = {1, -2}, float[2] b = {0, 1}, float[2] m = {0.5, 1}, float[2] v = {1, 4}> {
                 y = BatchNormalization<epsilon = 0.5>(x, s, b, m, v) }""",
            ops=("Mul", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 15]> g (float[N, 2, 4] x, float[2] s, float[2] b, float[2] m, float[2] r)
               => (float[N, 2, 4] y) {
                 v = Abs(r)
                 y = BatchNormalization<epsilon = 0.5>(x, s, b, m, v) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 15]> g (float[5, 2, 4] x) => (float[5, 2, 4] y, float[2] nm, float[2] nv)
               <float[2] s = {1, -2}, float[2] b = {0, 1}, float[2] m = {0.5, 1}, float[2] v = {1, 4}> {
                 y, nm, nv = BatchNormalization<training_mode = 1, epsilon = 0.5, momentum = 0.75>(x, s, b, m, v) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 15]> g (float[] x, float[2] s) => (float[] y) {
                 y = BatchNormalization(x, s, s, s, s) }""",
            because="the rank of `x` is unknown",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 7]> g (float[3, 2] x, float[2] s) => (float[3, 2] y, float[2] m, float[2] v) {
                 y, m, v = BatchNormalization(x, s, s, s, s) }""",
            because="its training outputs are used, which opset 7 does not define",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        rank, epsilon = len(draft.shape() or ()), draft.attribute("epsilon", 1e-5)
        if not rank:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        if draft.attribute("training_mode", 0):
            return self._of_the_batch(draft, rank, epsilon)
        if any(draft.wants(index) for index in (1, 2, 3, 4)):
            return f"its training outputs are used, which opset {draft.surgery.opset} does not define"
        known = [draft.known(index) for index in (1, 2, 3, 4)]
        if all(array is not None for array in known):
            s, b, m, v = (np.asarray(array, np.float64) for array in known)
            slope = s / np.sqrt(v + epsilon)
            spread = [-1] + [1] * (rank - 2)
            scaled = draft.op("Mul", draft.inputs[0], draft.number(slope.reshape(spread)))
            draft.give(draft.op("Add", scaled, draft.number((b - m * slope).reshape(spread))))
            return None
        odd = next((index for index in (1, 2, 3, 4) if draft.dtype(index) != draft.dtype()), None)
        if odd is not None:
            return f"`{draft.node.inputs[odd].name}` is {draft.dtype(odd)}, `{draft.node.inputs[0].name}` {draft.dtype()}"
        scale, bias, mean, variance = (draft.column(index, rank - 2) for index in (1, 2, 3, 4))
        deviation = draft.op("Sqrt", draft.op("Add", variance, draft.number(epsilon)))
        normal = draft.op("Div", draft.op("Sub", draft.inputs[0], mean), deviation)
        draft.give(draft.op("Add", draft.op("Mul", normal, scale), bias))
        return None

    def _of_the_batch(self, draft: ReplacementBuilder, rank: int, epsilon: float) -> str | None:
        """Normalize by the statistics of the batch, and update the running statistics."""
        axes = [0, *range(2, rank)]
        mean = draft.op("ReduceMean", draft.inputs[0], axes=axes, keepdims=1)
        apart = draft.op("Sub", draft.inputs[0], mean)
        variance = draft.op("ReduceMean", draft.op("Mul", apart, apart), axes=axes, keepdims=1)
        root = draft.op("Sqrt", draft.op("Add", variance, draft.number(epsilon)))
        scale, bias = (draft.column(index, rank - 2) for index in (1, 2))
        draft.give(draft.op("Add", draft.op("Mul", draft.op("Div", apart, root), scale), bias))
        momentum = float(draft.attribute("momentum", 0.9))
        for output, (index, found) in enumerate(((3, mean), (4, variance)), 1):
            if draft.wants(output):
                old = draft.op("Mul", draft.inputs[index], draft.number(momentum))
                new = draft.op("Mul", draft.op("Squeeze", found, axes=axes), draft.number(1 - momentum))
                draft.give(draft.op("Add", old, new), output)
        return None
