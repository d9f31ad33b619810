"""Reshapes of what a convolution or pool over dynamic dims made, to targets that state its dims by the same arithmetic."""

from graphfix.probe.form import AGAIN, TextProbe

NUMBERS = {"i0": 0, "i2": 2, "i3": 3, "one": 1, "two": 2, "c3": 3, "c4": 4, "c6": 6, "c12": 12, "m": -1}
HEAD = " ".join(f"{name} = Constant<value = int64[1] {{{number}}}>()" for name, number in NUMBERS.items())
SIZES = "s = Shape(X) n = Gather(s, i0) h = Gather(s, i2) w = Gather(s, i3)"
SCALARS = ("s = Shape(X) n = Gather(s, i0) h1 = Gather(s, i2) h2 = Squeeze(h1, i0) h = Reshape(h2, m) "
           "w1 = Gather(s, i3) w2 = Squeeze(w1, i0) w = Reshape(w2, m)")  # fmt: skip
WINDOWS = {
    "half": ("kernel_shape = [2, 2], strides = [2, 2]", "2,2", "p = Div(h, two) q = Div(w, two)"),
    "rounded up": ("kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]", "3,3",
                   "a = Sub(h, one) b = Div(a, two) p = Add(b, one) d = Sub(w, one) e = Div(d, two) q = Add(e, one)"),
    "cut": ("kernel_shape = [3, 3]", "3,3", "p = Sub(h, two) q = Sub(w, two)"),
    "a quarter": ("kernel_shape = [4, 4], strides = [4, 4]", "4,4", "p = Div(h, c4) q = Div(w, c4)"),
}  # fmt: skip
"""The attributes of a window, its kernel, and the nodes that compute the same dims from the input's."""
LAST = "u = Transpose<perm = [0, 2, 3, 1]>(c)"
TARGETS = {
    "split channels": ("t = Concat<axis = 0>(n, c3, c4, p, q) Y = Reshape(c, t)", "n,3,4,a,b"),
    "flat pixels": ("r = Mul(p, q) t = Concat<axis = 0>(n, c12, r) Y = Reshape(c, t)", "n,12,a"),
    "pixels last": (f"{LAST} r = Mul(p, q) t = Concat<axis = 0>(n, r, c12) Y = Reshape(u, t)", "n,a,12"),
    "parts of pixels": (
        f"{LAST} r = Mul(p, q) v = Mul(r, two) t = Concat<axis = 0>(n, v, c6) Y = Reshape(u, t)", "n,a,6",
    ),
    "rows": (f"{LAST} r = Mul(p, q) v = Mul(r, n) t = Concat<axis = 0>(v, c12) Y = Reshape(u, t)", "a,12"),
    "one row": ("r = Mul(p, q) v = Mul(r, c12) t = Concat<axis = 0>(n, v) Y = Reshape(c, t)", "n,a"),
    "inferred": ("r = Mul(p, q) t = Concat<axis = 0>(m, r) Y = Reshape(c, t)", "a,b"),
}  # fmt: skip


def windowed(window: str, target: str, op: str = "Conv", *, scalars: bool = False, opset: int = 17) -> TextProbe:
    """A window over dynamic dims, and a Reshape of its result to a computed target."""
    attributes, kernel, arithmetic = WINDOWS[window]
    body, out = TARGETS[target]
    count = 36 * int(kernel[0]) * int(kernel[2])
    weights = ", ".join(str((i * 7 % 5 - 2) / 8) for i in range(count))
    weight = f"<float[12,3,{kernel}] k = {{{weights}}}>" if op == "Conv" else ""
    made = f"c = Conv<{attributes}>(X, k)" if op == "Conv" else f"c = {op}<{attributes}>(X)"
    body = body.replace("Y = Reshape", "[probe] Y = Reshape")
    channels = 3 if op == "Conv" else 12
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[n,{channels},h,w] X) => (float[{out}] Y) {weight}'
        f" {{ {HEAD} {SCALARS if scalars else SIZES} {arithmetic} {made} {body} }}"
    )
    words = f"{op} {window}, {target}{', by scalars' if scalars else ''}, opset={opset}"
    return TextProbe("Reshape", f"computed target behind {words}", text, ("windowed", AGAIN))


FORMS = [
    *(windowed(window, target) for window in WINDOWS for target in TARGETS),
    *(windowed(window, target, scalars=True, opset=18) for window in ("half", "rounded up") for target in TARGETS),
    *(windowed("half", target, op) for target in TARGETS for op in ("MaxPool", "AveragePool")),
]
