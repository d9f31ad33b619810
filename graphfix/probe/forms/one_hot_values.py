"""OneHot whose two values are computed from fixed dims in the ways that exporters write."""

from graphfix.probe.form import AGAIN, TextProbe

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


STRETCHED = {
    "a target of sizes": "c = Shape(Z) h = Expand(X, c)",
    "a target with a chosen size": "c = Shape(Z) n = Slice(c, k, b) c2 = Concat<axis = 0>(k, n, k) h = Expand(X, c2)",
    "a sum of stretched data": "c = Shape(Z) x = Expand(X, c) h = Add(x, Z)",
}
"""Data of which plain shape inference does not find that its first dim is 1, as its target has a dynamic size."""
OF_FIRST = {
    "a zero and a size": "g = Gather(s, z) v = Concat<axis = 0>(z, g)",
    "a one and a reshaped size": "y = Gather(s, zero) g = Reshape(y, k) v = Concat<axis = 0>(k, g)",
    "multiples of a size": "g = Slice(s, z, k) v = Mul(g, m)",
}


def _stretched(data: str, made: str, first: str, indices: str, opset: int) -> TextProbe:
    """A OneHot with values made of the first size of data that is stretched to other data, of constant or other indices."""
    given = "i = Identity(I)" if indices == "runtime" else "i = Constant<value = int64[3] {0, 2, 1}>()"
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{first},1,1] X, float[{first},n,4] Z, int64[3] I)'
        " => (float[3,5] Y) <int64[1] z = {0}, int64[1] k = {1}, int64[1] b = {2}, int64[2] m = {0, 2}, int64 zero = {0},"
        " int64 d = {5}>"
        f" {{ {STRETCHED[data]} s = Shape(h) {OF_FIRST[made]} {given} [probe] r = OneHot(i, d, v) Y = Cast<to = 1>(r) }}"
    )
    label = f"{made} of {data} [{first},n,4], {indices} indices opset={opset}"
    return TextProbe("OneHot", label, text, ("sized.by", "values.from", AGAIN))


FORMS = [
    *(
        _computed(made, depth, dtype, axis, opset)
        for made in SIZES
        for depth in DEPTHS
        for dtype in ("int64", "float")
        for axis in ("-1", "0")
        for opset in ((10, 17) if axis == "-1" else (17,))
    ),
    *(
        _stretched(data, made, first, indices, opset)
        for data in STRETCHED
        for made in OF_FIRST
        for first in ("1", "2")
        for indices in ("runtime", "constant")
        for opset in (13, 17)
    ),
]
