"""QLinearAdd(a, b) = QuantizeLinear(DequantizeLinear(a) + DequantizeLinear(b)), and so for every operator of the kind."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from graphfix.rewrites.quantization.channels import channels_first, channels_last
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

ONE = {"QLinearSigmoid": "Sigmoid", "QLinearLeakyRelu": "LeakyRelu", "QLinearGlobalAveragePool": "GlobalAveragePool",
       "QLinearAveragePool": "AveragePool", "QLinearSoftmax": "Softmax"}  # fmt: skip
KINDS = ("QLinearAdd", *ONE, "QLinearConcat", "QLinearWhere")
OURS = frozenset({"channels_last", "opset"})
"""Attributes that the plain operator does not have."""
HEAD = """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g"""
SCALES = "float s = {0.5}, float t = {0.25}, float o = {0.125}, uint8 z = {3}, uint8 w = {5}"


class ExpandQlinear(BuiltRewrite):
    """Write onnxruntime's quantised operators as the plain one between DequantizeLinear and QuantizeLinear.

    Why: a model that onnxruntime quantised holds them, and hardly another compiler knows them; the pair around a
    plain operator is what all of them read. Missing zero points are zero. QLinearMul rounds otherwise and has a
    rewrite of its own.
    """

    name = "expand-qlinear"
    safety = Safety.EXACT
    needs_opset = 10
    ops = KINDS
    fixes = tuple(FixRule(op) for op in KINDS)
    before = "y = com.microsoft.QLinearAdd(a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero)"
    after = """one = DequantizeLinear(a, a_scale, a_zero)
               other = DequantizeLinear(b, b_scale, b_zero)
               sum = Add(one, other)
               y = QuantizeLinear(sum, y_scale, y_zero)"""
    fires: ClassVar[tuple[Case, ...]] = tuple(
        Case(f"{HEAD} ({inputs}) => (uint8[{dims}] y) <{SCALES}> {{ y = com.microsoft.{call} }}", ops=ops)
        for inputs, dims, call, ops in (
            ("uint8[N, 4] a, uint8[4] b", "N, 4", "QLinearAdd(a, s, z, b, t, w, o, w)",
             ("DequantizeLinear", "DequantizeLinear", "Add", "QuantizeLinear")),
            ("uint8[N, 4] a", "N, 4", "QLinearSigmoid(a, s, z, o, w)", ("DequantizeLinear", "Sigmoid", "QuantizeLinear")),
            ("uint8[N, 4] a", "N, 4", "QLinearLeakyRelu<alpha = 0.5>(a, s, w, o, w)",
             ("DequantizeLinear", "LeakyRelu", "QuantizeLinear")),
            ("uint8[2, 3, 4, 4] a", "2, 3, 1, 1", "QLinearGlobalAveragePool(a, s, z, t, w)",
             ("DequantizeLinear", "GlobalAveragePool", "QuantizeLinear")),
            ("uint8[2, 4, 4, 3] a", "2, 1, 1, 3", "QLinearGlobalAveragePool<channels_last = 1>(a, s, z, t, w)",
             ("DequantizeLinear", "Transpose", "GlobalAveragePool", "Transpose", "QuantizeLinear")),
            ("uint8[N, 4] a, uint8[N, 3] b", "N, 7", "QLinearConcat<axis = 1>(o, w, a, s, z, b, t, w)",
             ("DequantizeLinear", "DequantizeLinear", "Concat", "QuantizeLinear")),
            ("bool[N, 4] c, uint8[N, 4] a, uint8[N, 4] b", "N, 4", "QLinearWhere(c, a, s, z, b, t, w, o, z)",
             ("DequantizeLinear", "DequantizeLinear", "Where", "QuantizeLinear")),
        )
    )  # fmt: skip
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[1, 4] a) => (uint8[1, 4] y) <{SCALES}> {{
                 y = com.microsoft.QLinearSoftmax<axis = 1, opset = 11>(a, s, z, t, w) }}""",
            because="its axis is that of a softmax before opset 13",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        op, inputs = draft.node.op, [*draft.inputs, "", ""]
        last, rank = bool(draft.attribute("channels_last", 0)), len(draft.shape() or ())
        if last and not rank:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        given: dict[str, Any] = {k: v for k, v in draft.node.attrs.items() if k not in OURS}
        if op == "QLinearConcat":
            triples, result = [inputs[i : i + 3] for i in range(2, len(draft.inputs), 3)], inputs[:2]
        else:
            count = 2 if op == "QLinearAdd" else 1
            triples, result = [inputs[3 * i : 3 * i + 3] for i in range(count)], inputs[3 * count : 3 * count + 2]
        if op == "QLinearWhere":
            triples, result = [inputs[1:4], inputs[4:7]], inputs[7:9]
        if op == "QLinearSoftmax" and int(draft.attribute("opset", draft.surgery.opset)) < 13 <= draft.surgery.opset:
            return "its axis is that of a softmax before opset 13"
        dtype = draft.dtype({"QLinearConcat": 2, "QLinearWhere": 1}.get(op, 0))
        if dtype not in ("int8", "uint8"):
            return f"`{draft.node.inputs[0].name}` is {dtype or 'of unknown dtype'}"
        zero = draft.constant(0, np.dtype(dtype)) if not result[1] else result[1]
        plain = [draft.op("DequantizeLinear", *(part for part in triple if part)) for triple in triples]
        if last:
            plain = [channels_first(draft, part, rank) for part in plain]
        chooser = inputs[:1] if op == "QLinearWhere" else []
        made = draft.op(ONE.get(op) or op.removeprefix("QLinear"), *chooser, *plain, **given)
        if last:
            made = channels_last(draft, made, rank)
        draft.give(draft.op("QuantizeLinear", made, result[0], zero))
        return None
