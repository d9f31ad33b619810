"""Operators that compute each element from the elements at the same place: their axes are tied by broadcasting."""

from __future__ import annotations

from onnx import NodeProto

from graphfix.pruning.axis_graph import AxisGraph

UNARY = frozenset(
    {
        "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BiasGelu", "Cast", "Ceil", "Celu", "Clip", "Cos", "Cosh",
        "Dropout", "Elu", "Erf", "Exp", "FastGelu", "Floor", "Gelu", "HardSigmoid", "HardSwish", "Identity", "IsInf", "IsNaN",
        "LeakyRelu", "Log", "Mish", "Neg", "Not", "QuickGelu", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign",
        "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu",
    }
)  # fmt: skip
NARY = frozenset(
    {
        "Add", "And", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Mean", "Min", "Mod", "Mul",
        "Or", "PRelu", "Pow", "Sub", "Sum", "Where", "Xor",
    }
)  # fmt: skip


def tie_elementwise(axes: AxisGraph, node: NodeProto) -> None:
    """Tie each axis of the output to the axes of the operands at the same place, counted from the last."""
    operands = [name for name in node.input if name]
    ranks = {name: axes.dims(name) for name in (*operands, node.output[0])}
    out = ranks[node.output[0]]
    if out is None or any(dims is None for dims in ranks.values()):
        axes.freeze_all(ranks, f"the shapes at {node.op_type} are not known")
        return
    for name in operands:
        rank = len(ranks[name] or ())
        for axis in range(rank):
            place = len(out) - rank + axis
            if axes.size((name, axis)) is not None and place >= 0:
                axes.tie((name, axis), (node.output[0], place))
    for extra in node.output[1:]:
        axes.freeze_all([extra], f"a second output of {node.op_type}")


FAMILY = {**dict.fromkeys(UNARY, tie_elementwise), **dict.fromkeys(NARY, tie_elementwise)}
"""The operators of this file."""
