"""LayerNormalization of dims whose sizes plain shape inference may not find (see analysis/patterns/normalized_sizes.py)."""

import re

from graphfix.probe.form import AGAIN, SIMPLIFIED, TextProbe

CONSTANTS = (
    "int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[1] four = {4}, int64[1] eight = {8}, int64[1] "
    "rest = {-1}, int64[2] pick = {0, 2}, int64 first = {0}, int64[8] pads = {0, 0, 1, 0, 0, 0, 1, 0}, int64[4] same = "
    "{0, 0, 4, 8}, int64[2] rows = {-1, 8}, int64[4] last = {0, 0, 0, -1}, int64[4] column = {1, 8, 1, 1}, float[1] k = "
    "{2}, float half = {0.5}, float[4,1] k4 = {1, 2, 3, 4}, float[8] k8 = {1, 2, 3, 4, 5, 6, 7, 8}, float[8] s = {8, 7, "
    "6, 5, 4, 3, 2, 1}"
)
SIZES = "g = Shape(X) n = Gather<axis = 0>(g, zero) m = Gather<axis = 0>(g, one) t = Concat<axis = 0>(n, m, four, eight)"
LENGTHS = "[b,l,32]"
COMPUTED = "r = Reshape(X, t)"
TOLD = "r = Identity(Y)"
BEHIND = {
    "nothing": "v = Identity(r)",
    "Transpose": "v = Transpose<perm = [0, 2, 1, 3]>(r)",
    "two Transposes": "a = Transpose<perm = [0, 1, 3, 2]>(r) b = Relu(a) v = Transpose<perm = [0, 1, 3, 2]>(b)",
    "a sum with a row": "v = Add(r, k8)",
    "a product with a row before it": "v = Mul(k8, r)",
    "a sum with a number": "v = Add(r, k)",
    "a sum with a column": "v = Add(r, k4)",
    "a product with a scalar": "v = Mul(r, half)",
    "a sum with data": "v = Add(r, Y)",
    "a sum with narrow data": "v = Add(Z, r)",
    "a sum with itself": "v = Add(r, r)",
    "a column added to the transposed": "a = Transpose<perm = [0, 3, 1, 2]>(r) c = Reshape(k8, column) b = Add(a, c)"
    " v = Transpose<perm = [0, 2, 3, 1]>(b)",
    "a row, transposed": "a = Add(r, k8) v = Transpose<perm = [0, 2, 1, 3]>(a)",
    "a choice of a row": "c = Greater(r, k) v = Where(c, r, k8)",
    "a choice of a number": "c = Greater(r, k) v = Where(c, r, k)",
    "MatMul": "v = MatMul(r, W)",
    "MatMul and a sum": "a = MatMul(r, W) v = Add(a, r)",
    "Slice": "v = Slice(r, one, two, two)",
    "Gather": "v = Gather<axis = 2>(r, pick)",
    "Gather of one": "v = Gather<axis = 2>(r, first)",
    "Unsqueeze": "a = Unsqueeze(r, one) v = Relu(a)",
    "Split": "v, w = Split<axis = 2>(r)",
    "Relu": "v = Relu(r)",
    "Erf": "v = Erf(r)",
    "Softmax": "v = Softmax<axis = -1>(r)",
    "Pad": "v = Pad(r, pads)",
    "Cast": "a = Cast<to = 10>(r) v = Cast<to = 1>(a)",
    "ReduceMean": "v = ReduceMean<axes = [2], keepdims = 0>(r)",
    "LayerNormalization": "a = LayerNormalization<axis = -1>(r, s) v = Relu(a)",
    "a Reshape to the same": "v = Reshape(r, same)",
    "a Reshape to rows": "v = Reshape(r, rows)",
    "a Reshape to what is left": "v = Reshape(r, last)",
    "Expand": "v = Expand(r, t)",
}
JOINED = {
    "with data": "j = Concat<axis = 2>(r, Y)",
    "after data": "j = Concat<axis = 2>(Y, r)",
    "with itself": "j = Concat<axis = 2>(r, r)",
    "with a stretched row": "a = Expand(K, t) j = Concat<axis = 2>(a, r)",
    "of data": "j = Concat<axis = 2>(Y, Y)",
    "of products": "a = MatMul(r, W) j = Concat<axis = 2>(a, Y)",
    "of a row added": "a = Add(r, k8) j = Concat<axis = 2>(a, Y)",
    "along rows": "j = Concat<axis = 1>(r, Y)",
}
JOINED_BEHIND = {
    name: BEHIND[name].replace("(r", "(j").replace(", r)", ", j)")
    for name in ("nothing", "Transpose", "two Transposes", "a product with a scalar", "a sum with a row", "Slice", "Gather",
                 "Gather of one", "Relu", "Erf", "Softmax", "Cast", "ReduceMean", "MatMul", "a sum with itself", "Unsqueeze",
                 "Pad", "a choice of a number")
}  # fmt: skip
TARGETS = {
    "one dynamic size": ("h = Concat<axis = 0>(n, four, eight)", "[b,32]"),
    "two dynamic sizes": ("h = Concat<axis = 0>(n, m, four, eight)", "[b,l,32]"),
    "a dynamic size and the rest": ("h = Concat<axis = 0>(n, rest, eight)", "[b,l,32]"),
    "the rest first": ("h = Concat<axis = 0>(rest, four, eight)", "[b,l,32]"),
    "a dynamic size and the rest last": ("h = Concat<axis = 0>(n, four, rest)", "[b,4,8]"),
    "the sizes of other data": ("h = Shape(Y)", "[b,l,32]"),
    "a copied size": ("h = Concat<axis = 0>(n, zero, four, eight)", "[b,l,32]"),
}
"""Targets of a Reshape and the dims of its data."""
SCALES = {
    "a row": ("v, s", -1),
    "a row and a shift": ("v, s, k8", -1),
    "a number": ("v, k", -1),
    "a row of rank 2": ("v, s1", -1),
    "a table": ("v, s2", -2),
}
"""The operands of a LayerNormalization and its axis."""
WEIGHTS = (
    ("W", "float32", (8, 8), -1.0, 1.0),
    ("K", "float32", (1, 1, 1, 8), -1.0, 1.0),
    ("s1", "float32", (1, 8), -1.0, 1.0),
    ("s2", "float32", (4, 8), -1.0, 1.0),
)


def _probe(made: str, label: str, *, scale: str = "a row", dims: str = "") -> TextProbe:
    """A LayerNormalization of `v`, which `made` makes, with its scale or its scale and shift; `dims` are those of data whose
    target the simplifier may write."""
    given, axis = SCALES[scale]
    text = (
        f'<ir_version: 8, opset_import: ["": 17]> g (float{dims or LENGTHS} X, float[b,l,4,8] Y, float[b,l,4,1] Z)'
        " => (float[] O)"
        f" <{CONSTANTS}> {{ {SIZES} {made} [probe] O = LayerNormalization<axis = {axis}>({given}) }}"
    )
    weights = tuple(weight for weight in WEIGHTS if weight[0] in re.findall(r"\w+", f"{made} {given}"))
    varied = ("normalized", SIMPLIFIED, AGAIN) if dims else ("normalized", AGAIN)
    return TextProbe("LayerNormalization", f"{label}, {scale}", text, varied, weights=weights)


FORMS = [
    *(_probe(f"{COMPUTED} {made}", f"{name} behind a computed Reshape") for name, made in BEHIND.items()
      if name != "LayerNormalization"),
    *(_probe(f"{TOLD} {made}", f"{name} behind data of known sizes") for name, made in BEHIND.items()),
    *(_probe(f"{COMPUTED} {join} {JOINED_BEHIND[name]}", f"{name} behind a Concat {how}") for how, join in JOINED.items()
      for name in JOINED_BEHIND),
    *(_probe(f"{made} v = Reshape(X, h)", f"a Reshape to {name}", scale=scale, dims=dims)
      for name, (made, dims) in TARGETS.items() for scale in ("a row", "a number", "a table")),
    *(_probe(f"{COMPUTED} {BEHIND[name]}", f"{name} behind a computed Reshape", scale=scale)
      for name in ("nothing", "Transpose", "a sum with a row", "a sum with a column", "MatMul", "Slice", "Relu",
      "a sum with data") for scale in ("a row and a shift", "a number", "a row of rank 2")),
]  # fmt: skip
