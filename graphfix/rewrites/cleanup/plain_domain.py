"""com.microsoft.f(x) = f(x): operators of onnxruntime's domain that ONNX also has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

SINCE: Mapping[str, int] = {"QuantizeLinear": 13, "DequantizeLinear": 13, "Pad": 11, "Trilu": 14, "Range": 11}
"""The opset from which ONNX's operator supports the inputs of onnxruntime's."""


class PlainDomain(BuiltRewrite):
    """Replace an operator of com.microsoft by the same operator of ONNX.

    Why: onnxruntime had some operators before ONNX did, and its tools still write them; compilers support ONNX's. 16-bit
    quantisation stays before opset 21; ExpandDims becomes Unsqueeze.
    """

    name = "plain-domain"
    safety = Safety.EXACT
    needs_opset = 11
    ops = (*list(SINCE)[1:], "ExpandDims")
    fixes = tuple(FixRule(op) for op in (*SINCE, "ExpandDims"))
    before = "y = com.microsoft.QuantizeLinear(x, scale, zero)"
    after = "y = QuantizeLinear(x, scale, zero)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g (float[N, 4] x) => (float[N, 4] y)
               <float s = {0.5}, uint8 z = {3}> {
                 q = com.microsoft.QuantizeLinear(x, s, z)
                 y = com.microsoft.DequantizeLinear(q, s, z) }""",
            ops=("QuantizeLinear", "DequantizeLinear"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g (float[N, 4] x) => (float[N, 1, 4] y)
               <int32 a = {1}> { y = com.microsoft.ExpandDims(x, a) }""",
            ops=("Unsqueeze",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 14, "com.microsoft" : 1]> g (float[N, 4, 4] x) => (float[N, 4, 4] y) {
                 y = com.microsoft.Trilu<upper = 0>(x) }""",
            ops=("Trilu",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g (float[4, 4] x) => (float[4, 4] y) {
                 y = com.microsoft.Trilu(x) }""",
            because="opset 13 has no `Trilu` of this form, 14 has",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g (float[4] x, int32 a) => (float[A, B] y) {
                 y = com.microsoft.ExpandDims(x, a) }""",
            because="the axis `a` is not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        op = draft.node.op
        if op == "ExpandDims":
            axis = draft.known(1)
            if axis is None:
                return f"the axis `{draft.node.inputs[1].name}` is not known"
            draft.give(draft.op("Unsqueeze", draft.inputs[0], axes=[int(axis.reshape(-1)[0])]))
            return None
        since = 21 if {"int16", "uint16"} & {draft.dtype(0), draft.dtype(2)} else SINCE[op]
        if draft.surgery.opset < since:
            return f"opset {draft.surgery.opset} has no `{op}` of this form, {since} has"
        draft.give(draft.op(op, *draft.inputs, **draft.node.attrs))
        return None
