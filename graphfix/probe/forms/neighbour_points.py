"""GatherElements and ScatterElements along edges of a graph that a model makes of its points: the nearest of each."""

from itertools import product

from graphfix.probe.form import AGAIN, TextProbe

POINTS = ("1,12", "2,12", "b,12", "1,n", "b,n")
HELD = (
    "int64[1] k = {2}, int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[1] six = {6}, int64[1] eight = {8},"
    " int64[3] thrice = {1, 1, 6}, int64[1] rest = {-1}, int64[2] wide = {1, 8}, int64[2] pairs = {1, 2}, int64[1] end = {9}"
)
TARGETS = {
    "open": "t = Identity(open)",
    "computed": "s = Shape(X) f = Slice(s, zero, one) t = Concat<axis = 0>(f, rest, one)",
    "counted": "s = Shape(X) f = Slice(s, zero, one) g = Slice(s, one, two) h = Mul(g, k) t = Concat<axis = 0>(f, h, one)",
}
SPREAD = {
    "once": "e = Identity(thrice)",
    "computed": "u = Shape(r) v = Slice(u, zero, two) e = Concat<axis = 0>(v, six)",
}
BEHIND = {
    "nothing": "Y = Identity(c)",
    "data": "j = Reshape(c, back) i = Unsqueeze(X, two) Y = Sub(j, i)",
    "computed": "w = Shape(X) x = Slice(w, zero, two) y = Concat<axis = 0>(x, k, six) Y = Reshape(c, y)",
}
SENDERS = {
    "input": ("float[n,6] X, int64[e] I", "S = Identity(I)"),
    "column": ("float[n,6] X, int64[2,e] J", "q = Slice(J, one, two, zero) S = Squeeze(q, zero)"),
    "nearest": ("float[n,6] X", "T = Transpose(X) D = MatMul(X, T) V, N = TopK(D, k) S = Reshape(N, rest)"),
    "repeated": ("float[n,6] X",
                 "s0 = Shape(X) c0 = Slice(s0, zero, one) p0 = Squeeze(c0, zero) R = Range(from, p0, step) U = Unsqueeze(R, one)"
                 " A = Expand(U, pairs) S = Reshape(A, rest)"),
    "fixed input": ("float[12,6] X, int64[20] I", "S = Identity(I)"),
    "fixed nearest": ("float[12,6] X", "T = Transpose(X) D = MatMul(X, T) V, N = TopK(D, k) S = Reshape(N, rest)"),
}  # fmt: skip


def _gathered(points: str, target: str, spread: str, behind: str, opset: int) -> TextProbe:
    batch, count = points.split(",")
    opened = f"{batch}, -1, 1" if batch.isdigit() else f"-1, {2 * int(count)}, 1" if count.isdigit() else "1, -1, 1"
    back = f"{batch}, -1, 2, 6" if batch.isdigit() else f"-1, {count}, 2, 6" if count.isdigit() else "1, -1, 2, 6"
    rank = 3 if behind == "nothing" else 4
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{points},6] X) => (float[{",".join("opqr"[:rank])}] Y)'
        f" <{HELD}, int64[3] open = {{{opened}}}, int64[4] back = {{{back}}}> {{ T = Transpose<perm = [0, 2, 1]>(X)"
        f" D = MatMul(X, T) V, N = TopK(D, k) {TARGETS[target]} r = Reshape(N, t) {SPREAD[spread]} E = Expand(r, e)"
        f" [probe] c = GatherElements<axis = 1>(X, E) {BEHIND[behind]} }}"
    )
    label = f"points [{points}] by {target} target, spread {spread}, before {behind}, opset={opset}"
    return TextProbe("GatherElements", label, text, ("indices.dims", "data.dims", AGAIN))


def _scattered(senders: str, zeros: str, reduction: str, opset: int) -> TextProbe:
    inputs, made = SENDERS[senders]
    sums = f'<axis = 0, reduction = "{reduction}">' if reduction else "<axis = 0>"
    first = (
        "z1 = Shape(X) z2 = Slice(z1, zero, one) z3 = Concat<axis = 0>(z2, eight) Z = ConstantOfShape(z3)"
        if zeros == "computed"
        else "Z0 = MatMul(X, W) Z = Mul(Z0, none)"
    )
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => (float[o,8] Y)'
        f" <{HELD}, int64 from = {{0}}, int64 step = {{1}}, float none = {{0}}> {{ {made} G = Gather(X, S) M = MatMul(G, W)"
        f" S1 = Unsqueeze(S, one) S2 = Expand(S1, wide) {first} [probe] Y = ScatterElements{sums}(Z, S2, M) }}"
    )
    label = f"messages to {senders}, zeros {zeros}, {reduction or 'none'} opset={opset}"
    weights = [("W", "float32", (6, 8), -0.5, 0.5)]
    return TextProbe("ScatterElements", label, text, ("updates.dims", "data.dims", AGAIN), weights=weights)


FORMS = [
    *(_gathered(points, target, spread, behind, opset) for points, target, spread, behind, opset in product(
        POINTS, TARGETS, SPREAD, BEHIND, (13, 18)) if points != "b,n" or target != "open"),
    *(_scattered(senders, zeros, reduction, opset) for senders, zeros, (reduction, opset) in product(
        SENDERS, ("computed", "of data"), (("add", 18), ("add", 16), ("", 13)))),
]  # fmt: skip
