"""Slice from and to positions that are computed from a size: counted back from a fixed one, as in relative positions, or not."""

from graphfix.probe.form import AGAIN, TextProbe

BOUNDS = {
    "c - n": "B = Sub (c, n)", "c - n + 1": "T = Sub (c, n) B = Add (T, one)", "n": "B = Identity (n)",
    "n - 1": "B = Sub (n, one)", "-n": "B = Neg (n)", "c + n": "B = Add (c, n)", "c - 2n": "T = Mul (n, two) B = Sub (c, T)",
}  # fmt: skip
"""How a bound is computed from the size n of another input and the number c."""
DATA = {
    "rows of a table": ("float[16,4]", 0), "columns": ("float[2,16]", 1), "steps": ("float[2,16,4]", 1),
    "last axis": ("float[1,2,3,16]", 3),
}  # fmt: skip
SIZES = {
    "Shape, Slice": "s = Shape (x) n = Slice (s, zero, one)",
    "Shape, Gather, Unsqueeze": "s = Shape (x) i = Gather (s, first) n = Unsqueeze (i, zero)",
}
PLACES = ("from", "to")
WEIGHTS = (
    "int64[1] zero = {{0}}, int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] c = {{{c}}}, int64[1] axis = {{{axis}}}, "
    "int64[1] last = {{9223372036854775807}}, int64 first = {{0}}"
)


def _sliced(which: str, bound: str, data: str, sizes: str, c: int, opset: int, behind: str = "") -> TextProbe:
    shape, axis = DATA[data]
    start, end = ("B", "last") if which == "from" else ("zero", "B")
    made = "R = Relu (X) " if behind else ""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[n,3] x, {shape} X) => (float[] Y)'
        f" <{WEIGHTS.format(c=c, axis=axis)}>"
        f" {{ {SIZES[sizes]} {BOUNDS[bound]} {made}[probe] Y = Slice ({'R' if made else 'X'}, {start}, {end}, axis) }}"
    )
    words = f"{data} {which} {bound}, c={c}, {sizes}{', behind Relu' if behind else ''}, opset={opset}"
    return TextProbe("Slice", words, text, ("bounds", "starts.from", "ends.from", AGAIN))


FORMS = [
    *(_sliced(which, bound, data, sizes, 7, 17) for which in PLACES for bound in BOUNDS for data in DATA for sizes in SIZES),
    *(
        _sliced(which, bound, "steps", "Shape, Slice", c, opset)
        for which in PLACES for bound in ("c - n", "n", "c + n") for c in (5, 8) for opset in (13, 21)
    ),
    *(_sliced(which, bound, data, "Shape, Slice", 7, 17, "Relu") for which in PLACES for bound in BOUNDS for data in DATA),
]  # fmt: skip
