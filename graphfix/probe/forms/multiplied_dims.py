"""Einsum of data with dynamic dims that are multiples of others (see analysis/patterns/multiplied_dims.py)."""

from graphfix.probe.form import AGAIN, TextProbe

EQUATIONS = {
    "bhwc,hkc->bhwk": "R", "bhwc,wkc->bhwk": "R", "bhwc,ck->bhwk": "W", "bhwc,bhkc->bhwk": "D", "bhwc,bkwc->bhwk": "D",
    "bhwc,bhwk->bhck": "D", "bhwc,bhwc->bhw": "D",
}  # fmt: skip
"""Equations with the other operand: weights, or the data itself."""
ONE, FOUR = "one = Constant<value = int64[1] {1}>()", "four = Constant<value = int64[4] {3, -1, 4, 8}>()"
MADE = {
    "as it is": ("n,2,2,8", "v = Identity(X)"),
    "reshaped": ("n,16,8", "v = Reshape(X, views)"),
    "reshaped twice": ("n,16,8", "a = Reshape(X, rows) v = Reshape(a, views)"),
    "reshaped from rows": ("n,8", "v = Reshape(X, views)"),
    "reshaped to as many": ("n,4,8", "v = Reshape(X, views)"),
    "reshaped and scaled": ("n,16,8", "a = Reshape(X, views) v = Mul(a, half)"),
    "reshaped behind Relu": ("n,16,8", "a = Relu(X) v = Reshape(a, views)"),
    "reshaped behind Transpose": ("16,n,8", "a = Transpose<perm = [1, 0, 2]>(X) v = Reshape(a, views)"),
    "reshaped in front of Transpose": ("n,16,8", "a = Reshape(X, views) v = Transpose<perm = [0, 2, 1, 3]>(a)"),
    "repeated": ("n,2,2,8", "v = Tile(X, twice)"),
    "a part of three": ("n,12,2,8", "a = Reshape(X, three) v = Gather<axis = 0>(a, first)"),
    "a squeezed part of three": ("n,12,2,8", "a = Reshape(X, three) p, q, r = Split<axis = 0>(a) v = Squeeze(p, axis)"),
    "a squeezed part of three, scaled": (
        "n,12,2,8", "a = Reshape(X, three) p, q, r = Split<axis = 0>(a) b = Squeeze(p, axis) v = Mul(b, half)"),
    "a squeezed slice of three": (
        "n,12,2,8", f"{ONE} a = Reshape(X, three) p = Slice(a, axis, one, axis) v = Squeeze(p, axis)"),
    "a squeezed slice of three, reshaped": (
        "n,48,4", f"{ONE} {FOUR} a = Reshape(X, four) p = Slice(a, axis, one, axis) b = Squeeze(p, axis) v = Reshape(b, views)"),
    "a squeezed part of three, reshaped": (
        "n,48,4", f"{FOUR} a = Reshape(X, four) p, q, r = Split<axis = 0>(a) b = Squeeze(p, axis) v = Reshape(b, views)"),
}  # fmt: skip
BEHIND = ("Y = Identity(E)", "Y = Relu(E)", "Y = Transpose(E)")
HELD = (
    "int64[4] views = {-1, 2, 2, 8}, int64[3] rows = {-1, 4, 8}, int64[5] three = {3, -1, 2, 2, 8}, int64 first = {0},"
    " int64[1] axis = {0}, int64[4] twice = {2, 1, 1, 1}, float half = {0.5}"
)


def _product(equation: str, made: str, *, swapped: bool = False, behind: str = BEHIND[0], opset: int = 17) -> TextProbe:
    """An Einsum of data that is made so with the other operand of the equation."""
    other = EQUATIONS[equation]
    dims, how = MADE[made]
    if other == "D":
        how += " D = Neg(v)"
    given = f"{other}, v" if swapped else f"v, {other}"
    one, two, out = equation.replace("->", ",").split(",")
    words = f"{two},{one}->{out}" if swapped else equation
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[] Y) <{HELD}>'
        f' {{ {how} [probe] E = Einsum<equation = "{words}">({given}) {behind} }}'
    )
    weights = [("R", "float32", (2, 2, 8), -1.0, 1.0)] if other == "R" else [("W", "float32", (8, 8), -1.0, 1.0)]
    label = f"{words} of data {made}, {behind[4:].partition('(')[0]} behind, opset={opset}"
    return TextProbe("Einsum", label, text, ("multiples", AGAIN), weights=[] if other == "D" else weights)


FORMS = [
    *(_product(equation, made) for equation in EQUATIONS for made in MADE),
    *(_product(equation, made, swapped=True) for equation in EQUATIONS for made in ("as it is", "reshaped", "a part of three")),
    *(_product(equation, made, behind=behind, opset=opset) for equation in ("bhwc,hkc->bhwk", "bhwc,bhkc->bhwk")
      for made in ("as it is", "reshaped", "a squeezed slice of three", "a squeezed part of three, scaled")
      for behind in BEHIND[1:] for opset in (13, 17)),
]  # fmt: skip
