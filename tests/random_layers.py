"""The layers of networks in random graphs: each function adds one in a form drawn at random."""

from __future__ import annotations

from typing import Any

import numpy as np
from random_graphs import Draft

F = "float32 float16 float64"
REAL = "float32"


def normalization(d: Draft) -> object:
    x = d.pick(REAL if d.chance(0.8) else F, 2)
    if x is None:
        return None
    a, op = d.array(x), d.one(("Batch", "Instance", "Layer", "Group", "Lrn", "Lp", "Mvn"))
    channels, kind = a.shape[1], a.dtype
    scale, bias = d.constant(d.random.random(channels) + 0.5, kind), d.weight(channels, dtype=kind)
    if op == "Batch":
        return d.node("BatchNormalization", [x, scale, bias, d.weight(channels, dtype=kind),
                                             d.constant(d.random.random(channels) + 0.5, kind)])  # fmt: skip
    if op == "Instance" and a.ndim > 2:
        return d.node("InstanceNormalization", [x, scale, bias])
    if op == "Layer":
        last = a.shape[-1]
        return d.node("LayerNormalization", [x, d.weight(last, dtype=kind), d.weight(last, dtype=kind)], axis=-1)
    if op == "Group" and d.opset >= 18 and channels % 2 == 0 and a.ndim > 2:
        size = channels if d.opset >= 21 else 2
        return d.node("GroupNormalization", [x, d.weight(size, dtype=kind), d.weight(size, dtype=kind)], num_groups=2)
    if op == "Lrn" and a.ndim == 4:
        return d.node("LRN", [x], size=d.one((3, 5)), alpha=0.5, beta=d.one((0.75, 0.5)), bias=d.one((1.0, 2.0)))
    if op == "Mvn":
        return d.node("MeanVarianceNormalization", [x], axes=d.one(([0, 2, 3], [a.ndim - 1])))
    return d.node("LpNormalization", [x], axis=-1, p=d.one((1, 2)))


def convolution(d: Draft) -> object:
    x = d.pick(REAL if d.chance(0.9) else F, 3, 5)
    if x is None:
        return None
    a = d.array(x)
    channels, spatial, kind = a.shape[1], a.ndim - 2, a.dtype
    size, group = d.one((1, 2, 3)), channels if d.chance(0.3) else 1
    more: dict[str, Any] = {"strides": [d.one((1, 1, 2))] * spatial, "group": group, "kernel_shape": [size] * spatial}
    if d.chance(0.3):
        more["auto_pad"] = d.one(("SAME_UPPER", "SAME_LOWER", "VALID"))
    elif d.chance(0.6):
        more["pads"] = [d.whole(0, size - 1) for _ in range(2 * spatial)]
    if d.chance(0.3):
        more["dilations"] = [2] * spatial
    if d.chance(0.35):
        if d.chance(0.3):
            more["output_padding"] = [more["strides"][0] - 1] * spatial
        return d.node("ConvTranspose", [x, d.weight(channels, 2, *[size] * spatial, dtype=kind)], **more)
    out = channels if group > 1 else d.one((2, 4))
    bias = [d.weight(out, dtype=kind)] if d.chance(0.6) else []
    return d.node("Conv", [x, d.weight(out, channels // group, *[size] * spatial, dtype=kind), *bias], **more)


def pooling(d: Draft) -> object:
    x = d.pick(REAL if d.chance(0.9) else F, 3, 5)
    if x is None:
        return None
    spatial = d.array(x).ndim - 2
    op = d.one(
        ("MaxPool", "MaxPool", "AveragePool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
    )
    if op.startswith("Global"):
        return d.node(op, [x])
    size = d.one((2, 3))
    more: dict[str, Any] = {"kernel_shape": [size] * spatial, "strides": [d.one((1, 2))] * spatial}
    if d.chance(0.3):
        more["auto_pad"] = d.one(("SAME_UPPER", "SAME_LOWER"))
    elif d.chance(0.6):
        more["pads"] = [d.whole(0, size // 2) for _ in range(2 * spatial)]
    if op == "AveragePool":
        more["count_include_pad"] = int(d.chance(0.5))
    if op != "LpPool" or d.opset >= 18:
        more["ceil_mode"] = int(d.chance(0.3))
    if op == "MaxPool" and d.chance(0.3):
        more["dilations"] = [2] * spatial
    return d.node(op, [x], 2 if op == "MaxPool" and d.chance(0.3) else 1, **more)


def resize(d: Draft) -> object:
    x = d.pick(REAL if d.chance(0.9) else F, 2, 4)
    if x is None:
        return None
    dims = d.array(x).shape
    scales = [d.one((1.0, 1.5, 2.0, 0.5)) if i >= max(1, len(dims) - 2) else 1.0 for i in range(len(dims))]
    ways = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
    more = {"mode": d.one(("linear", "linear", "nearest", "cubic")), "coordinate_transformation_mode": d.one(ways)}
    if more["mode"] == "nearest":
        more["nearest_mode"] = d.one(("floor", "round_prefer_floor", "ceil", "round_prefer_ceil"))
    if d.chance(0.5):
        return d.node("Resize", [x, None, d.constant(scales, np.float32)], **more)
    sizes = [max(1, int(size * scale)) for size, scale in zip(dims, scales, strict=True)]
    return d.node("Resize", [x, None, None, d.constant(sizes, np.int64)], **more)


def matmul(d: Draft) -> object:
    x = d.pick(REAL if d.chance(0.9) else F, 1)
    if x is None:
        return None
    a = d.array(x)
    last = a.shape[-1]
    op = d.one(("MatMul", "MatMul", "Gemm", "Einsum"))
    if op == "Gemm":
        more = {"alpha": 0.5, "beta": 2.0} if d.chance(0.5) else {}
        return d.node("Gemm", [x, d.weight(3, last, dtype=a.dtype), d.weight(3, dtype=a.dtype)], transB=1, **more)
    if op == "Einsum" and a.ndim == 3:
        return d.node(
            "Einsum", [x, d.weight(last, 2, dtype=a.dtype)], equation=d.one(("abc,cd->abd", "abc,cd->bad", "abc,cd->ad"))
        )
    return d.node("MatMul", [x, d.weight(last, 3, dtype=a.dtype)])


def quantization(d: Draft) -> object:
    x = d.pick(REAL, 1)
    if x is None:
        return None
    kind = d.one((np.uint8, np.int8))
    if d.chance(0.15):
        return d.node("DynamicQuantizeLinear", [x], 3)
    axis = d.array(x).ndim - 1
    wide = d.array(x).shape[axis] if d.chance(0.2) and axis else 0
    scale = d.constant(np.full(wide, 0.05) if wide else d.one((0.02, 0.25, 0.5)), np.float32)
    zero = d.constant(np.full(wide, 3) if wide else d.one((0, 3, 100)), kind)
    made = d.node("QuantizeLinear", [x, scale, zero], axis=axis)
    return made and (d.chance(0.85) and d.node("DequantizeLinear", [made[0], scale, zero], axis=axis))


def integer_product(d: Draft) -> object:
    x = d.pick("uint8 int8", 2)
    return x and d.node("MatMulInteger", [x, d.constant(d.random.integers(-9, 9, (d.array(x).shape[-1], 3)), np.int8)])


def recurrent(d: Draft) -> object:
    x = d.pick(REAL, 3, 3)
    if x is None:
        return None
    steps, batch, size = d.array(x).shape
    op, way, hidden = d.one(("LSTM", "GRU", "RNN")), d.one(("forward", "reverse", "bidirectional")), 3
    ways, gates = 1 + (way == "bidirectional"), {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
    operands: list[str | None] = [x, d.weight(ways, gates * hidden, size), d.weight(ways, gates * hidden, hidden)]
    operands.append(d.weight(ways, 2 * gates * hidden) if d.chance(0.7) else None)
    operands += [d.constant(np.resize([steps, max(1, steps - 1)], batch), np.int32)] if d.chance(0.2) else []
    more = {"linear_before_reset": 1} if op == "GRU" and d.chance(0.5) else {}
    return d.node(op, operands, d.one((1, 2)), hidden_size=hidden, direction=way, **more)


def sampling(d: Draft) -> object:
    x = d.pick(REAL, 4, 4)
    if x is None or d.opset < 16:
        return None
    grid = d.constant(d.random.uniform(-1.1, 1.1, (d.array(x).shape[0], 3, 4, 2)), np.float32)
    mode = d.one(("linear", "nearest", "cubic") if d.opset >= 20 else ("bilinear", "nearest", "bicubic"))
    more = {"padding_mode": d.one(("zeros", "border", "reflection")), "align_corners": int(d.chance(0.5))}
    return d.node("GridSample", [x, grid], mode=mode, **more)
