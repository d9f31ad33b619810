"""Resize by constant factors as exporters write upsampling, in every form of the operator: roi and sizes are left out."""

from graphfix.probe.form import AGAIN, TextProbe

SPELLINGS = {
    "nearest": 'mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"',
    "linear": 'mode = "linear", coordinate_transformation_mode = "half_pixel"',
    "linear of pytorch": 'mode = "linear", coordinate_transformation_mode = "pytorch_half_pixel", nearest_mode = "floor"',
    "linear asymmetric": 'mode = "linear", coordinate_transformation_mode = "asymmetric"',
    "linear between corners": 'mode = "linear", coordinate_transformation_mode = "align_corners"',
}
SHAPES = {"1,4,6,6": "1,4,12,12", "n,4,h,w": "n,4,p,q", "1,4,6": "1,4,12", "n,4,t": "n,4,p"}


def _upsampling(spelling: str, shape: str, opset: int, factor: int) -> TextProbe:
    rank = shape.count(",") - 1
    factors = ", ".join(["1", "1", *[str(factor)] * rank])
    result = SHAPES[shape] if factor == 2 else ",".join([*SHAPES[shape].split(",")[:2], *["p", "q"][:rank]])
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{shape}] X) => (float[{result}] Y)'
        f" <float[{rank + 2}] scales = {{{factors}}}> {{ [probe] r = Resize<{SPELLINGS[spelling]}>(X,, scales) Y = Relu(r) }}"
    )
    label = f"upsampling {spelling}, [{shape}] by {factor}, opset={opset}"
    return TextProbe("Resize", label, text, ("mode", "coordinate_transformation_mode", AGAIN))


FORMS = [
    _upsampling(spelling, shape, opset, factor)
    for spelling in SPELLINGS
    for shape in SHAPES
    for opset in (13, 17, 18, 19)
    for factor in ((2, 4) if opset < 18 and spelling == "nearest" else (2,))
]
