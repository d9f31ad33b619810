"""SpaceToDepth of data whose dynamic dims an operator before it makes multiples of the block: a pad, or a larger image."""

from itertools import product

from graphfix.probe.form import AGAIN, TextProbe

HELD = (
    "int64[1] two = {2}, int64[1] four = {4}, int64[6] before = {0, 0, 0, 0, 0, 0}, float[4] twice = {1, 1, 2, 2},"
    " int64[8] one = {0, 0, 0, 0, 0, 0, 1, 1}, int64[8] each = {0, 0, 1, 1, 0, 0, 1, 1}, int64[4] all = {0, 1, 2, 3}"
)
COUNTED = "s = Shape(X) d = Slice(s, two, four) m = Mod(d, two) l = Sub(two, m) t = Mod(l, two)"
MADE = {
    "padded to multiples": f"{COUNTED} p = Concat<axis = 0>(before, t) a = Pad(X, p)",
    "padded by one": "a = Pad(X, one)",
    "padded on each side": "a = Pad(X, each)",
    "resized": 'a = Resize<mode = "nearest">(X, , twice)',
    "convolved transposed": "a = ConvTranspose<strides = [2, 2], kernel_shape = [2, 2]>(X, W)",
    "doubled by Concat": "b = Concat<axis = 2>(X, X) a = Concat<axis = 3>(b, b)",
    "as it is": "a = Relu(X)",
}
DIMS = ("1,4,h,w", "n,4,h,w", "1,4,8,w", "n,4,8,8", "2,4,h,w")


def _blocked(made: str, dims: str, opset: int, mode: str = "") -> TextProbe:
    how = f"<blocksize = 2{mode}>"
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[o0,o1,o2,o3] Y) <{HELD}>'
        f" {{ {MADE[made]} [probe] Y = SpaceToDepth{how}(a) }}"
    )
    weights = [("W", "float32", (4, 4, 2, 2), -0.5, 0.5)] if "(X, W)" in MADE[made] else []
    return TextProbe("SpaceToDepth", f"[{dims}] {made} opset={opset}", text, ("clashes", "input.dims", AGAIN), weights=weights)


FORMS = [_blocked(made, dims, opset) for made, dims, opset in product(MADE, DIMS, (13, 17))]
