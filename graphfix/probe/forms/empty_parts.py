"""Concat of an empty tensor and others.

Exporters join the sizes before the flattened dims of a view, also where there are none.
"""

from graphfix.probe.form import AGAIN, TextProbe

HELD = (
    "int64[1] zero = {0}, int64[1] rest = {-1}, int64[2] sizes = {2, 3}, float[1] number = {0.5},"
    " float[2,3] table = {1, 2, 3, 4, 5, 6}"
)
VARIED = ("foldable", "inputs.dims", "inputs.rank", AGAIN)
EMPTY = {
    "a constant sliced": "e = Slice(sizes, zero, zero, zero)",
    "sizes of a constant sliced": "s = Shape(table) e = Slice(s, zero, zero, zero)",
    "fixed sizes sliced": "s = Shape(F) e = Slice(s, zero, zero, zero)",
    "dynamic sizes sliced": "s = Shape(X) e = Slice(s, zero, zero, zero)",
    "filled": "n = Constant<value = int64[1] {0}>() e = ConstantOfShape<value = int64[1] {1}>(n)",
}
"""How a vector without elements is made."""
USES = {
    "a target": "Y = Reshape(F, c)",
    "data": "f = Cast<to = 1>(c) Y = Mul(f, number)",
}


def part(empty: str, use: str, *, last: bool = False, more: bool = False, opset: int = 17) -> TextProbe:
    """A Concat of an empty vector and one of one element, before or behind it, perhaps with a third one."""
    joined = ("rest, e" if last else "e, rest") + (", rest" if more and use == "data" else "")
    text = (f'<ir_version: 8, opset_import: ["": {opset}]> g (float[n,4] X, float[2,3] F) => (float[] Y, float[] Z) <{HELD}> '
            f"{{ {EMPTY[empty]} [probe] c = Concat<axis = 0>({joined}) {USES[use]} Z = Neg(X) }}")  # fmt: skip
    label = f"{empty}, {'last' if last else 'first'}{', of three' if more else ''}, for {use}, opset={opset}"
    return TextProbe("Concat", label, text, VARIED)


def table(source: str, *, kind: str = "float", dims: str = "0,3", axis: int = 0) -> TextProbe:
    """A Concat of an empty table and one with rows, constant or an input."""
    rows = "2,3" if dims == "0,3" else "2"
    count = 6 if dims == "0,3" else 2
    numbers = ", ".join(str(at) for at in range(count))
    cut = "a = Constant<value = int64[1] {0}>() e = Slice(k, a, a, a)"
    data = f"k = Constant<value = {kind}[{rows}] {{{numbers}}}>()" if source == "constant" else "k = Identity(T)"
    sizes = ",".join("ab"[: rows.count(",") + 1])
    text = (f'<ir_version: 8, opset_import: ["": 17]> g ({kind}[{rows}] T) => ({kind}[{sizes}] Y) '
            f"{{ {data} {cut} [probe] c = Concat<axis = {axis}>(e, k) Y = Add(c, T) }}")  # fmt: skip
    return TextProbe("Concat", f"no rows [{dims}] and rows, {source}, {kind}", text, VARIED)


FORMS = [
    *(part(empty, use, last=last) for empty in EMPTY for use in USES for last in (False, True)),
    *(part(empty, "data", more=True) for empty in EMPTY),
    *(part(empty, use, opset=opset) for empty in EMPTY for use in USES for opset in (13, 18)),
    *(table(source, kind=kind, dims=dims) for source in ("constant", "an input") for kind in ("float", "int64")
      for dims in ("0,3", "0")),
]  # fmt: skip
