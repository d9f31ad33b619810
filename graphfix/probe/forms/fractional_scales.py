"""Resize by scales that are no whole numbers, over fixed and over dynamic dims, in every mode and grid of exporters."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[{shape}] X) => (float[{made}] Y)'
SHAPES = {
    "2,3,8,12": "2,3,p,q", "n,3,8,12": "n,3,p,q", "n,3,h,w": "n,3,p,q", "1,3,h,12": "1,3,p,q", "1,4,t": "1,4,p",
    "n,4,24": "n,4,p", "h,w": "p,q",
}  # fmt: skip
SCALES = ("0.25", "0.5", "1.5", "1.25", "2.5", "2", "3")
SPELLINGS = {
    "nearest": 'mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"',
    "nearest of pixels": 'mode = "nearest"',
    "linear": 'mode = "linear", coordinate_transformation_mode = "half_pixel"',
    "linear of pytorch": 'mode = "linear", coordinate_transformation_mode = "pytorch_half_pixel"',
    "linear between corners": 'mode = "linear", coordinate_transformation_mode = "align_corners"',
    "cubic": 'mode = "cubic", coordinate_transformation_mode = "half_pixel", cubic_coeff_a = -0.75',
}
OPSETS = (11, 13, 18)


def _resized(op: str, spelling: str, shape: str, scale: str, opset: int) -> TextProbe:
    """One operator by one scale along the axes behind the channels, or along both of a matrix."""
    rank = shape.count(",") + 1
    whole = 2 if rank > 2 else 0
    scales = ", ".join(["1"] * whole + [scale] * (rank - whole))
    roi = " r = Constant<value = float[0] {}>()" if opset < 13 else ""
    node = f'Upsample<mode = "{spelling}">(X, s)'
    if op == "Resize":
        node = f"Resize<{SPELLINGS[spelling]}>(X, {'r' if roi else ''}, s)"
    head = HEAD.format(opset=opset, shape=shape, made=SHAPES[shape])
    text = f"{head} <float[{rank}] s = {{{scales}}}> {{{roi} [probe] z = {node} Y = Relu(z) }}"
    return TextProbe(op, f"{spelling}, [{shape}] by {scale}, opset={opset}", text, ("fraction", AGAIN))


FORMS = [
    *(
        _resized("Resize", spelling, shape, scale, OPSETS[(i + j) % 3])
        for spelling in SPELLINGS
        for i, shape in enumerate(SHAPES)
        for j, scale in enumerate(SCALES)
        if spelling != "cubic" or shape.count(",") == 3
    ),
    *(
        _resized("Upsample", spelling, shape, scale, 9)
        for spelling in ("nearest", "linear")
        for shape in ("2,3,8,12", "n,3,h,w", "1,3,h,12")
        for scale in SCALES
        if float(scale) >= 1
    ),
]
