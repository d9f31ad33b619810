"""Operators of com.microsoft for language models."""

from graphfix.probe.form import Tensor, data, numbers, scalar, weight
from graphfix.probe.forms.fused_microsoft import SCALE, ZERO, bytes_of, fixed, fused, pointed, shaped


def counts(*values: int) -> Tensor:
    """Return an int32 graph input with small values."""
    return Tensor((len(values),), "runtime", values, dtype="int32")


def total(value: int) -> Tensor:
    """Return an int32 initializer with one value."""
    return scalar(value, "int32")


STARTS = tuple(numbers(start, dtype="int64") for start in (0, 1, 2))
ROWS = ((0,) * 6, (0, 1, 2, 0, 1, 2), (1, 2, 3, 1, 2, 3))
PLACES: list[dict[str, object]] = [
    {"in1": place} for place in (*STARTS, *(Tensor((2, 3), "constant", row, dtype="int64") for row in ROWS))
]
"""Position ids: of the first element of a row, or of each element."""

FORMS = [
    fused(
        "SkipSimplifiedLayerNormalization",
        data(2, 3, 4),
        data(2, 3, 4),
        weight(4),
        changes=({"in3": weight(4)}, {"outputs": ("out", "", "", "sum")}, {"in0": data(3, 4), "in1": data(3, 4)}),
    ),
    fused(
        "RotaryEmbedding",
        data(2, 3, 16),
        Tensor((2, 3), "runtime", (0, 1, 2, 0, 1, 2), dtype="int64"),
        weight(8, 4),
        weight(8, 4),
        attributes={"num_heads": 2},
        changes=(
            {"in0": data(2, 2, 3, 8), "num_heads": None},
            *PLACES,
            {"interleaved": 1, "num_heads": None},
            {"rotary_embedding_dim": 4, "in2": weight(8, 2), "in3": weight(8, 2)},
        ),
    ),
    fused(
        "GroupQueryAttention",
        data(1, 3, 16),
        data(1, 3, 8),
        data(1, 3, 8),
        data(1, 1, 5, 8),
        data(1, 1, 5, 8),
        counts(7),
        total(8),
        attributes={"num_heads": 2, "kv_num_heads": 1},
        outputs=3,
        changes=(
            {"in0": data(1, 1, 16), "in1": data(1, 1, 8), "in2": data(1, 1, 8), "in5": counts(5), "in6": total(6)},
            {"in7": weight(16, 4), "in8": weight(16, 4), "do_rotary": 1},
            {"in3": None, "in4": None, "in5": counts(2), "in6": total(3)},
            {"in0": data(1, 3, 32), "in1": None, "in2": None},
            {"local_window_size": 4},
            {"scale": 0.5},
            {"softcap": 2.0},
        ),
    ),
    fused(
        "MatMulNBits",
        data(2, 3, 32),
        fixed(8, 2, 8),
        weight(16, low=0.1, high=1),
        attributes={"K": 32, "N": 8, "bits": 4, "block_size": 16},
        changes=(
            {"in3": fixed(8)},
            {"in0": data(3, 32)},
            {"in3": fixed(8), "in0": data(1, 1, 32)},
            {"accuracy_level": 4},
            {"in3": None, "in4": None, "in5": weight(8)},
        ),
    ),
    fused(
        "MultiHeadAttention",
        data(2, 3, 8),
        data(2, 3, 8),
        data(2, 3, 8),
        weight(24),
        attributes={"num_heads": 2},
        changes=(
            {"in4": counts(3, 2)},
            {"in3": None, "in5": data(1, 2, 3, 3)},
            {"in6": data(2, 2, 5, 4), "in7": data(2, 2, 5, 4), "outputs": 3},
            {"in1": data(2, 5, 8), "in2": data(2, 5, 8)},
            {"in1": data(2, 2, 3, 4), "in2": data(2, 2, 3, 4)},
            {"in3": None, "in0": data(2, 3, 2, 3, 4), "in1": None, "in2": None},
            {"unidirectional": 1},
        ),
    ),
    fused(
        "Attention",
        data(2, 3, 8),
        weight(8, 24),
        weight(24),
        counts(3, 2),
        attributes={"num_heads": 2},
        changes=(
            {"in2": None, "in3": None},
            {"in3": Tensor((2, 3), "runtime", (1, 1, 1, 1, 1, 0), dtype="int32")},
            {"in4": data(2, 2, 2, 5, 4), "outputs": 2},
            {"in3": None, "in5": data(1, 2, 3, 3)},
            {"unidirectional": 1},
            {"scale": 0.5},
        ),
    ),
    fused(
        "QAttention",
        bytes_of(2, 3, 8),
        fixed(8, 24),
        weight(24),
        SCALE,
        SCALE,
        None,
        ZERO,
        ZERO,
        attributes={"num_heads": 2},
        changes=({"in5": counts(3, 2)}, {"unidirectional": 1}, *pointed(6, 7, wide=(0, 1))),
    ),
    fused(
        "EmbedLayerNormalization",
        data(2, 3, low=0, high=3, dtype="int32"),
        None,
        weight(6, 4),
        weight(6, 4),
        None,
        weight(4),
        weight(4),
        outputs=2,
        changes=({"in7": Tensor((2, 3), "runtime", (1,) * 6, dtype="int32")}, {"outputs": 3}),
    ),
    fused("TransposeMatMul", data(2, 3, 4), weight(2, 4, 5)),
    fused("Inverse", data(3, 3), changes=shaped((2, 3, 3))),
    fused("Trilu", data(3, 4)),
    fused("Pad", data(3, 4), numbers(1, 0, 1, 0, dtype="int64"), changes=({"in2": scalar(0.5)}, {"mode": "reflect"})),
    fused("ExpandDims", data(3, 4), scalar(1, "int32")),
    fused("Unique", data(8), outputs=3),
    fused("Range", scalar(0, "int32"), scalar(5, "int32"), scalar(1, "int32")),
    fused("GridSample", data(1, 2, 4, 4), data(1, 3, 3, 2), attributes={"mode": "bilinear"}),
    fused(
        "CropAndResize", data(1, 2, 6, 6), data(1, 4, low=0, high=1), counts(0), Tensor((2,), "constant", (3, 3), dtype="int32")
    ),
    fused(
        "ConvTransposeWithDynamicPads",
        data(1, 3, 4, 4),
        weight(3, 2, 3, 3),
        numbers(0, 0, 0, 0, dtype="int64"),
        attributes={"kernel_shape": [3, 3]},
    ),
    fused(
        "QLinearSoftmax",
        bytes_of(2, 4),
        SCALE,
        ZERO,
        SCALE,
        ZERO,
        attributes={"axis": 1, "opset": 13},
        changes=pointed(2, 4, wide=(0,)),
    ),
    fused(
        "QLinearWhere",
        Tensor((2, 4), dtype="bool"),
        bytes_of(2, 4),
        SCALE,
        ZERO,
        bytes_of(2, 4),
        SCALE,
        ZERO,
        SCALE,
        ZERO,
        changes=pointed(3, 6, 8, wide=(1, 4)),
    ),
    fused(
        "QLinearConv",
        bytes_of(2, 4, 6, 6),
        SCALE,
        ZERO,
        fixed(6, 4, 3, 3),
        SCALE,
        ZERO,
        SCALE,
        ZERO,
        attributes={"kernel_shape": [3, 3]},
        changes=({"in8": weight(6, low=0, high=50, dtype="int32")}, *pointed(2, 5, 7, wide=(0, 3))),
    ),
    fused("MatMulBnb4", data(3, 32), fixed(128), weight(16), attributes={"K": 32, "N": 8, "block_size": 16, "quant_type": 1}),
    fused(
        "GatherBlockQuantized",
        fixed(4, 16),
        Tensor((2,), "runtime", (0, 1), dtype="int64"),
        weight(4, 2),
        None,
        attributes={"block_size": 16, "bits": 4, "gather_axis": 0, "quantize_axis": 1},
    ),
]
