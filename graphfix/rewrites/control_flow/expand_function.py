"""op(x) = the function body that ONNX defines for op, in older operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import onnx
from onnx import AttributeProto, FunctionProto, NodeProto, TypeProto, helper

from graphfix.analysis.facts import DTYPES
from graphfix.ir.operator_set import is_standard
from graphfix.ir.schemas import composed
from graphfix.linter.fix_rules import COMPOSED
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

CODES = {name: code for code, name in DTYPES.items() if name}
CONTRIB = "com.microsoft"
"""The domain of onnxruntime's own operators."""


class ExpandFunction(GraphRewrite):
    """Replace an operator that ONNX defines as a function by the operators of its definition.

    Why: Mish, Gelu, LayerNormalization, GroupNormalization, Selu, ThresholdedRelu and some forty others are
    defined as functions; a compiler that lacks one supports the operators of its body. Casts to the dtype
    of another operand become plain casts, since that dtype is known.
    """

    name = "expand-function"
    safety = Safety.EXACT
    differs_at = ("nan", "inf")
    fixes = (
        FixRule(COMPOSED, unless=("dynamic", "operand")),
        *(FixRule(op, kinds=("operand",)) for op in ("CastLike", "SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss")),
    )
    before = "y = Mish(x)"
    after = """softplus = Softplus(x)
               gate = Tanh(softplus)
               y = Mul(x, gate)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[2, 3] x) => (float[2, 3] y) { y = Mish(x) }""",
            ops=("Softplus", "Tanh", "Mul"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[N, 3] x) => (bool[N, 3] y) <float[3] t = {0, 1, -1}> {
                 y = GreaterOrEqual(x, t) }""",
            ops=("Greater", "Equal", "Or"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) { y = Exp(x) }"""),
        Case(
            """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
               g (float[1, 3, 2] x, int8[2, 6] w, float[6] b, float v) => (float[1, 3, 2] y) {
                 q, s, z = DynamicQuantizeLinear(x)
                 y = com.microsoft.QAttention<num_heads = 1>(q, w, b, s, v, , z) }""",
            because="`QAttention` reads it, and is written out first",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in list(graph.nodes):
                key = surgery.key(node)
                if not is_standard(node) or (wanted is not None and key not in wanted):
                    continue
                if not composed(node.op):
                    continue
                reader = next((r for tensor in node.outputs for r in tensor.outputs if r.domain == CONTRIB), None)
                if node.op == "DynamicQuantizeLinear" and reader is not None:
                    yield Declined(f"`{reader.op}` reads it, and is written out first", at=surgery.label(key))
                    continue
                body = definition(surgery, node)
                if isinstance(body, Declined):
                    yield body
                    continue
                if any(item.type == AttributeProto.GRAPH for inner in body.node for item in inner.attribute):
                    yield Declined(f"the definition of `{node.op}` holds a loop or a branch", at=surgery.label(key))
                    continue
                bound = dict(zip(body.input, node.inputs, strict=False))
                bound |= {name: surgery.gs.Variable.empty() for name in body.input[len(node.inputs) :]}
                made = {name: tensor for name, tensor in zip(body.output, node.outputs, strict=False) if tensor.name}
                protos = [_concrete(inner, node, surgery) for inner in body.node]
                surgery.replace(graph, node, _plain_casts(protos, bound, surgery), bound, made, {})
                yield key


def definition(surgery: GraphEditor, node: Any) -> FunctionProto | Declined:
    """Return the function body of a node at the model's opset, or why there is none."""
    at = surgery.label(surgery.key(node))
    try:
        schema: Any = onnx.defs.get_schema(node.op, surgery.opset, "")
    except onnx.defs.SchemaError:
        return Declined(f"opset {surgery.opset} has no `{node.op}`", at=at)
    versions = [v for v in schema.function_opset_versions if v <= surgery.opset]
    if schema.has_function and versions:
        body = FunctionProto()
        body.ParseFromString(schema.get_function_with_opset_version(max(versions)))
        return body
    versions = [v for v in schema.context_dependent_function_opset_versions if v <= surgery.opset]
    if not versions:
        return Declined(f"`{node.op}` has no definition at opset {surgery.opset}", at=at)
    types = []
    for tensor in node.inputs:
        value = surgery.value(tensor)
        if tensor.name and (value is None or value.dtype not in CODES):
            return Declined(f"the dtype of `{tensor.name}` is unknown", at=at)
        code = CODES[value.dtype] if value is not None and tensor.name else 0
        types.append(
            (helper.make_tensor_type_proto(code, value.shape if value else None) if code else TypeProto()).SerializeToString()
        )
    proto = surgery.proto(node)
    if proto is None:
        return Declined("made by a rewrite just now", at=at)
    raw = schema.get_context_dependent_function_with_opset_version(max(versions), proto.SerializeToString(), types)
    body = FunctionProto()
    body.ParseFromString(raw)
    return body if body.node else Declined(f"`{node.op}` has no definition for these operands", at=at)


def _concrete(inner: NodeProto, node: Any, surgery: GraphEditor) -> NodeProto:
    """Return a node of the body with the attributes that refer to the call filled in."""
    made = NodeProto()
    made.CopyFrom(inner)
    del made.attribute[:]
    schema = onnx.defs.get_schema(node.op, surgery.opset, "")
    proto = surgery.proto(node)
    given = {item.name: item for item in proto.attribute} if proto is not None else {}
    for item in inner.attribute:
        if not item.ref_attr_name:
            made.attribute.append(item)
            continue
        source = given.get(item.ref_attr_name)
        if source is None and item.ref_attr_name in schema.attributes:
            default = schema.attributes[item.ref_attr_name].default_value
            source = default if default.type != AttributeProto.UNDEFINED else None
        if source is not None:
            filled = made.attribute.add()
            filled.CopyFrom(source)
            filled.name = item.name
    return made


def _plain_casts(protos: list[NodeProto], bound: dict[str, Any], surgery: GraphEditor) -> list[NodeProto]:
    """Return the nodes with CastLike to an operand of known dtype replaced by Cast."""
    plain = []
    for proto in protos:
        like = bound.get(proto.input[1]) if proto.op_type == "CastLike" else None
        value = surgery.value(like) if like is not None else None
        if value is not None and value.dtype in CODES:
            plain.append(helper.make_node("Cast", [proto.input[0]], list(proto.output), to=CODES[value.dtype]))
        else:
            plain.append(proto)
    return plain
