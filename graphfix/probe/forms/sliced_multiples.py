"""Squeeze of a slice, a part or the whole of data with a dynamic dim that is a multiple of the batch: windows of attention."""

from itertools import product

from graphfix.probe.form import AGAIN, TextProbe

HELD = (
    "int64[3] rows = {-1, 16, 8}, int64[5] parts = {-1, 16, 3, 2, 4}, int64[1] z = {0}, int64[1] o = {1}, int64[1] two = {2},"
    " int64[3] each = {1, 1, 1}, int64[4] flat = {-1, 1, 16, 8}, int64[1] last = {-1}"
)
DATA = {
    "windows": ("n,4,16,8", "a = Reshape(X, rows)"),
    "as many": ("n,16,8", "a = Identity(X)"),
    "fixed windows": ("2,4,16,8", "a = Reshape(X, rows)"),
    "two dims": ("n,2,2,16,8", "a = Reshape(X, rows)"),
}
MADE = {
    "MatMul": "b = MatMul(a, W)",
    "MatMul and Add": "b0 = MatMul(a, W) b = Add(b0, B)",
    "Concat": "b = Concat<axis = 2>(a, a, a)",
}
TAKEN = {
    "Slice": "c = Slice(t, z, o, z) [probe] Y = Squeeze(c, z)",
    "second Slice": "c = Slice(t, o, two, z) [probe] Y = Squeeze(c, z)",
    "Slice and Relu": "d = Slice(t, z, o, z) c = Relu(d) [probe] Y = Squeeze(c, z)",
    "Split": "c, d, e = Split<axis = 0>(t, each) [probe] Y = Squeeze(c, z)",
    "Slice behind": "c = Slice(t, z, o, z) [probe] y = Squeeze(c, z) Y = Relu(y)",
    "mean": "c = ReduceMean<axes = [0], keepdims = 1>(t) [probe] Y = Squeeze(c, z)",
}


def _taken(data: str, made: str, taken: str, opset: int) -> TextProbe:
    dims, how = DATA[data]
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[p,q,r,s] Y) <{HELD}> {{ {how} {MADE[made]}'
        f" v = Reshape(b, parts) t = Transpose<perm = [2, 0, 3, 1, 4]>(v) {TAKEN[taken]} }}"
    )
    weights = [("W", "float32", (8, 24), -0.5, 0.5), ("B", "float32", (24,), -0.5, 0.5)][: 1 + ("Add" in made)]
    weights = [] if made == "Concat" else weights
    return TextProbe("Squeeze", f"{taken} of {data} by {made}, opset={opset}", text, ("multiples", AGAIN), weights=weights)


def _plain(dims: str, body: str, opset: int) -> TextProbe:
    text = f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[p,q,r] Y) <{HELD}> {{ {body} }}'
    return TextProbe("Squeeze", f"[{dims}] by {body} opset={opset}", text, ("multiples", AGAIN))


FORMS = [
    *(_taken(*one, opset) for one in product(DATA, MADE, TAKEN) for opset in (13, 17)),
    *(_plain(dims, body, opset) for dims, body, opset in product(
        ("n,4,16,8", "n,16,8"),
        ("v = Reshape(X, flat) [probe] Y = Squeeze(v, o)",
         "v = Reshape(X, flat) c = Slice(v, z, o, last) [probe] Y = Squeeze(c, last)",
         "v = Reshape(X, flat) c = Relu(v) [probe] Y = Squeeze(c, o)"), (13, 17))),
]  # fmt: skip
