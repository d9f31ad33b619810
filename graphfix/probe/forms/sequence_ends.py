"""Slices that keep the end or the start of a sequence, by bounds computed from a dynamic dim, with a step of one or none."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = (
    "zero = Constant<value = int64[1] {0}>() one = Constant<value = int64[1] {1}>() two = Constant<value = int64[1] {2}>() "
    "last = Constant<value = int64[1] {9223372036854775807}>() s = Shape(X) n = Gather(s, one) u = Shape(W) k = Gather(u, one)"
)
BOUNDS = {
    "all by its negative length": "a = Neg(n) b = Identity(last)",
    "all up to its length": "a = Neg(n) b = Identity(n)",
    "the last": "a = Sub(n, one) b = Identity(last)",
    "the last up to its length": "a = Sub(n, one) b = Identity(n)",
    "the second half": "a = Div(n, two) b = Identity(last)",
    "as many as another has": "a = Neg(k) b = Identity(last)",
    "what comes after another": "a = Identity(k) b = Identity(last)",
    "all but the last": "a = Identity(zero) b = Sub(n, one)",
    "the first half": "a = Identity(zero) b = Div(n, two)",
    "as many as another has, from the start": "a = Identity(zero) b = Identity(k)",
}
PLAIN = {
    "b = Identity(last)": "last",
    "b = Identity(n)": "n",
    "a = Identity(k)": "k",
    "b = Identity(k)": "k",
    "a = Identity(zero)": "zero",
}


def end(bounds: str, step: bool, kind: str = "float", dims: str = "b,n", opset: int = 17) -> TextProbe:
    """A slice along the second axis, whose bounds are computed from its dim or from that of another input."""
    arithmetic, names = BOUNDS[bounds], {"a": "a", "b": "b"}
    for node, name in PLAIN.items():
        if node in arithmetic:
            arithmetic, names[node[0]] = arithmetic.replace(node, "").strip(), name
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({kind}[{dims}] X, float[b,k] W) => ({kind}[p,q] Y, float[b,k] V)'
        f" {{ {HEAD} {arithmetic} [probe] Y = Slice(X, {names['a']}, {names['b']}, one{', one' if step else ''}) V = Relu(W) }}"
    )
    words = f"{bounds}, {'step' if step else 'no step'}, {kind}[{dims}] opset={opset}"
    return TextProbe("Slice", f"end of a sequence: {words}", text, (AGAIN,))


FORMS = [
    *(end(bounds, step, kind) for bounds in BOUNDS for step in (True, False) for kind in ("float", "int64")),
    *(end(bounds, True, dims="b,8") for bounds in BOUNDS if "another" in bounds),
    *(end(bounds, True, opset=opset) for bounds in BOUNDS for opset in (13, 20)),
]
