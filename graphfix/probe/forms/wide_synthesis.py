"""Transposed convolutions with wide windows, as vocoders overlap frames and decoders grow images."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[{made}] Y) {{ {body} }}'
WIDTHS = ((16, 4), (20, 10), (28, 7), (32, 8), (40, 20), (64, 16), (128, 32), (400, 160), (512, 128), (1024, 256))
"""Windows and strides of sounds."""
SIDES = ((6, 2), (8, 4), (14, 14), (16, 8), (32, 16), (64, 32))
"""Sides and strides of square windows."""
FACETS = ("window", "strides", "X.rank", AGAIN)


def _sound(window: int, stride: int, channels: int, length: str, opset: int) -> TextProbe:
    """Frames that are overlapped: of one result channel."""
    body = f"[probe] Y = ConvTranspose<kernel_shape = [{window}], strides = [{stride}]>(X, W)"
    text = HEAD.format(opset=opset, dims=f"1,{channels},{length}", made="1,1,made", body=body)
    label = f"{channels} channels of {length} frames by {window} every {stride}, opset={opset}"
    return TextProbe("ConvTranspose", label, text, FACETS, weights=[("W", "float32", (channels, 1, window), -1, 1)])


def _image(side: int, stride: int, dims: str, opset: int) -> TextProbe:
    body = f"[probe] Y = ConvTranspose<kernel_shape = [{side}, {side}], strides = [{stride}, {stride}]>(X, W, B)"
    text = HEAD.format(opset=opset, dims=f"1,3,{dims}", made="1,2,high,wide", body=body)
    weights = [("W", "float32", (3, 2, side, side), -1, 1), ("B", "float32", (2,), -1, 1)]
    label = f"[{dims}] by a side of {side} every {stride}, opset={opset}"
    return TextProbe("ConvTranspose", label, text, FACETS, weights=weights)


ONES = {
    "ConstantOfShape": "o = ConstantOfShape<value = float[1] {1}>(n)",
    "Expand": "one = Constant<value = float {1}>() o = Expand(one, n)",
}


def _overlaps(fill: str, window: int, stride: int, dims: str, opset: int) -> TextProbe:
    """How many windows overlap at each sample: ones of the dims of the frames, by a window."""
    body = f"n = Shape(X) {ONES[fill]} [probe] Y = ConvTranspose<kernel_shape = [{window}], strides = [{stride}]>(o, W)"
    text = HEAD.format(opset=opset, dims=dims, made="b,1,made", body=body)
    label = f"overlaps of {window} every {stride} in [{dims}] by {fill}, opset={opset}"
    weights = [("W", "float32", (1, 1, window), 0, 1)]
    return TextProbe("ConvTranspose", label, text, ("foldable", *FACETS), weights=weights)


FORMS = [
    *(_overlaps(fill, *width, dims, 17) for fill in ONES for width in WIDTHS[:8:2] for dims in ("1,1,t", "b,1,t")),
    *(_overlaps(fill, 16, 4, "1,1,t", opset) for fill in ONES for opset in (15, 21)),
    *(_sound(*width, channels, length, 17) for width in WIDTHS for channels in (1, 9) for length in ("t", "11")),
    *(_sound(*width, 9, "11", 21) for width in WIDTHS[::3]),
    *(_image(*side, dims, 17) for side in SIDES for dims in ("5,6", "h,w")),
    *(_image(*side, "5,6", 22) for side in SIDES[::2]),
]
