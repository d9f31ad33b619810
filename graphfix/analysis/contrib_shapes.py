"""Shape inference of onnxruntime's contrib operators, by ai.onnx functions whose outputs have the same dtypes and dims.

onnx infers no shapes for com.microsoft operators, and so none for the nodes that consume their outputs. In the copy used
for inference, each such node calls a function of a separate domain; only the function's dtypes and dims are meaningful, not
the values it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from onnx import FunctionProto, GraphProto, ModelProto, NodeProto, helper

from graphfix.analysis.constant_folding import attribute
from graphfix.ir.operator_set import opset_version
from graphfix.ir.proto_values import attribute_value
from graphfix.ir.schemas import since

BARE = frozenset({"LayerNormalization", "SimplifiedLayerNormalization"})
"""Operators of onnxruntime that are written without a domain, in opsets that do not define them."""
STANDIN = "graphfix.standin"
OPSET = 17

Standin = Callable[[NodeProto], list[NodeProto] | None]


def with_shape_functions(model: ModelProto, every: Iterable[GraphProto]) -> ModelProto:
    """Return the same model, changed in place: com.microsoft's nodes call functions of the same dtypes and dims.

    `every` are the model's graph and all its subgraphs.
    """
    domains = {o.domain for o in model.opset_import}
    version = opset_version(model)
    bare = {op for op in BARE if not since(op, "", version)}
    if not domains & {"com.microsoft"} and not any(node.op_type in bare for node in model.graph.node):
        return model
    called: dict[str, str] = {}
    for graph in every:
        for node in graph.node:
            guest = node.domain == "com.microsoft" or (node.op_type in bare and not node.domain)
            body = _body(node) if guest and node.op_type in STANDINS else None
            if body is None:
                continue
            function = _function(node, body)
            key = function.SerializeToString(deterministic=True).decode("latin-1")
            if key not in called:
                called[key] = function.name = f"{node.op_type}_{len(called)}"
                model.functions.append(function)
            node.op_type, node.domain = called[key], STANDIN
            del node.attribute[:]
    if called:
        model.opset_import.append(helper.make_opsetid(STANDIN, 1))
    return model


def _body(node: NodeProto) -> list[NodeProto] | None:
    """Return the nodes that stand in for one; None where there are none, or its attributes have values of no type."""
    try:
        return STANDINS[node.op_type](node)
    except (ValueError, TypeError):
        return None


def _function(node: NodeProto, body: list[NodeProto]) -> FunctionProto:
    inputs = [f"i{i}" for i in range(len(node.input))]
    outputs = [f"o{i}" for i in range(len(node.output))]
    return helper.make_function(STANDIN, "f", inputs, outputs, body, [helper.make_opsetid("", OPSET)])


def _node(op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> NodeProto:
    return helper.make_node(op, inputs, outputs, **attributes)


def _kept(node: NodeProto, *names: str) -> dict[str, Any]:
    """Return those of the named attributes that the node has."""
    given = {item.name: attribute_value(item) for item in node.attribute}
    return {name: given[name] for name in names if name in given}


def _like_first(node: NodeProto) -> list[NodeProto]:
    return [_node("Identity", ["i0"], ["o0"])]


def _skip(node: NodeProto) -> list[NodeProto]:
    return [_node("Identity", ["i0"], [name]) for name in ("o0", "o3")[: 1 + (len(node.output) > 3)]]


def _matmul(node: NodeProto) -> list[NodeProto] | None:
    if attribute(node, "transBatchA", 0) or attribute(node, "transBatchB", 0):
        return None
    a = "...ji" if attribute(node, "transA", 0) else "...ij"
    b = "...kj" if attribute(node, "transB", 0) else "...jk"
    return [_node("Einsum", ["i0", "i1"], ["o0"], equation=f"{a},{b}->...ik")]


def _conv(node: NodeProto) -> list[NodeProto]:
    kept = _kept(node, "auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
    return [_node("Conv", ["i0", "i1"], ["o0"], **kept)]


def _gemm(node: NodeProto) -> list[NodeProto]:
    return [_node("Gemm", ["i0", "i1"], ["o0"], **_kept(node, "transA", "transB"))]


def _attention(node: NodeProto) -> list[NodeProto] | None:
    if attribute(node, "qkv_hidden_sizes"):
        return None
    return [_node("MatMul", ["i0", "i1"], ["packed"]), _node("Split", ["packed"], ["o0", "k", "v"], axis=-1)]


def _multi_head(node: NodeProto) -> list[NodeProto] | None:
    if len(node.input) < 3 or not node.input[1] or not node.input[2]:
        return None
    return [_node("Einsum", ["i0", "i1", "i2"], ["o0"], equation="bsh,blh,blv->bsv")]


def _embedded(node: NodeProto) -> list[NodeProto]:
    return [_node("Gather", ["i2", "i0"], ["o0"])]


def _broadcast(node: NodeProto) -> list[NodeProto]:
    return [_node("Add", ["i0", "i3"], ["o0"])]


def _pooled(node: NodeProto) -> list[NodeProto] | None:
    if attribute(node, "channels_last", 0):
        return None
    kept = _kept(node, "auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides")
    return [_node(node.op_type.removeprefix("QLinear"), ["i0"], ["o0"], **kept)]


def _joined(node: NodeProto) -> list[NodeProto]:
    return [_node("Concat", [f"i{i}" for i in range(2, len(node.input), 3)], ["o0"], axis=attribute(node, "axis", 0))]


def _quantised(node: NodeProto) -> list[NodeProto]:
    return [_node(node.op_type, [f"i{i}" for i in range(len(node.input))], ["o0"], **_kept(node, "axis"))]


def _to_float(node: NodeProto) -> list[NodeProto]:
    return [_node("MatMul", ["i0", "i1"], ["product"]), _node("Cast", ["product"], ["o0"], to=1)]


def _quantised_gemm(node: NodeProto) -> list[NodeProto]:
    """Without a zero point of the output, which is the last operand, the product is in float32."""
    after = _node("CastLike", ["product", "i8"], ["o0"]) if len(node.input) > 8 else _node("Cast", ["product"], ["o0"], to=1)
    return [_node("Gemm", ["i0", "i3"], ["product"], **_kept(node, "transA", "transB")), after]


def _chosen(node: NodeProto) -> list[NodeProto]:
    return [_node("Where", ["i0", "i1", "i4"], ["o0"])]


def _packed(node: NodeProto) -> list[NodeProto]:
    size = helper.make_tensor("size", 7, [2], [attribute(node, "K", 0), attribute(node, "N", 0)])
    weight = [_node("Constant", [], ["size"], value=size), _node("ConstantOfShape", ["size"], ["weight"])]
    return [*weight, _node("MatMul", ["i0", "weight"], ["o0"])]


STANDINS: Mapping[str, Standin] = {
    **dict.fromkeys(("Gelu", "FastGelu", "BiasGelu", "QuickGelu", "RotaryEmbedding", "LayerNormalization",
                     "SimplifiedLayerNormalization", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"),
                    _like_first),
    "SkipLayerNormalization": _skip, "SkipSimplifiedLayerNormalization": _skip,
    "FusedMatMul": _matmul, "TransposeMatMul": _matmul, "FusedConv": _conv,
    "FusedGemm": _gemm, "Attention": _attention, "MultiHeadAttention": _multi_head, "EmbedLayerNormalization": _embedded,
    "QLinearAdd": _broadcast, "QLinearMul": _broadcast, "QLinearGlobalAveragePool": _pooled, "QLinearAveragePool": _pooled,
    "MatMulNBits": _packed, "QLinearConcat": _joined, "QuantizeLinear": _quantised, "DequantizeLinear": _quantised,
    "QGemm": _quantised_gemm, "QLinearWhere": _chosen,
    "DynamicQuantizeMatMul": _to_float, "MatMulIntegerToFloat": _to_float,
}  # fmt: skip
"""By operator: the ai.onnx nodes, over operands `i0`, ... and outputs `o0`, ..., that have its outputs' dtypes and dims."""
