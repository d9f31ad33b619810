"""Operators of onnxruntime's domain com.microsoft that occur in published models."""

from collections.abc import Iterator

from graphfix.probe.form import Form, Tensor, data, numbers, scalar, weight

MS = "com.microsoft"


def bytes_of(*shape: int, source: str = "runtime") -> Tensor:
    """Return a uint8 graph input with small values."""
    return Tensor(shape, source, low=0, high=9, dtype="uint8")


def fixed(*shape: int) -> Tensor:
    """Return a uint8 initializer with small values."""
    return bytes_of(*shape, source="constant")


SCALE, ZERO = scalar(0.1, "float32"), scalar(3, "uint8")


def fused(
    op: str,
    *operands: Tensor | None,
    attributes: dict[str, object] | None = None,
    outputs: int = 1,
    changes: tuple[dict[str, object], ...] = (),
    domain: str = MS,
) -> Form:
    """Return the form of an operator without an ONNX schema: operands by position, also in float16 and with weights as inputs."""
    given = {f"in{i}": operand for i, operand in enumerate(operands)}
    floats = [name for name, one in given.items() if one is not None and one.dtype in ("", "float32")]
    fixed = [name for name, one in given.items() if one is not None and one.source == "constant"]
    more: list[dict[str, object]] = [{f"{name}.dtype": "float16" for name in floats}] if floats else []
    more += [{f"{name}.from": source for name in fixed} for source in ("runtime", "folded") if fixed]
    return Form(op, given, attributes or {}, outputs=outputs, domain=domain, changes=(*changes, *more))


def pointed(*points: int, wide: tuple[int, ...] = ()) -> tuple[dict[str, object], ...]:
    """Return changes of the zero points at these positions to every dtype; `wide` are the operands with the same dtype."""
    found: list[dict[str, object]] = []
    for dtype, values in (("uint8", (0, 1, 128)), ("int8", (0, 1, 3, -3))):
        typed = {f"in{at}.dtype": dtype for at in wide}
        found += [{**{f"in{at}": scalar(value, dtype) for at in points}, **typed} for value in values]
    return tuple(found)


def shaped(*ranks: tuple[int, ...], operands: tuple[str, ...] = ("in0",)) -> tuple[dict[str, object], ...]:
    """Return changes of the data to other shapes."""
    return tuple({name: data(*shape) for name in operands} for shape in ranks)


def _dynamic_products() -> Iterator[dict[str, object]]:
    """Products of two tensors of which some dims are dynamic."""
    for dims in ("batch", "spatial", "sequence", "dynamic"):
        for shape in ((3, 4), (2, 3, 4), (2, 2, 3, 4)):
            for second, flipped in (((4, 5), 0), ((5, 4), 1)):
                yield {"in0": data(*shape), "in1": data(*shape[:-2], *second), "transB": flipped, "dims": dims}
        yield {"in1": data(2, 4, 5), "in1.dims": dims}
        yield {"in0": data(2, 2, 3, 4), "in1": weight(4, 5), "dims": dims}


FORMS = [
    fused(
        "FusedConv",
        data(2, 4, 9, 9),
        weight(6, 4, 3, 3),
        weight(6),
        attributes={"activation": "Relu", "kernel_shape": [3, 3]},
        changes=(
            {"in2": None},
            {"activation": "LeakyRelu", "activation_params": [0.1]},
            {"in3": data(2, 6, 7, 7)},
            {"in0": data(2, 4, 9), "in1": weight(6, 4, 3), "kernel_shape": [3]},
            {"activation": "Sigmoid"},
            {"activation": "Tanh"},
            {"activation": "HardSigmoid", "activation_params": [0.2, 0.5]},
            {"activation": "Clip", "activation_params": [0.0, 6.0]},
        ),
    ),
    fused(
        "FusedMatMul",
        data(2, 3, 4),
        weight(2, 4, 5),
        attributes={"alpha": 0.5},
        changes=(
            {"in1": data(2, 4, 5)},
            {"transA": 1, "in0": data(2, 4, 3)},
            {"transB": 1, "in1": weight(2, 5, 4)},
            {"in0": data(3, 4), "in1": weight(4, 5)},
            {"in0": data(2, 2, 3, 4), "in1": data(2, 2, 4, 5)},
            *(
                {"in0": data(*one), "in1": data(*other), "transB": flipped, "alpha": alpha}
                for one in ((1, 2, 3, 3, 4), (2, 2, 3, 3, 4))
                for other, flipped in (((*one[:3], 4, 5), 0), ((*one[:3], 5, 4), 1))
                for alpha in (0.5, 1.0)
            ),
            {"in1": weight(4, 5)},
            *(
                {"in0": weight(*one), "in1": data(*other), **more}
                for one, other in (((2, 3, 4), (2, 4, 5)), ((3, 4), (4, 5)), ((3, 4), (2, 4, 5)), ((2, 2, 3, 4), (2, 2, 4, 5)))
                for more in ({}, {"alpha": 1.0}, {"dims": "batch"}, {"dims": "dynamic"})
            ),
            {"in0": weight(2, 4, 3), "in1": data(2, 4, 5), "transA": 1},
            {"in0": weight(2, 3, 4), "in1": data(2, 5, 4), "transB": 1},
            *_dynamic_products(),
        ),
    ),
    fused(
        "FusedGemm",
        data(3, 4),
        weight(4, 5),
        weight(5),
        attributes={"activation": "Relu"},
        changes=({"in2": None}, {"activation": "LeakyRelu", "activation_alpha": 0.1}, {"transB": 1, "in1": weight(5, 4)}),
    ),
    fused(
        "QLinearAdd",
        bytes_of(2, 4),
        SCALE,
        ZERO,
        bytes_of(2, 4),
        SCALE,
        ZERO,
        SCALE,
        ZERO,
        changes=(
            {"in3": fixed(2, 4)},
            {"in3": fixed(4)},
            {"in0": bytes_of(2, 4, 5, 5), "in3": bytes_of(2, 4, 5, 5)},
            *pointed(2, 5, 7, wide=(0, 3)),
        ),
    ),
    fused(
        "QLinearMul",
        bytes_of(2, 4),
        SCALE,
        ZERO,
        bytes_of(2, 4),
        SCALE,
        ZERO,
        SCALE,
        ZERO,
        changes=({"in3": fixed(4)}, {"in0": bytes_of(2, 4, 5, 5), "in3": bytes_of(2, 4, 5, 5)}, *pointed(2, 5, 7, wide=(0, 3))),
    ),
    fused(
        "QLinearConcat",
        SCALE,
        ZERO,
        bytes_of(2, 4),
        SCALE,
        ZERO,
        bytes_of(2, 4),
        SCALE,
        ZERO,
        attributes={"axis": 1},
        changes=pointed(1, 4, 7, wide=(2, 5)),
    ),
    fused("QLinearSigmoid", bytes_of(2, 4), SCALE, ZERO, SCALE, ZERO, changes=pointed(2, 4, wide=(0,))),
    fused(
        "QLinearLeakyRelu",
        bytes_of(2, 4),
        SCALE,
        ZERO,
        SCALE,
        ZERO,
        attributes={"alpha": 0.1},
        changes=pointed(2, 4, wide=(0,)),
    ),
    fused(
        "QLinearGlobalAveragePool",
        bytes_of(2, 4, 5, 5),
        SCALE,
        ZERO,
        SCALE,
        ZERO,
        attributes={"channels_last": 0},
        changes=pointed(2, 4, wide=(0,)),
    ),
    fused(
        "QLinearAveragePool",
        bytes_of(2, 4, 6, 6),
        SCALE,
        ZERO,
        SCALE,
        ZERO,
        attributes={"kernel_shape": [2, 2]},
        changes=pointed(2, 4, wide=(0,)),
    ),
    fused(
        "QGemm",
        bytes_of(3, 4),
        SCALE,
        ZERO,
        fixed(4, 5),
        SCALE,
        ZERO,
        None,
        SCALE,
        ZERO,
        changes=(
            {"in6": weight(5, low=0, high=50, dtype="int32")},
            {"in7": None, "in8": None},
            *pointed(2, 5, 8, wide=(0, 3)),
            *({"in6": weight(5, low=0, high=50, dtype="int32"), **change} for change in pointed(2, 5, 8, wide=(0, 3))),
        ),
    ),
    fused(
        "SkipLayerNormalization",
        data(2, 3, 4),
        data(2, 3, 4),
        weight(4),
        weight(4),
        changes=(
            {"in4": weight(4)},
            {"in3": None},
            {"in3": None, "in4": weight(4)},
            {"in0": data(3, 4), "in1": data(3, 4)},
            {"outputs": 4},
        ),
    ),
    fused(
        "EmbedLayerNormalization",
        data(2, 3, low=0, high=3, dtype="int32"),
        data(2, 3, low=0, high=1, dtype="int32"),
        weight(6, 4),
        weight(6, 4),
        weight(2, 4),
        weight(4),
        weight(4),
        outputs=2,
    ),
    fused("Attention", data(2, 3, 8), weight(8, 24), weight(24), attributes={"num_heads": 2}),
    fused("MultiHeadAttention", data(2, 3, 8), data(2, 3, 8), data(2, 3, 8), attributes={"num_heads": 2}),
    *(fused(op, data(2, 3, 4), changes=shaped((4,), (2, 4), (2, 3, 4, 5))) for op in ("Gelu", "FastGelu", "QuickGelu")),
    fused("FastGelu", data(2, 3, 4), weight(4)),
    fused("BiasGelu", data(2, 3, 4), weight(4), changes=shaped((2, 4), (2, 3, 5, 4))),
    fused("NhwcMaxPool", bytes_of(2, 9, 9, 4), attributes={"kernel_shape": [2, 2]}),
    fused(
        "DynamicQuantizeMatMul",
        data(3, 4),
        fixed(4, 5),
        SCALE,
        ZERO,
        changes=({"in3": None}, {"in4": weight(5)}, {"in0": data(2, 3, 4)}, *pointed(3, wide=(1,))),
    ),
    fused(
        "MatMulIntegerToFloat",
        bytes_of(3, 4),
        fixed(4, 5),
        SCALE,
        SCALE,
        ZERO,
        ZERO,
        changes=({"in5": None}, {"in6": weight(5)}, {"in0": bytes_of(2, 3, 4)}, *pointed(4, 5, wide=(0, 1))),
    ),
    fused("QuantizeLinear", data(2, 4), SCALE, ZERO, changes=({"in2": scalar(0, "uint16")}, *pointed(2))),
    fused("DequantizeLinear", bytes_of(2, 4), SCALE, ZERO, changes=pointed(2, wide=(0,))),
    fused(
        "DynamicQuantizeLSTM",
        data(3, 2, 4),
        weight(1, 4, 20, low=0, high=9, dtype="int8"),
        weight(1, 5, 20, low=0, high=9, dtype="int8"),
        weight(1, 40),
        None,
        data(1, 2, 5),
        data(1, 2, 5),
        None,
        numbers(0.1, dtype="float32"),
        numbers(0, dtype="int8"),
        numbers(0.1, dtype="float32"),
        numbers(0, dtype="int8"),
        attributes={"hidden_size": 5},
        outputs=3,
        changes=(
            {"in5": Tensor((1, 2, 5), "shape"), "in6": Tensor((1, 2, 5), "shape")},
            {"in5": Tensor((1, 2, 5), "shape"), "in6": Tensor((1, 2, 5), "shape"), "in0.dims": "dynamic"},
            {"in5": Tensor((1, 2, 5), "shape"), "in6": Tensor((1, 2, 5), "shape"), "in0.dims": "batch"},
            {"in5": Tensor((1, 2, 5), "folded"), "in6": Tensor((1, 2, 5), "folded")},
            {"in5": None, "in6": None},
            *(
                {"in9": numbers(value, dtype=dtype), "in11": numbers(value, dtype=dtype), "in1.dtype": dtype, "in2.dtype": dtype}
                for dtype, values in (("uint8", (0, 1, 128)), ("int8", (0, 1, 3, -3)))
                for value in values
            ),
        ),
    ),
]
