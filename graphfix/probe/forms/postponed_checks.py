"""Operands that contradict each other where dynamic dims are 1, behind or before a node whose result a runtime cannot plan.

Reshapes by targets that are computed from dims, with which exporters fix some dims to those of the example.
"""

from graphfix.probe.form import AGAIN, TextProbe

HELD = (
    "int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[1] four = {4}, int64[1] rest = {-1}, int64[1] eight ="
    " {8}, int64[2] halves = {-1, 2}, int64 none = {0}, int64 single = {1}, float[4,1] C = {1, 2, 3, 4},"
    " float[4,2] W = {1, 2, 3, 4, 5, 6, 7, 8}"
)
SIZES = "s = Shape(Z) h = Gather(s, zero) w = Gather(s, one) "
MAKERS = {
    "nothing": "P = Neg(Z)",
    "Softmax": "P = Softmax(Z)",
    "Reshape by two sizes": SIZES + "t = Concat<axis = 0>(h, one, w) P = Reshape(Z, t)",
    "Reshape by a size and the rest": SIZES + "t = Concat<axis = 0>(h, rest, one) P = Reshape(Z, t)",
    "Reshape by copies": "t = Constant<value = int64[3] {0, 0, 1}>() P = Reshape(Z, t)",
    "Reshape to the rest": "P = Reshape(Z, rest)",
    "Reshape by a Shape": "T = Transpose(Z) s = Shape(T) P = Reshape(Z, s)",
    "Unsqueeze": "P = Unsqueeze(Z, zero)",
    "NonZero": "i = NonZero(Z) P = Cast<to = 1>(i)",
    "Range": SIZES + "k = Squeeze(w, zero) r = Range(none, k, single) P = Cast<to = 1>(r)",
    "Expand": SIZES + "t = Concat<axis = 0>(two, h, w) P = Expand(Z, t)",
    "ConstantOfShape": "s = Shape(Z) P = ConstantOfShape(s)",
    "arithmetic": SIZES + "e = Mul(h, w) P = Cast<to = 1>(e)",
}
"""What makes the other output, from an input of two dynamic dims."""
TWICE = "Q = Reshape(X, halves) "
NODES = {
    "Reshape": "[probe] Y = Reshape(X, eight)",
    "Add": TWICE + "[probe] Y = Add(Q, C)",
    "Sub": TWICE + "[probe] Y = Sub(Q, C)",
    "Mul": TWICE + "[probe] Y = Mul(C, Q)",
    "Div": TWICE + "[probe] Y = Div(Q, C)",
    "Where": TWICE + "c = Cast<to = 9>(C) [probe] Y = Where(c, Q, Q)",
    "MatMul": TWICE + "T = Transpose(Q) [probe] Y = MatMul(T, W)",
    "Gemm": TWICE + "T = Transpose(Q) [probe] Y = Gemm(T, W)",
    "Concat": TWICE + "[probe] Y = Concat<axis = 1>(Q, C)",
    "TopK": TWICE + "T = Transpose(Q) [probe] Y, P1 = TopK(T, four)",
    "ScatterND": TWICE + "p = Constant<value = int64[4,1] {0, 1, 2, 3}>() [probe] Y = ScatterND(W, p, Q)",
}
"""Nodes whose operands fit where the first dim of X is 2."""
SOME = ("nothing", "Reshape by two sizes", "Unsqueeze", "NonZero", "Expand", "Reshape by a Shape")


def postponed(op: str, maker: str, *, before: bool, opset: int = 17) -> TextProbe:
    """A node whose operands clash, and one that makes a tensor of another size, before it or behind it."""
    parts = (MAKERS[maker], NODES[op]) if before else (NODES[op], MAKERS[maker])
    text = (f'<ir_version: 8, opset_import: ["": {opset}]> g (float[n,4] X, float[a,b] Z) => (float[] Y, float[] P) <{HELD}> '
            f"{{ {' '.join(parts)} }}")  # fmt: skip
    label = f"clash {'behind' if before else 'before'} {maker}, opset={opset}"
    return TextProbe(op, label, text, ("clashes", "postponed", AGAIN))


TARGETS = {
    "one size": ("n,m,4", "two, w, four"), "two sizes": ("n,m,4", "two, h, w, two"),
    "one size and the rest": ("n,m,4", "four, w, rest"), "two sizes of three": ("n,m,k", "h, four, w"),
    "the rest": ("n,m,4", "four, rest"), "one size of two": ("n,4", "h, two, two, one"),
    "no size": ("n,4", "eight"), "a size of the batch": ("n,m", "one, h, two"),
}  # fmt: skip
"""Targets that fix dims which are dynamic, with the dims of the data."""
KINDS = {"float": "Y = Neg(R)", "int64": "Y = Neg(R)", "bool": "Y = Not(R)", "float16": "Y = Neg(R)"}


def fixing(word: str, *, kind: str = "float", opset: int = 17, behind: bool = False) -> TextProbe:
    """A Reshape by a target that fixes dynamic dims; `behind` one by two sizes."""
    dims, target = TARGETS[word]
    sizes = f"s = Shape(X) h = Gather(s, zero) w = Gather(s, one) t = Concat<axis = 0>({target}) "
    first = "D = Identity(X) "
    if behind:
        swapped = "l = Gather(s, two) v = Concat<axis = 0>(w, h, l)" if dims.count(",") > 1 else "v = Concat<axis = 0>(w, h)"
        first = f"{swapped} E = Reshape(X, v) D = {'Not' if kind == 'bool' else 'Neg'}(E) "
    text = (f'<ir_version: 8, opset_import: ["": {opset}]> g ({kind}[{dims}] X) => ({kind}[] Y) <{HELD}> '
            f"{{ {sizes}{first}[probe] R = Reshape(D, t) {KINDS[kind]} }}")  # fmt: skip
    label = f"fixing by {word} of [{dims}]{' behind another' if behind else ''} {kind} opset={opset}"
    return TextProbe("Reshape", label, text, ("clashes", "postponed", "shape.from", AGAIN))


def behind(op: str, maker: str, *, opset: int = 17) -> TextProbe:
    """A node whose operands clash, one of them multiplied by the largest element of a tensor of another size."""
    text = (f'<ir_version: 8, opset_import: ["": {opset}]> g (float[n,4] X0, float[a,b] Z) => (float[] Y) <{HELD}> '
            f"{{ {MAKERS[maker]} m = ReduceMax<keepdims = 0>(P) X = Mul(X0, m) {NODES[op]} }}")  # fmt: skip
    return TextProbe(op, f"clash scaled by {maker}, opset={opset}", text, ("clashes", "postponed", AGAIN))


def scaled(word: str, *, kind: str = "float", opset: int = 17) -> TextProbe:
    """A Reshape by a target that fixes dynamic dims, of data multiplied by what NonZero finds in it."""
    dims, target = TARGETS[word]
    sizes = f"s = Shape(X) h = Gather(s, zero) w = Gather(s, one) t = Concat<axis = 0>({target}) "
    code = {"float": 1, "int64": 7}[kind]
    text = (f'<ir_version: 8, opset_import: ["": {opset}]> g ({kind}[{dims}] X) => ({kind}[] Y) <{HELD}> '
            f"{{ {sizes}i = NonZero(X) c = Cast<to = {code}>(i) m = ReduceMax<keepdims = 0>(c) D = Mul(X, m) "
            f"[probe] R = Reshape(D, t) {KINDS[kind]} }}")  # fmt: skip
    label = f"fixing by {word} of [{dims}] scaled by NonZero {kind} opset={opset}"
    return TextProbe("Reshape", label, text, ("clashes", "postponed", "shape.from", AGAIN))


def beside(word: str, maker: str, *, kind: str = "float", opset: int = 17) -> TextProbe:
    """A Reshape by a target that fixes dynamic dims, and before it what makes a tensor of another size of another input."""
    dims, target = TARGETS[word]
    sizes = f"q = Shape(X) f = Gather(q, zero) g = Gather(q, one) u = Concat<axis = 0>({target}) "
    for old, new in (("h,", "f,"), ("w,", "g,"), ("h)", "f)"), ("w)", "g)")):
        sizes = sizes.replace(old, new)
    text = (f'<ir_version: 8, opset_import: ["": {opset}]> g ({kind}[{dims}] X, float[a,b] Z) => ({kind}[] Y, float[] P) '
            f"<{HELD}> {{ {MAKERS[maker]} {sizes}[probe] R = Reshape(X, u) {KINDS[kind]} }}")  # fmt: skip
    label = f"fixing by {word} of [{dims}] beside {maker} {kind} opset={opset}"
    return TextProbe("Reshape", label, text, ("clashes", "postponed", "shape.from", AGAIN))


FORMS = [
    *(postponed("Reshape", maker, before=before) for maker in MAKERS for before in (True, False)),
    *(postponed("Reshape", maker, before=True, opset=opset) for maker in SOME for opset in (13, 18)),
    *(postponed(op, maker, before=before) for op in NODES for maker in SOME for before in (True, False)
      if op != "Reshape" and (before or maker != "nothing")),
    *(fixing(word, behind=behind) for word in TARGETS for behind in (False, True)),
    *(fixing(word, kind=kind, behind=behind) for word in TARGETS for kind in ("int64", "bool", "float16")
      for behind in (False, True)),
    *(fixing(word, opset=opset, behind=behind) for word in TARGETS for opset in (11, 13) for behind in (False, True)),
    *(behind(op, maker, opset=opset) for op in NODES for maker in ("NonZero", "Reshape by two sizes", "Range", "Unsqueeze")
      for opset in (13, 17)),
    *(scaled(word, kind=kind, opset=opset) for word in TARGETS for kind in ("float", "int64") for opset in (13, 17)),
    *(beside(word, maker, kind=kind) for word in TARGETS for maker in ("Reshape by two sizes", "NonZero", "Expand")
      for kind in ("float", "int64")),
    *(beside(word, maker, opset=opset) for word in TARGETS for maker in ("Reshape by two sizes", "Expand") for opset in (13, 18)),
]  # fmt: skip
