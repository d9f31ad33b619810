"""A Reshape of positions that a TopK, ArgMax or Range gives to computed sizes, as detectors gather the boxes that they keep."""

from graphfix.probe.form import AGAIN, TextProbe

HELD = (
    "int64[1] k = {3}, int64 first = {0}, int64 one = {1}, int64[1] axis = {0}, "
    "int64[1] rest = {-1}, int64[1] unit = {1}, int64 width = {6}"
)
POSITIONS = {
    "TopK": "v, i = TopK(X, k) ",
    "Mod of TopK": "v, j = TopK(X, k) i = Mod(j, width) ",
    "Div of TopK": "v, j = TopK(X, k) i = Div(j, width) ",
    "int32 of TopK": "v, j = TopK(X, k) i = Cast<to = 6>(j) ",
    "ArgMax": "i = ArgMax<axis = 1>(X) ",
    "Range": "d = Shape(X) l = Gather(d, first) i = Range(first, l, one) ",
}
TARGETS = {
    "batch and rest": "t = Concat<axis = 0>(bat, rest)",
    "batch, rest and 1": "t = Concat<axis = 0>(bat, rest, unit)",
    "rest and batch": "t = Concat<axis = 0>(rest, bat)",
    "its own sizes": "t = Shape(i)",
    "the rest": "t = Identity(rest)",
    "the rest and ones": "t = Concat<axis = 0>(rest, unit, unit)",
}


def _reshaped(made: str, target: str, shape: str, opset: int) -> TextProbe:
    kind = "int32" if made.startswith("int32") else "int64"
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{shape}] X) => (float[] Y) <{HELD}> {{ {POSITIONS[made]}'
        f"s = Shape(X) bat = Gather(s, axis) {TARGETS[target]} [probe] r = Reshape(i, t)"
        " Y = Cast<to = 1>(r) }"
    )
    return TextProbe("Reshape", f"{made} as {kind} to {target}, of [{shape}], opset={opset}", text, ("T", "shape.from", AGAIN))


FORMS = [
    _reshaped(made, target, shape, opset)
    for made in POSITIONS
    for target in TARGETS
    for shape in ("n,12", "n,4,12", "2,12", "n,m,12")
    for opset in (11, 13, 17, 19)
    if not (made == "Mod of TopK" and opset == 19)
    and (opset in (13, 17) or TARGETS[target].startswith("t = Concat<axis = 0>(bat") or made == "Range")
]
