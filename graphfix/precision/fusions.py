"""Where a compiler that computes in bfloat16 does not round: inside fused operators, and behind the last product.

OpenVINO's CPU plugin was seen to fuse element-wise operators into what is before them, which passes float32 on, and to compute
what follows the last convolution or product on the way to an output in float32.
"""

from __future__ import annotations

from dataclasses import dataclass

from onnx import AttributeProto, ModelProto, NodeProto

PRODUCTS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum", "LSTM", "GRU", "RNN", "Attention"})
ELEMENTWISE = frozenset({
    "Abs", "Add", "BatchNormalization", "Ceil", "Clip", "Div", "Elu", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish",
    "LeakyRelu", "Log", "Max", "Min", "Mish", "Mul", "Neg", "PRelu", "Pow", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid",
    "Softplus", "Sqrt", "Sub", "Tanh",
})  # fmt: skip
REDUCTIONS = frozenset({"ReduceMean", "ReduceSum", "ReduceL2", "ReduceSumSquare", "MeanVarianceNormalization"})
BIAS = {"Conv": 2, "ConvTranspose": 2, "Gemm": 2}
"""The operand that is added to the sums of a product, in float32."""


@dataclass(frozen=True, slots=True)
class Unrounded:
    """Values that are passed on in float32, and the first outputs of nodes that compute in float32."""

    values: frozenset[str]
    nodes: frozenset[str]


NONE = Unrounded(frozenset(), frozenset())


def unrounded(model: ModelProto) -> Unrounded:
    """Return what is not rounded in the main graph of a model."""
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    constants |= {name for node in graph.node if node.op_type == "Constant" for name in node.output}
    readers: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        for name in (*node.input, *_outer_reads(node)):
            readers.setdefault(name, []).append(node)
    outputs = {info.name for info in graph.output}
    before: set[int] = set()  # nodes that a product comes after
    for node in reversed(graph.node):
        after = [reader for name in node.output for reader in readers.get(name, ())]
        if any(reader.op_type in PRODUCTS or id(reader) in before for reader in after):
            before.add(id(node))
    tail = {id(node) for node in graph.node if id(node) not in before and node.op_type not in PRODUCTS}
    values: set[str] = set()
    for node in graph.node:
        for name in node.output:
            after = readers.get(name, [])
            ends = node.op_type in PRODUCTS and id(node) not in before
            if ends or (len(after) == 1 and name not in outputs and _fuses(node, after[0], name, constants)):
                values.add(name)
    if len(tail) == len(graph.node):  # a model without products is not computed in bfloat16 for their sake, and not excepted
        return Unrounded(frozenset(values), frozenset())
    return Unrounded(frozenset(values), frozenset(node.output[0] for node in graph.node if id(node) in tail and node.output))


def _fuses(maker: NodeProto, reader: NodeProto, name: str, constants: set[str]) -> bool:
    """Whether a reader is fused into the maker of a value."""
    if maker.op_type not in PRODUCTS | ELEMENTWISE | REDUCTIONS or reader.op_type not in ELEMENTWISE:
        return False
    others = [one for one in reader.input if one and one != name and one not in constants]
    return not others or maker.op_type in PRODUCTS


def _outer_reads(node: NodeProto) -> set[str]:
    """The names that the bodies of a node read."""
    bodies = [
        body
        for attribute in node.attribute
        for body in ([attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs)
    ]
    return {name for body in bodies for inner in body.node for name in (*inner.input, *_outer_reads(inner))}
