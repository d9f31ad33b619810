"""Arithmetic on tensors that follow from sizes alone and have a dynamic dim: numbered samples, repeated rows, filled rows."""

from graphfix.probe.form import AGAIN, TextProbe

MADE = {
    "numbered": "l = Range(none, h, single) A = Identity(l)",
    "numbered, as a column": "l = Range(none, h, single) A = Unsqueeze(l, one)",
    "numbered, of rank 3": "l = Range(none, h, single) A = Reshape(l, column)",
    "numbered, of rank 4": "l = Range(none, h, single) A = Unsqueeze(l, three)",
    "rows repeated": "t = Concat<axis = 0>(v, four) r = Identity(row) A = Expand(r, t)",
    "rows tiled": "t = Concat<axis = 0>(v, one) A = Tile(row, t)",
    "rows of rank 3 repeated": "t = Concat<axis = 0>(v, two, four) r = Identity(row) A = Expand(r, t)",
    "filled": "t = Concat<axis = 0>(v, four) A = ConstantOfShape<value = int64[1] {2}>(t)",
    "a fixed row": "A = Identity(row)",
    "a fixed number": "A = Constant<value = int64[1] {5}>()",
    "data": "A = Cast<to = 7>(X)",
    "data of rank 1": "f = ReduceSum(X, one) g = Squeeze(f, one) A = Cast<to = 7>(g)",
    "sizes": "A = Identity(s)",
    "filled, of rank 3": "t = Concat<axis = 0>(v, two, four) A = ConstantOfShape<value = int64[1] {2}>(t)",
}
"""What is made of the batch size, `v` as a vector and `h` as a scalar."""
OTHERS = {
    "a number": "B = Constant<value = int64 {3}>()",
    "a number of rank 1": "B = Constant<value = int64[1] {3}>()",
    "a row": "B = Constant<value = int64[1,4] {1, 2, 3, 4}>()",
    "a fixed size": "w = Shape<start = 1>(X) B = Squeeze(w, zero)",
    "the batch size": "B = Identity(h)",
}
DTYPES = {
    "int64": "A0 = Identity(A) B0 = Identity(B) ",
    "float": "A0 = Cast<to = 1>(A) B0 = Cast<to = 1>(B) ",
    "int32": "A0 = Cast<to = 6>(A) B0 = Cast<to = 6>(B) ",
}
HELD = (
    "int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[1] four = {4}, int64[3] three = {1, 2, 3},"
    " int64[3] column = {-1, 1, 1}, int64 none = {0}, int64 single = {1}, int64[1,4] row = {1, 2, 3, 4}"
)


def counted(op: str, made: str, other: str, *, kind: str = "int64", turned: bool = False, opset: int = 17) -> TextProbe:
    """An elementwise operator on a tensor that follows from the batch size, and a number, a row or a size."""
    given = "B0, A0" if turned else "A0, B0"
    text = (f'<ir_version: 8, opset_import: ["": {opset}]> g (float[n,4] X) => ({kind}[] Z) <{HELD}> '
            "{ s = Shape(X) v = Gather(s, zero) h = Squeeze(v, zero) "
            f"{MADE[made]} {OTHERS[other]} {DTYPES[kind]}[probe] Y = {op}({given}) Z = Identity(Y) }}")  # fmt: skip
    label = f"counted: {made}, with {other}{' first' if turned else ''}, {kind} opset={opset}"
    return TextProbe(op, label, text, ("foldable", "A.dims", AGAIN))


OPS = ("Add", "Mul", "Sub", "Div")
PLAIN = ("a number", "a row")
FORMS = [
    *(counted(op, made, other, kind=kind) for op in OPS for made in MADE for other in PLAIN for kind in ("int64", "float")),
    *(counted(op, made, other) for op in ("Add", "Mul") for made in MADE for other in OTHERS if other not in PLAIN),
    *(counted(op, made, "the batch size", kind=kind) for op in OPS for made in MADE for kind in DTYPES
      if (op in ("Add", "Mul")) <= (kind != "int64")),
    *(counted("Mul", made, "the batch size", turned=True) for made in MADE),
    *(counted("Mul", made, "a number", kind=kind, turned=True) for made in MADE for kind in DTYPES),
    *(counted("Mul", made, "a number", opset=opset) for made in MADE for opset in (15, 18)),
]  # fmt: skip
