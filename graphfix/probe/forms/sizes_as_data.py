"""Operators that compute with numbers, over sizes of dims, and over numbers that are counted up to a size."""

from graphfix.probe.form import TextProbe

ONES = "z = Constant<value = int64 {0}>() o = Constant<value = int64 {1}>() m = Constant<value = int64[1] {1}>() "
SIZE = "s = Shape(X) n = Gather(s, o) "
MADE = {
    "a size": "d = Unsqueeze(n, zz)",
    "all sizes": "d = Identity(s)",
    "a cast size": "f = Cast<to = 6>(s) d = Cast<to = 7>(f)",
    "a difference of sizes": "d = Sub(s, m)",
    "a product of sizes": "e = Mul(s, n) d = Add(e, m)",
    "a list": "d = Range(z, n, o)",
    "a list less a number": "e = Range(z, n, o) d = Sub(e, m)",
    "a list to a cast size": "f = Cast<to = 6>(n) g = Cast<to = 7>(f) d = Range(z, g, o)",
    "pairs of a list": "e = Range(z, n, o) f = Unsqueeze(e, zz) g = Unsqueeze(e, m) d = Sub(f, g)",
    "pairs of sizes": "f = Unsqueeze(s, zz) g = Unsqueeze(s, m) d = Sub(f, g)",
    "a filled tensor": "d = ConstantOfShape<value = int64[1] {1}>(s)",
    "an expanded constant": "d = Expand(m, s)",
    "rounded data": "d = Cast<to = 7>(X)",
    "rounded data less a number": "e = Cast<to = 7>(X) d = Sub(e, m)",
    "rounded and moved data": "e = Cast<to = 7>(X) d = Transpose(e)",
    "narrow data": "e = Cast<to = 6>(X) d = Transpose(e)",
    "a cast comparison of sizes": "e = Equal(s, m) d = Cast<to = 7>(e)",
    "a cast comparison of a list": "e = Range(z, n, o) f = Equal(e, o) d = Cast<to = 7>(f)",
    "a cast comparison of a list for each row": "e = Range(z, n, o) h = Expand(e, s) f = Equal(h, o) d = Cast<to = 7>(f)",
    "places of data": "d = ArgMax<axis = 1, keepdims = 0>(X)",
}
OPERATORS = {
    "Sign": "r = Sign(d)",
    "NonZero": "r = NonZero(d)",
    "CumSum": "r = CumSum(d, z)",
    "TopK": "v, r = TopK<axis = 0>(d, m)",
    "ArgMax": "r = ArgMax<axis = 0>(d)",
    "ArgMin": "r = ArgMin<axis = 0>(d)",
}


def _over(op: str, made: str, shape: str, opset: int) -> TextProbe:
    """One operator over numbers that are made of the shape of an input."""
    node = f"[probe] {OPERATORS[op]}"
    zero = "zz = Constant<value = int64[1] {0}>() "
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{shape}] X) => (float[] Y) '
        f"{{ {ONES}{zero}{SIZE}{MADE[made]} {node} Y = Cast<to = 1>(r) }}"
    )
    return TextProbe(op, f"{made} of [{shape}] opset={opset}", text, ("elements", "foldable"))


FORMS = [
    _over(op, made, shape, opset)
    for op in OPERATORS
    for made in MADE
    for shape in ("2,4", "n,4", "n,t", "2,t")
    for opset in (13, 17)
    if opset == 17 or op != "ArgMin"
]
