"""OneHot whose two values are computed from fixed dims in the ways that exporters write."""

from graphfix.probe.form import TextProbe

SIZES = {
    "a zero and a size": "s = Shape(X) g = Gather(s, z) v = Concat<axis = 0>(z, g)",
    "a zero and a reshaped size": "s = Shape(X) n = Gather(s, k) g = Reshape(n, m) v = Concat<axis = 0>(z, g)",
    "two sizes": "v = Shape(X)",
    "a slice of sizes": "s = Shape(Z) v = Slice(s, z, p)",
    "a product": "s = Shape(X) v = Mul(s, b)",
}
CONSTANTS = (
    "z = Constant<value = int64[1] {0}>() p = Constant<value = int64[1] {2}>() m = Constant<value = int64[1] {-1}>() "
    "k = Constant<value = int64 {0}>() b = Constant<value = int64[2] {0, 1}>()"
)
DEPTHS = {
    "constant": "d = Constant<value = int64 {5}>()",
    "a size": "e = Shape(Z) f = Constant<value = int64 {1}>() d = Gather(e, f)",
}


def _computed(made: str, depth: str, dtype: str, axis: str, opset: int) -> TextProbe:
    """A OneHot with values that are made so, as whole numbers or cast to floats."""
    values = "w = Identity(v)" if dtype == "int64" else "w = Cast<to = 1>(v)"
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[2,3] X, float[1,5,4] Z, int64[2,3] I) => (float[] Y) '
        f"{{ {CONSTANTS} {DEPTHS[depth]} {SIZES[made]} {values} [probe] r = OneHot<axis = {axis}>(I, d, w) Y = Cast<to = 1>(r) }}"
    )
    return TextProbe("OneHot", f"{made} as {dtype} to {depth} on {axis} opset={opset}", text, ("values.from", "again"))


FORMS = [
    _computed(made, depth, dtype, axis, opset)
    for made in SIZES
    for depth in DEPTHS
    for dtype in ("int64", "float")
    for axis in ("-1", "0")
    for opset in ((10, 17) if axis == "-1" else (17,))
]
