"""MatMul of tables of positions, which exporters compute from sizes alone: every operand is known once the dims are."""

from graphfix.probe.form import AGAIN, TextProbe

COUNTED = {
    "a Range": "k = Squeeze(n, zero) r = Range(none, k, single) f = Cast<to = 1>(r)",
    "a Range of floats": "c = Cast<to = 1>(n) k = Squeeze(c, zero) f = Range(nought, k, whole)",
    "a CumSum of ones": "o = ConstantOfShape<value = int64[1] {1}>(n) r = CumSum(o, none) f = Cast<to = 1>(r)",
    "a CumSum of a mask": "o = ConstantOfShape<value = int64[1] {1}>(n) b = Cast<to = 9>(o) g = Cast<to = 1>(b)"
    " f = CumSum(g, none)",
    "a size": "g = Cast<to = 1>(n) f = Identity(g)",
    "a NonZero": "o = ConstantOfShape<value = int64[1] {1}>(n) i = NonZero(o) r = Squeeze(i, zero) f = Cast<to = 1>(r)",
}
SPREAD = {
    "a table": "u = Unsqueeze(f, one) t = Mul(u, row)",
    "a table of one image": "u = Unsqueeze(f, ends) t = Mul(u, row)",
    "sines and cosines": "u = Unsqueeze(f, one) v = Mul(u, half) a = Sin(v) b = Cos(v) t = Concat<axis = 1>(a, b)",
    "a table per batch": "u = Unsqueeze(f, ends) v = Mul(u, row) m = Gather(s, zero) z = Concat<axis = 0>(m, n, eight)"
    " t = Expand(v, z)",
}
NODES = {
    "weights behind": "[probe] Y = MatMul(t, W)",
    "weights before": "h = Transpose(t) [probe] Y = MatMul(V, h)",
    "itself": "h = Transpose(t) [probe] Y = MatMul(h, t)",
}
HELD = (
    "int64[1] zero = {0}, int64[1] one = {1}, int64[2] ends = {0, 2}, int64[1] eight = {8}, int64 none = {0}, int64 single = {1},"
    " float nought = {0}, float whole = {1}, float[8] row = {1, 2, 3, 4, 5, 6, 7, 8}, float[4] half = {1, 2, 3, 4}"
)
WEIGHTS = {"weights behind": ("W", "float32", (8, 4), -1.0, 1.0), "weights before": ("V", "float32", (4, 8), -1.0, 1.0)}


def _positions(counted: str, spread: str, node: str, *, opset: int = 17) -> TextProbe:
    """A MatMul of a table of positions along the second dim of the input."""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[b,l,4] X) => (float[] Y) <{HELD}>'
        f" {{ s = Shape(X) n = Gather(s, one) {COUNTED[counted]} {SPREAD[spread]} {NODES[node]} }}"
    )
    weights = (WEIGHTS[node],) if node in WEIGHTS else ()
    return TextProbe("MatMul", f"{spread} of {counted}, {node}, opset={opset}", text, ("foldable", AGAIN), weights=weights)


FORMS = [
    *(_positions(counted, spread, node) for counted in COUNTED for spread in SPREAD for node in NODES),
    *(_positions(counted, "a table", "weights behind", opset=opset) for counted in COUNTED for opset in (13, 18)),
]  # fmt: skip
