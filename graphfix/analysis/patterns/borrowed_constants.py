"""A Loop whose body takes constants from outside that its nodes need when they are converted.

A converter that turns the body into a function of its own passes such a constant as an input, where it is no constant any more.
Constants inside the body stay constants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from onnx import GraphProto

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told

OPS = frozenset({"Loop"})
PRODUCTS = frozenset({"MatMul", "Gemm", "Einsum"})
READERS = frozenset({
    "Conv", "ConvTranspose", "ConstantOfShape", "BatchNormalization", "InstanceNormalization", "CumSum", "GatherND", "LSTM",
    "GRU", "RNN", "OneHot", "Pad", "PRelu", "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "Reshape", "Resize",
    "ScatterElements", "ScatterND", "Slice", "Split", "Squeeze", "Tile", "TopK", "Unsqueeze", "Trilu",
})  # fmt: skip
"""Operators with operands other than their data that converters read; other operators take these as data."""


def borrowing_loops(context: Context) -> Mapping[int, Told]:
    """The facets of Loops whose bodies have such nodes: what the first of them is."""
    found: dict[int, Told] = {}
    if "Loop" not in context.by_op:
        return found
    initializers = {tensor.name for tensor in context.graph.initializer}
    for at in context.at(OPS):
        body = next((item.g for item in context.nodes[at].proto.attribute if item.name == "body"), None)
        words = _borrowed(body, initializers, context) if body is not None else iter(())
        if (word := next(words, None)) is not None:
            found[at] = {"borrows": word}
    return found


def _borrowed(body: GraphProto, initializers: set[str], context: Context) -> Iterator[str]:
    own = {name for node in body.node for name in node.output} | {value.name for value in (*body.input, *body.initializer)}
    for node in body.node:
        if node.domain or node.op_type not in PRODUCTS | READERS:
            continue
        read = node.input[:] if node.op_type in PRODUCTS or node.op_type == "ConstantOfShape" else node.input[1:]
        if any(name and name not in own and (name in initializers or _constant(name, context)) for name in read):
            yield "product" if node.op_type in PRODUCTS else "operand"


def _constant(name: str, context: Context) -> bool:
    """Whether a value is that of a Constant node, or folded from constants."""
    maker = context.producer(name)
    return maker is not None and any(
        value is not None and value.name == name and value.source in ("constant", "folded") for value in maker.outputs
    )


PATTERN = StructuralPattern(
    OPS,
    {"borrows": "none"},
    borrowing_loops,
    kind="form",
    loading=True,
)
