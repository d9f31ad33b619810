"""If whose branches give constants or sizes, which a compiler may evaluate beforehand with the If itself."""

from graphfix.probe.form import TextProbe
from graphfix.probe.forms.control_flow import CONDITIONS

SIZES = (
    "s = Shape(X) pp = Constant<value = int64[1] {0}>() qq = Constant<value = int64[1] {1}>() h = Gather(s, pp) v = Gather(s, qq)"
)
NUMBERS = "h = Constant<value = int64[1] {2}>() v = Constant<value = int64[1] {4}>()"
PAIRS = {
    "same": ("int64[1]", "a = Max(h, v)", "int64[1]", "b = Min(h, v)", "int64[1]"),
    "other-dims": ("int64[1]", "a = Max(h, v)", "int64[2]", "b = Concat<axis = 0>(h, v)", "int64[r]"),
    "other-rank": ("int64[1]", "a = Max(h, v)", "int64[]", "b = Squeeze(h)", ""),
}
FLOATS = {
    "other-dims": ("float[1]", "a = Cast<to = 1>(h)", "float[2]", "e = Concat<axis = 0>(h, v) b = Cast<to = 1>(e)", ""),
    "other-rank": ("float[1]", "a = Cast<to = 1>(h)", "float[]", "e = Squeeze(h) b = Cast<to = 1>(e)", ""),
}
ROUNDED = "f = Relu(X) a = Cast<to = 7>(f)"
WHOLE = {
    "other-dims": ("int64[2,4]", ROUNDED, "int64[4,4]", "e = Concat<axis = 0>(X, X) b = Cast<to = 7>(e)", ""),
    "other-rank": ("int64[2,4]", ROUNDED, "int64[8]", "e = Flatten<axis = 0>(X) f = Squeeze(e) b = Cast<to = 7>(f)", ""),
}
DATA = {
    "other-dims": ("float[2,4]", "a = Relu(X)", "float[4,4]", "b = Concat<axis = 0>(X, X)", ""),
    "other-rank": ("float[2,4]", "a = Relu(X)", "float[1,2,4]", "b = Unsqueeze(X, pp)", ""),
}
MADE = {"data": DATA, "whole data": WHOLE, "cast sizes": FLOATS}


def _gives(condition: str, shape: str, made: str, kind: str, opset: int) -> TextProbe:
    """An If over sizes of a tensor of this shape, over constants or over data, whose branches agree to this degree."""
    more, decide = CONDITIONS[condition]
    left, then, right, other, shown = MADE.get(made, PAIRS)[kind]
    before = NUMBERS if made == "constants" else SIZES
    for word, free in (("k", "kk"), ("i", "ii"), ("z", "zz"), ("d", "dd")):
        decide = decide.replace(f"{word} = ", f"{free} = ").replace(f"({word}", f"({free}").replace(f" {word})", f" {free})")
    given = f"{more}float[{shape}] X"
    body = (
        f"{before} {decide} [probe] R = If(c) <then_branch = t () => ({left} a) {{ {then} }}, "
        f"else_branch = e () => ({right} b) {{ {other} }}> Y = Cast<to = 1>(R)"
    )
    result = f"float{shown.removeprefix('int64')} Y" if shown else "float[] Y"
    text = f'<ir_version: 8, opset_import: ["": {opset}]> g ({given}) => ({result}) {{ {body} }}'
    return TextProbe("If", f"cond={condition} {made} of [{shape}] {kind} opset={opset}", text, ("cond", "branches"))


FORMS = [
    _gives(condition, shape, made, kind, opset)
    for condition in CONDITIONS
    for made, shape in (
        *(("sizes", shape) for shape in ("2,4", "b,4", "b,f")),
        *(("cast sizes", shape) for shape in ("2,4", "b,f")),
        *((other, "2,4") for other in ("constants", "data", "whole data")),
    )
    for kind in MADE.get(made, PAIRS)
    for opset in ((13, 17, 21) if condition in ("static-shape", "runtime") and made == "sizes" else (17,))
]
