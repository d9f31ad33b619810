"""A Reshape to a sum of sizes: the positions of two feature maps side by side, as heads of detectors are exported."""

from graphfix.probe.form import AGAIN, TextProbe

HELD = (
    "int64 first = {0}, int64 third = {2}, int64 fourth = {3}, int64[1] axis = {0}, int64 two = {2}, int64 one = {1}, "
    "int64 less = {-1}, int64[1] k8 = {8}, int64[1] k4 = {4}, int64[1] k2 = {2}, int64[3] flat = {0, 8, -1}, int64[1] rest = {-1}"
)
FLATTENED = (
    "P = MaxPool<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]>(X) a = Reshape(X, flat) b = Reshape(P, flat) "
)
COUNTED = {
    "the maps' own sizes": "sa = Shape(a) sb = Shape(b) na = Gather(sa, third) nb = Gather(sb, third) n = Add(na, nb) ",
    "the sizes of the input": (
        "sx = Shape(X) h = Gather(sx, third) w = Gather(sx, fourth) na = Mul(h, w) h1 = Add(h, less) h2 = Div(h1, two) "
        "h3 = Add(h2, one) w1 = Add(w, less) w2 = Div(w1, two) w3 = Add(w2, one) nb = Mul(h3, w3) n = Add(na, nb) "
    ),
}
BATCH = "s0 = Shape(X) g = Gather(s0, first) bat = Unsqueeze(g, axis) "
TARGETS = {
    "three dims": "t = Concat<axis = 0>(bat, k8, sum)",
    "four dims": "t = Concat<axis = 0>(bat, k4, k2, sum)",
    "four dims, the batch inferred": "t = Concat<axis = 0>(rest, k2, k4, sum)",
    "two dims": "t = Concat<axis = 0>(rest, sum)",
}
SHAPES = ("n,8,h,w", "1,8,h,w", "n,8,s,s")


def _summed(counted: str, target: str, shape: str, before: str, opset: int) -> TextProbe:
    """A Reshape of two maps side by side, or of what an operator makes of them."""
    made = "c = Concat<axis = 2>(a, b) " + ("d = Sigmoid(c) " if before == "Sigmoid" else "")
    data = "d" if before == "Sigmoid" else "c"
    op = "Reshape<allowzero = 1>" if opset > 13 else "Reshape"
    text = (
        f'<ir_version: {8 if opset < 19 else 10}, opset_import: ["": {opset}]> g (float[{shape}] X) => (float[] Y) <{HELD}>'
        f" {{ {FLATTENED}{COUNTED[counted]}{BATCH}sum = Unsqueeze(n, axis) {made}{TARGETS[target]}"
        f" [probe] r = {op}({data}, t) Y = Relu(r) }}"
    )
    return TextProbe("Reshape", f"{target} by {counted}, of [{shape}] behind {before}, opset={opset}", text, ("target", AGAIN))


FORMS = [
    _summed(counted, target, shape, before, opset)
    for counted in COUNTED
    for target in TARGETS
    for shape in SHAPES
    for before in ("Concat", "Sigmoid")
    for opset in (13, 18, 23, 24, 25)
]
