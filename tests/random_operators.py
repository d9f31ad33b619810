"""The operators of random graphs: each function adds one, or a few that belong together, in a form drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from random_graphs import Draft, Maker
from random_layers import (
    REAL,
    F,
    convolution,
    integer_product,
    matmul,
    normalization,
    pooling,
    quantization,
    recurrent,
    resize,
    sampling,
)

WHOLE = "int64 int32"


def unary(d: Draft) -> object:
    op = d.one(("Relu", "Elu", "Selu", "Celu", "HardSigmoid", "HardSwish", "Sigmoid", "Tanh", "Softplus", "Softsign", "Sign",
                "ThresholdedRelu", "Gelu", "Mish", "Erf", "Abs", "Neg", "Floor", "Ceil", "Round", "Sin", "Cos", "Identity",
                "LeakyRelu", "Shrink", "Reciprocal", "Sqrt", "Exp", "IsNaN", "IsInf", "Atan", "Size", "Shape"))  # fmt: skip
    more: dict[str, Any] = {"LeakyRelu": {"alpha": 0.3}, "HardSigmoid": {"alpha": 0.25, "beta": 0.4}, "Elu": {"alpha": 0.7},
                            "Shrink": {"lambd": 0.5, "bias": d.one((0.0, 0.25))}, "Celu": {"alpha": 1.5},
                            "ThresholdedRelu": {"alpha": 0.5}}.get(op, {})  # fmt: skip
    if op == "Gelu" and d.chance(0.5):
        more = {"approximate": "tanh"}
    x = d.pick(F)
    return x and d.node(op, [x], **(more if d.chance(0.8) else {}))


def clip(d: Draft) -> object:
    x = d.pick(F + " int32 int64")
    if x is None:
        return None
    kind = d.array(x).dtype
    return d.node("Clip", [x, d.constant(-1, kind) if d.chance(0.7) else None, d.constant(2, kind) if d.chance(0.7) else None])


def prelu(d: Draft) -> object:
    x = d.pick(F, 2)
    return x and d.node("PRelu", [x, d.weight(*d.one(((1,), (d.array(x).shape[-1],))), dtype=d.array(x).dtype)])


def binary(d: Draft) -> object:
    x = d.pick(f"{F} {WHOLE}")
    if x is None:
        return None
    a = d.array(x)
    y = d.pick(str(a.dtype)) if d.chance(0.5) else d.constant(d.one((0.5, 1.0, 2.0, 3.0, -2.0)), a.dtype)
    ops = ["Add", "Sub", "Mul", "Max", "Min", "Equal", "Less", "Greater", "GreaterOrEqual", "LessOrEqual", "Sum", "Mean", "Div"]
    op = d.one([*ops, "Pow", "Mod"])
    if a.dtype.kind == "i" and op in ("Div", "Mod", "Pow", "Mean"):
        y = d.constant(d.whole(2, 4), a.dtype)
    if op == "Mod" and a.dtype.kind == "f":
        return d.node(op, [x, d.constant(1.5, a.dtype)], fmod=1)
    if op == "Pow" and a.dtype.kind == "f":
        y = d.constant(d.one((2.0, 3.0, 0.5)), a.dtype)
    return d.node(op, d.one(([x, y], [y, x])) if op not in ("Pow", "Div", "Mod") else [x, y])


def logical(d: Draft) -> object:
    b = d.pick("bool")
    if b is None:
        return None
    other, x = d.pick("bool"), d.pick(F)
    if x and d.chance(0.5):
        return d.node("Where", [b, x, d.constant(0.25, d.array(x).dtype)])
    if d.chance(0.4):
        return d.node(d.one(("And", "Or", "Xor")), [b, other])
    return d.node("Not", [b]) if d.chance(0.3) else d.node("Cast", [b], to=d.one((1, 6, 7)))


def cast(d: Draft) -> object:
    x = d.pick(f"{F} {WHOLE} uint8 int8 bool")
    return x and d.node("Cast", [x], to=d.one((1, 1, 1, 7, 6, 10, 11, 9)))


def reduction(d: Draft) -> object:
    x = d.pick(f"{F} int32" if d.chance(0.8) else "int64", 1)
    if x is None:
        return None
    op = d.one(("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare"))
    rank, keep = d.array(x).ndim, int(d.chance(0.5))
    axes = d.one(([rank - 1], [0], [d.whole(0, rank - 1)], [-1] if rank < 2 else [-2, -1], list(range(rank)), None))
    if d.opset >= 18 or op == "Sum":
        return d.node(f"Reduce{op}", [x, *([] if axes is None else [d.constant(axes, np.int64)])], keepdims=keep)
    return d.node(f"Reduce{op}", [x], keepdims=keep, **({} if axes is None else {"axes": axes}))


def extremes(d: Draft) -> object:
    x = d.pick(f"{REAL} {REAL} float64 int32 int64", 1)
    if x is None:
        return None
    axis = d.whole(0, d.array(x).ndim - 1)
    if d.chance(0.7):
        more = {"axis": axis, "keepdims": int(d.chance(0.5)), "select_last_index": int(d.chance(0.5))}
        return d.node(d.one(("ArgMax", "ArgMin")), [x], **more)
    count = d.constant([d.whole(1, d.array(x).shape[axis])], np.int64)
    return d.node("TopK", [x, count], 2, axis=axis, largest=int(d.chance(0.7)), sorted=1)


def softmax(d: Draft) -> object:
    x = d.pick(F, 1)
    op = d.one(("Softmax", "LogSoftmax", "Hardmax", "Hardmax"))
    return x and d.node(op, [x], axis=d.one((-1, d.whole(0, d.array(x).ndim - 1))))


def indexing(d: Draft) -> object:
    x = d.pick(f"{F} {WHOLE}", 1)
    if x is None:
        return None
    a = d.array(x)
    axis = d.whole(0, a.ndim - 1)
    size = a.shape[axis]
    op = d.one(("Gather", "Slice", "GatherElements", "ScatterElements", "GatherND", "OneHot", "Compress", "Split", "CumSum",
                "Trilu", "Pad", "ReverseSequence", "Scatter"))  # fmt: skip
    if op == "Gather":
        return d.node(op, [x, d.constant(d.random.integers(-size, size, d.one(((), (2,), (2, 2)))), np.int64)], axis=axis)
    if op == "Slice":
        start, end, step = d.one(((0, size // 2 + 1, 1), (-2, 2**31 - 1, 1), (-1, -(2**31), -1), (1, size, 2)))
        return d.node(op, [x, *(d.constant([n], np.int64) for n in (start, end, axis, step))])
    if op in ("GatherElements", "ScatterElements"):
        places = d.constant(d.random.integers(0, size, a.shape), np.int64)
        return d.node(op, [x, places] + ([d.weight(*a.shape, dtype=a.dtype)] if op[0] == "S" else []), axis=axis)
    if op == "GatherND":
        return d.node(op, [x, d.constant([[0], [a.shape[0] - 1]], np.int64)])
    if op == "Scatter":
        return d.node("ScatterND", [x, d.constant([[0]], np.int64), d.weight(1, *a.shape[1:], dtype=a.dtype)])
    if op == "OneHot":
        ids = d.pick("int64 int32")
        return ids and d.node(op, [ids, d.constant(4, np.int64), d.constant([0.0, 1.0], np.float32)], axis=-1)
    if op == "Compress":
        return d.node(op, [x, d.constant(np.arange(size) % 2 == 0, bool)], axis=axis)
    if op == "Split" and size > 1:
        return d.node(op, [x, d.constant([1, size - 1], np.int64)], 2, axis=axis)
    if op == "CumSum":
        return d.node(op, [x, d.constant(axis, np.int64)], exclusive=int(d.chance(0.3)), reverse=int(d.chance(0.3)))
    if op == "Trilu":
        return d.node(op, [x], upper=int(d.chance(0.5)))
    if op == "Pad":
        pads = [d.whole(0, 1) if i % a.ndim == axis else 0 for i in range(2 * a.ndim)]
        return d.node(op, [x, d.constant(pads, np.int64)], mode=d.one(("constant", "edge", "reflect")))
    return a.ndim > 1 and d.node("ReverseSequence", [x, d.constant(np.full(a.shape[1], 2), np.int64)], time_axis=0, batch_axis=1)


def counting(d: Draft) -> object:
    x = d.pick(f"{REAL} {WHOLE} bool", 1)
    if x is None:
        return None
    return d.node("NonZero", [x]) if d.chance(0.5) else d.node("Unique", [x], d.one((1, 4)), sorted=1)


def movement(d: Draft) -> object:
    x = d.pick(f"{F} {WHOLE}", 1)
    if x is None:
        return None
    a = d.array(x)
    op = d.one(("Transpose", "Reshape", "Flatten", "Unsqueeze", "Squeeze", "Expand", "Tile", "Concat", "DepthToSpace",
                "SpaceToDepth", "ShapeReshape", "EyeLike", "Range"))  # fmt: skip
    if op == "Transpose":
        return d.node(op, [x], perm=[int(i) for i in d.random.permutation(a.ndim)])
    if op == "Reshape":
        return d.node(op, [x, d.constant(d.one(([0, -1], [-1], [a.shape[0], -1])), np.int64)])
    if op == "ShapeReshape":
        shape = d.node("Shape", [x])
        first = shape and d.node("Gather", [shape[0], d.constant([0], np.int64)])
        whole = first and d.node("Concat", [first[0], d.constant([-1], np.int64)], axis=0)
        return whole and d.node("Reshape", [x, whole[0]])
    if op in ("Unsqueeze", "Squeeze"):
        return d.node(op, [x, d.constant([d.whole(0, a.ndim - 1)], np.int64)])
    if op == "Expand":
        return d.node(op, [x, d.constant([2, *[1] * a.ndim], np.int64)])
    if op == "Tile":
        return d.node(op, [x, d.constant([1] * (a.ndim - 1) + [2], np.int64)])
    if op == "Concat":
        return d.node(op, [x, x if d.chance(0.5) else d.pick(str(a.dtype))], axis=d.whole(0, a.ndim - 1))
    if op == "Range":
        length = d.node("ReduceMax", [d.pick("int64") or ""], keepdims=0)
        return length and d.node(op, [d.constant(0, np.int64), length[0], d.constant(1, np.int64)])
    more = {"blocksize": 2} if op.endswith(("Space", "Depth")) else {"axis": d.whole(0, a.ndim)} if op == "Flatten" else {}
    return d.node(op, [x], **more)


def branch(d: Draft) -> object:
    x = d.pick(REAL, 1)
    if x is None:
        return None
    total = d.node("ReduceMean", [x], keepdims=0)
    sign = total and d.node("Greater", [total[0], d.constant(0.0, np.float32)])
    if not sign:
        return None
    kind = helper.np_dtype_to_tensor_dtype(d.array(x).dtype)

    def body(op: str, name: str) -> Any:
        out = helper.make_tensor_value_info(name, kind, [None] * d.array(x).ndim)
        return helper.make_graph([helper.make_node(op, [x], [name])], name, [], [out])

    then, other = d.one((("Relu", "Neg"), ("Tanh", "Identity"), ("Sigmoid", "Abs")))
    tag = len(d.nodes)
    return d.node("If", [sign[0]], then_branch=body(then, f"t{tag}"), else_branch=body(other, f"e{tag}"))


def loop(d: Draft) -> object:
    x = d.pick(REAL, 1)
    if x is None:
        return None
    rank, tag = d.array(x).ndim, len(d.nodes)
    info: Callable[[str, int, Any], Any] = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Identity", [f"c{tag}"], [f"k{tag}o"]),
        helper.make_node(d.one(("Tanh", "Abs", "Softsign")), [f"s{tag}"], [f"a{tag}"]),
        helper.make_node("Add", [f"a{tag}", x], [f"b{tag}"]),
    ]
    body = helper.make_graph(
        nodes, f"body{tag}",
        [info(f"n{tag}", TensorProto.INT64, []), info(f"c{tag}", TensorProto.BOOL, []), info(f"s{tag}", 1, [None] * rank)],
        [info(f"k{tag}o", TensorProto.BOOL, []), info(f"b{tag}", 1, [None] * rank)],
    )  # fmt: skip
    return d.node("Loop", [d.constant(3, np.int64), d.constant(True, bool), x], body=body)


MAKERS: tuple[Maker, ...] = (
    unary, unary, unary, unary, clip, prelu, binary, binary, binary, logical, logical, cast, reduction, reduction, extremes,
    extremes, softmax, normalization, normalization, convolution, convolution, pooling, pooling, resize, resize, matmul,
    quantization, quantization, integer_product, indexing, indexing, indexing, counting, movement, movement, movement,
    recurrent, sampling, branch, loop,
)  # fmt: skip
