"""DequantizeLinear behind a QuantizeLinear, as in quantized models, rather than on a model's input."""

from graphfix.probe.form import TextProbe

SHAPES = {1: "6", 2: "2,3", 3: "2,3,4", 4: "2,3,4,4", 5: "2,3,2,4,2", 6: "2,3,2,2,2,2"}
HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g (float[{shape}] X) => (float[{shape}] Y) <{held}> {{ {body} }}'


def dequantised(rank: int, dtype: str, zero: str, opset: int, axis: int | None = None) -> TextProbe:
    """A quantization and the dequantization, per tensor, or along an axis of size 3."""
    count = 1 if axis is None else 3
    dims = "" if axis is None else "[3]"
    scale = ", ".join(("0.5", "0.25", "1.0")[:count])
    points = {"zeros": "0", "positive": "5", "negative": "-3"}.get(zero, "0")
    held = f"float{dims} s = {{{scale}}}"
    operands = "s"
    if zero != "absent":
        held += f", {dtype}{dims} z = {{{', '.join([points] * count)}}}"
        operands = "s, z"
    named = "" if axis is None else f"<axis = {axis}>"
    body = f"q = QuantizeLinear{named}(X, {operands}) [probe] Y = DequantizeLinear{named}(q, {operands})"
    text = HEAD.format(ir=8 if opset < 21 else 10, opset=opset, shape=SHAPES[rank], held=held, body=body)
    label = f"behind a quantization to {dtype}, rank {rank}, zero point {zero}, axis {axis}, opset={opset}"
    return TextProbe("DequantizeLinear", label, text, ("entering", "x.rank"))


def entering(rank: int, dtype: str, opset: int, axis: int | None = None) -> TextProbe:
    """The dequantization of a model input."""
    count, dims = (1, "") if axis is None else (3, "[3]")
    scale = ", ".join(("0.5", "0.25", "1.0")[:count])
    points = ", ".join(("0", "1", "-1" if dtype == "int8" else "5")[:count])
    held = f"float{dims} s = {{{scale}}}, {dtype}{dims} z = {{{points}}}"
    named = "" if axis is None else f"<axis = {axis}>"
    body = f"[probe] Y = DequantizeLinear{named}(X, s, z)"
    head = HEAD.replace("(float[", f"({dtype}[", 1)
    text = head.format(ir=8 if opset < 21 else 10, opset=opset, shape=SHAPES[rank], held=held, body=body)
    label = f"an input of {dtype}, rank {rank}, axis {axis}, opset={opset}"
    return TextProbe("DequantizeLinear", label, text, ("entering", "x.rank", "axis"))


FORMS = [
    *(entering(2, dtype, opset, axis) for opset in (10, 13, 19, 21) for dtype in ("int8", "uint8") for axis in (None, 1)
        if axis is None or opset > 10),
    *(dequantised(rank, dtype, zero, opset) for opset in (10, 13, 19, 21, 23) for rank in SHAPES
        for dtype, zeros in (("int8", ("zeros", "positive", "negative")), ("uint8", ("zeros", "positive", "absent")))
        for zero in zeros if opset == 13 or (rank in (2, 4) and zero in ("zeros", "positive"))),
    *(dequantised(rank, dtype, zero, opset, 1) for opset in (13, 21) for rank in (2, 4) for dtype in ("int8", "uint8")
        for zero in ("zeros", "positive")),
]  # fmt: skip
