"""Quantized products that fall between two quanta, or out of the range of their dtype: ONNX rounds once, at the end."""

import numpy as np

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g ({inputs}) => ({output}) {{ {before} [probe] {node} }}'
SHAPES = {2: ("[32,4]", "[4,64]", "[32,64]", 128, 256), 3: ("[2,32,4]", "[2,4,64]", "[2,32,64]", 256, 512)}
POINTS = {"uint8": 113, "int8": -14}
SCALES = {"float": (0.0066, 0.00705, 0.0107), "float16": (0.0066, 0.00705, 0.0107)}
LABEL = "products that fall between two quanta"


def numbers(dtype: str, count: int, start: int) -> tuple[float, ...]:
    """Return numbers from the whole range of the dtype."""
    low = 0 if dtype == "uint8" else -128
    return tuple(low + (start + 97 * at + 31 * at * at // 7) % 256 for at in range(count))


def product(dtype: str, scale: str, rank: int, opset: int, size: str, constant: bool) -> TextProbe:
    """A QLinearMatMul of such numbers; `size` is the shape of scales and zero points."""
    a, b, y, first, second = SHAPES[rank]
    sizes, point = SCALES[scale], POINTS[dtype]
    kinds = [
        ("a_scale", scale, sizes[0]), ("a_point", dtype, point), ("b_scale", scale, sizes[1]), ("b_point", dtype, point + 1),
        ("y_scale", scale, sizes[2]), ("y_point", dtype, point + 5),
    ]  # fmt: skip
    inputs, before = f"{dtype}{a} A, {dtype}{b} B", ""
    feeds = [("A", numbers(dtype, first, 208)), ("B", numbers(dtype, second, 152))]
    for name, kind, value in kinds:
        if constant:
            written = int(np.float16(value).view(np.uint16)) if kind == "float16" else value  # the text has its bits
            before += f"{name} = Constant<value = {kind}{size} {{{written}}}>() "
        else:
            inputs += f", {kind}{size} {name}"
            feeds.append((name, (value,)))
    node = "Y = QLinearMatMul(A, a_scale, a_point, B, b_scale, b_point, y_scale, y_point)"
    text = HEAD.format(ir=10 if opset > 20 else 8, opset=opset, inputs=inputs, output=f"{dtype}{y} Y", before=before, node=node)
    return TextProbe("QLinearMatMul", f"{LABEL}; {inputs} opset={opset}", text, (), (), feeds)


FORMS = [
    product(dtype, scale, rank, opset, size, constant)
    for dtype in POINTS
    for rank in SHAPES
    for size in ("[1]", "")
    for constant in (True, False)
    for opset, scale in ((10, "float"), (21, "float"), (21, "float16"))
]
