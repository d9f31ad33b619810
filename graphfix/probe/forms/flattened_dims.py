"""Flatten of data with one dynamic dim in any place, and with several of which the others are fixed."""

from graphfix.probe.form import AGAIN, TextProbe

SHAPES = (
    "1,n,16", "2,n,16", "n,3,16", "1,3,n", "2,3,n", "n,1,1", "1,n", "3,n", "n,4", "1,n,3,4", "2,n,3,4", "1,2,n,4", "2,3,4,n",
    "n,2,3,4", "1,1,n,4", "1,1,n,3,4", "2,1,3,n,4", "n,m,16", "1,n,m", "n,3,m", "1,n,m,4", "2,3,n,m", "n,3,4,m", "n,n,16",
)  # fmt: skip
"""The dims of the data: a dynamic dim is a letter."""
AXES = (0, 1, 2, -1)
BEHIND = {"": "", "behind Relu": "R = Relu(X) ", "behind Transpose": "R = Transpose(X) "}


def _flat(shape: str, axis: int, opset: int = 17, behind: str = "") -> TextProbe:
    made = BEHIND[behind]
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{shape}] X) => (float[a,b] Y)'
        f" {{ {made}[probe] Y = Flatten<axis = {axis}>({'R' if made else 'X'}) }}"
    )
    words = ", ".join([f"[{shape}]", f"axis={axis}", *([behind] if behind else []), f"opset={opset}"])
    return TextProbe("Flatten", f"dynamic dims in {words}", text, ("symbols", AGAIN))


FORMS = [
    *(_flat(shape, axis) for shape in SHAPES for axis in AXES if axis < len(shape.split(","))),
    *(_flat(shape, 1, opset) for shape in SHAPES for opset in (11, 13, 21)),
    *(_flat(shape, 1, behind=behind) for shape in SHAPES for behind in BEHIND if behind),
]
