"""Slices of several leading axes, which they do not name, by bounds that are computed from the sizes of their data."""

from graphfix.probe.form import AGAIN, TextProbe
from graphfix.tables.target_facets import UNNAMED

BOUNDS = {
    "half from the start": "a = Sub(s, s) e = Div(s, two)",
    "the second half": "a = Div(s, two) e = Identity(s)",
    "the middle": "h = Sub(s, two) a = Div(h, two) e = Add(a, two)",
    "all but the first": "a = Constant<value = int64[{count}] {{{ones}}}>() e = Identity(s)",
}
CONSTANT = "a = Constant<value = int64[{count}] {{{steps}}}>() e = Constant<value = int64[{count}] {{{twos}}}>()"
DIMS = {1: "6", 2: "4,6", 3: "2,4,6", 4: "2,4,6,2"}


def joint(bounds: str, rank: int, count: int, opset: int = 17, kind: str = "float", *, named: bool = False) -> TextProbe:
    """A Slice of the first axes, as many as its bounds have elements, with or without their names."""
    lists = {"ones": ["1"] * count, "twos": ["2"] * count, "steps": ["0", *["1"] * (count - 1)]}
    made = BOUNDS.get(bounds, CONSTANT).format(count=count, **{name: ", ".join(each) for name, each in lists.items()})
    sizes, given = ", ".join("pqrs"[:rank]), "X, a, e, axes" if named else "X, a, e"
    axes = f", int64[{count}] axes = {{{', '.join(map(str, range(count)))}}}" if named else ""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({kind}[{DIMS[rank]}] X) => ({kind}[{sizes}] Y)'
        f" <int64[1] zero = {{0}}, int64[1] count = {{{count}}}, int64[1] two = {{2}}{axes}>"
        f" {{ d = Shape(X) s = Slice(d, zero, count) {made} [probe] Y = Slice({given}) }}"
    )
    label = f"{bounds} of {count}{' named' if named else ''} axes of [{DIMS[rank]}] {kind} opset={opset}"
    return TextProbe("Slice", label, text, (UNNAMED, "starts", "axes", AGAIN))


FORMS = [
    *(joint(bounds, rank, count) for bounds in BOUNDS for rank in DIMS for count in range(1, rank + 1)),
    *(joint(bounds, rank, count, opset, kind) for bounds in BOUNDS for rank, count in ((2, 2), (3, 2), (3, 1))
      for opset in (18,) for kind in ("float", "int32")),
    *(joint("constants", rank, count, opset) for rank, count in ((2, 2), (3, 2), (3, 3)) for opset in (11, 17)),
    *(joint("constants", rank, count, kind=kind, named=named) for rank, count in ((2, 2), (3, 2), (4, 2), (4, 4))
      for kind in ("float", "int32") for named in (False, True)),
    *(joint(bounds, rank, count, named=True) for bounds in BOUNDS for rank, count in ((2, 2), (3, 2), (3, 3))),
]  # fmt: skip
