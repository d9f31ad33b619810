"""Products and quotients of two sizes of dynamic dims, as exporters write them for the targets of shape operators."""

from graphfix.probe.form import AGAIN, TextProbe

HELD = "int64 zero = {0}, int64 one = {1}, int64[1] axis = {0}, int64[1] rest = {-1}, int64 two = {2}"
SIZES = "s = Shape(X) a = Gather(s, zero) b = Gather(s, one) "
MADE = {
    "two sizes": ("a", "b"), "a size and itself": ("a", "a"), "a scaled size and a size": ("c", "b"),
    "a size and a scaled size": ("b", "c"), "a size and a scaled size of the same dim": ("c", "a"),
}  # fmt: skip
SHAPES = ("n,t,6", "n,n,6", "t,n,2")
TAKEN = {
    "the target of a Reshape": "u = Unsqueeze(p, axis) t = Concat<axis = 0>(u, rest) Y = Reshape(X, t)",
    "a filled tensor": "u = Unsqueeze(p, axis) r = ConstantOfShape(u) Y = Add(r, r)",
    "an output": "Y = Cast<to = 1>(p)",
    "data": "f = Cast<to = 1>(p) Y = Mul(X, f)",
}
SCALED = "c = Mul(a, two) "


def _of_two(op: str, made: str, taken: str, shape: str, opset: int) -> TextProbe:
    """One operator over two sizes, whose result is taken so."""
    one, two = MADE[made]
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{shape}] X) => (float[] Y) <{HELD}>'
        f" {{ {SIZES}{SCALED if 'c' in (one, two) else ''}[probe] p = {op}({one}, {two}) {TAKEN[taken]} }}"
    )
    return TextProbe(op, f"{made} of [{shape}] as {taken}, opset={opset}", text, ("factor", AGAIN))


FORMS = [
    _of_two(op, made, taken, shape, opset)
    for op in ("Mul", "Div")
    for made in MADE
    for taken in TAKEN
    for shape in SHAPES
    for opset in (13, 17)
    if op == "Mul" or taken != "the target of a Reshape"
]
