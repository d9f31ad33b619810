"""Conv(x[N, C, H, W], w[8, 3, 3, 3]) = Conv(x[N, 3, H, W], w): a dynamic dim for which the weights leave one size gets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import ClassVar

from onnx import GraphProto, ModelProto, NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.wide_chains import UNARY
from graphfix.ir.operator_set import is_standard
from graphfix.rewrites.cleanup.input_sizes import with_input_sizes
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety

CHANNELWISE = frozenset({"BatchNormalization", "InstanceNormalization"})


class DimsByWeights(Rewrite):
    """Write a size for each dynamic dim of the inputs that the weights allow one size of only.

    Why: exporters make every dim of an image dynamic, its channels too, and compilers need the channels of a convolution. The
    model accepts the same inputs as before: with any other size it fails.
    """

    name = "dims-by-weights"
    safety = Safety.EXACT
    everywhere = True
    fixes = (
        FixRule("", kinds=("dynamic", "form")),
        *(FixRule(op, kinds=("dynamic", "form", "rank", "operand", "attribute", "dtype"))
          for op in ("Conv", "ConvTranspose", "MatMul", "Gemm", *sorted(CHANNELWISE), "Shape")),
    )  # fmt: skip
    before = "g (float[N, C, H, W] x) => (float[N, 8, A, B] y) <float[8, 3, 1, 1] w> { y = Conv(x, w) }"
    after = "g (float[N, 3, H, W] x) => (float[N, 8, A, B] y) <float[8, 3, 1, 1] w> { y = Conv(x, w) }"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, C, H, W] x) => (float[N, 2, A, B] y)
               <float[2, 3, 1, 1] w = {1, 2, 3, 4, 5, 6}> { z = Abs(x)  y = Conv(z, w) }""",
            ops=("Abs", "Conv"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, K] x, float[K, N] v) => (float[N, 2] y, float[K, N] z)
               <float[2, 3] w = {1, 2, 3, 4, 5, 6}> { y = Gemm<transB = 1>(x, w)  z = Neg(v) }""",
            ops=("Gemm", "Neg"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, T, ?] x, float[?, C, ?] v)
               => (float[N, T, 2] y, float[A, B, D] z) <float[3, 2] w = {1, 2, 3, 4, 5, 6}, float[2] s = {1, 2}> {
                 y = MatMul(x, w)
                 z = InstanceNormalization(v, s, s) }""",
            ops=("MatMul", "InstanceNormalization"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, H, W] x) => (float[N, 2, A, B] y)
               <float[2, 3, 1, 1] w = {1, 2, 3, 4, 5, 6}> { y = Conv(x, w) }""",
            because="the weights fix no dynamic dim of the inputs",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, K] x) => (float[N, 3] y) <float[3] w = {1, 2, 3}> {
                 y = Mul(x, w) }""",
            because="the weights fix no dynamic dim of the inputs",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        found = _fixed(model.graph)
        if not found:
            return Outcome(None, declined=(Declined("the weights fix no dynamic dim of the inputs"),))
        return with_input_sizes(model, found)


def _fixed(graph: GraphProto) -> dict[str, dict[int, int]]:
    """Return the sizes of dynamic dims of the inputs by name and axis, as far as weights fix them."""
    weights = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    shapes = {info.name: info.type.tensor_type.shape.dim for info in graph.input if info.name not in weights}
    same = {name: name for name in shapes}
    found: dict[str, dict[int, int]] = {}
    for node in graph.node:
        if not is_standard(node) or not node.input or node.input[0] not in same:
            continue
        name = same[node.input[0]]
        if node.op_type in UNARY:
            same[node.output[0]] = name
        rank = len(shapes[name])
        for axis, size in _required(node, weights, rank):
            if not shapes[name][axis].HasField("dim_value"):
                found.setdefault(name, {})[axis % rank] = size
    return found


def _required(node: NodeProto, weights: Mapping[str, tuple[int, ...]], rank: int) -> Iterator[tuple[int, int]]:
    """Yield the axes of a node's first operand whose sizes its weights fix, with these sizes."""
    shape = weights.get(node.input[1]) if len(node.input) > 1 else None
    if shape is None or not rank:
        return
    if node.op_type == "Conv" and rank > 2:
        yield 1, shape[1] * int(attribute(node, "group", 1))
    elif node.op_type == "ConvTranspose" and rank > 2:
        yield 1, shape[0]
    elif node.op_type == "MatMul":
        yield -1, shape[-2] if len(shape) > 1 else prod(shape)
    elif node.op_type == "Gemm" and not attribute(node, "transA", 0):
        yield -1, shape[1 if attribute(node, "transB", 0) else 0]
    elif node.op_type in CHANNELWISE and rank > 1 and len(shape) == 1:
        yield 1, shape[0]
