"""Payload operands: operands whose numbers do not change how an operator works.

A constant axis, size, length or zero point determines what an operator does, so the class of its numbers is a facet. The
numbers of the operands listed here do not, integers or not:

    weights and biases     they are multiplied and added; compilers store them (quantised ones of com.microsoft too,
                           and zero points that are packed with others into bytes, which are no numbers by themselves)
    scales                 of quantisation, whole where what is scaled is
    updates, caches        they are put where indices say; the indices do count
    states                 what a loop carries, and what the operands of its body are
    masks                  they are added to scores, or choose between a score and none
    a dtype's example      CastLike reads the dtype alone
    data                   the terms of an Einsum, what is cropped, decoded, or put into a sequence; as an operand that
                           has a source for a facet it would have numbers too
    counts of steps        optimisers divide by their powers
"""

from __future__ import annotations

from collections.abc import Mapping

ANYWHERE = frozenset({"w", "W", "R", "B", "b"})
"""Weights and biases of every operator."""
PAYLOAD: Mapping[str, frozenset[str]] = {
    op: frozenset(names.split())
    for op, names in {
        "Adagrad": "T", "Adam": "T", "Attention": "in0 in1 in3 attn_mask", "CastLike": "target_type",
        "CenterCropPad": "input_data",
        "ConvTransposeWithDynamicPads": "in0 in1", "DequantizeLinear": "in0", "DynamicQuantizeLSTM": "in1 in2",
        "DynamicQuantizeMatMul": "in1", "Einsum": "Inputs", "EmbedLayerNormalization": "in0 in1 in7", "GatherBlockQuantized":
        "in0 in3", "Gemm": "C", "ImageDecoder": "encoded_stream", "Loop": "v_initial", "MatMulBnb4": "in1",
        "MatMulIntegerToFloat": "in0 in1", "MatMulNBits": "in1 in3",
        "Momentum": "T", "MultiHeadAttention": "in4", "OneHot": "values", "PRelu": "slope",
        "QAttention": "in0 in1 in5", "QGemm": "in0 in3 in6", "QLinearAdd": "in0 in3", "QLinearAveragePool": "in0",
        "QLinearConcat": "in2 in5 in8 in11 in14 in17", "QLinearConv": "in0 in3 in8", "QLinearGlobalAveragePool": "in0",
        "QLinearLeakyRelu": "in0", "QLinearMul": "in0 in3", "QLinearSigmoid": "in0", "QLinearSoftmax": "in0",
        "QLinearWhere": "in0 in1 in4", "QuantizeLinear": "in0 y_scale", "Scan": "initial_state_and_scan_inputs",
        "Scatter": "updates", "ScatterElements": "updates", "ScatterND": "updates", "SequenceInsert": "tensor",
        "SequenceMap": "additional_inputs", "TensorScatter": "past_cache update",
    }.items()
}  # fmt: skip
"""Operands by operator; those of com.microsoft by position, as no schema names them."""


def decides(op: str, operand: str) -> bool:
    """Return whether the numbers of an operand can determine how its operator works."""
    return operand not in ANYWHERE and operand not in PAYLOAD.get(op, ())
