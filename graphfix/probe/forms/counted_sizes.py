"""Sizes of values whose length depends on the data, in a model whose inputs have fixed dims."""

from graphfix.probe.form import AGAIN, TextProbe
from graphfix.tables.target_facets import COUNTED

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[3,4] X) => (int64[{out}] Y)'
FOUND = "h = Constant<value = float {{0.1}}>() g = Greater(X, h) n = NonZero(g)"
VALUES = {
    "the positions": "v = Identity(n)",
    "a row of positions": "i = Constant<value = int64 {{0}}>() v = Gather<axis = 0>(n, i)",
    "positions in rows": "v = Transpose<perm = [1, 0]>(n)",
}
USES = {
    "Shape": ("k", "[probe] Y = Shape(v)"),
    "Size": ("", "[probe] Y = Size(v)"),
}


def counted(op: str, name: str, opset: int) -> TextProbe:
    """The size of a value that is as long as the data says."""
    out, use = USES[op]
    text = f"{HEAD} {{{{ {FOUND} {VALUES[name]} {use} }}}}".format(opset=opset, out=out)
    return TextProbe(op, f"size of {name} opset={opset}", text, ("data.dims", COUNTED))


PICKED = (
    "f = Constant<value = int64[1] {{-1}}>() r = Reshape(X, f) i = Constant<value = int64 {{1}}>() p = Gather<axis = 0>(n, i)"
)
"""Elements of the data at positions that it decides, as indexing by a mask is written."""
RESHAPED = {
    "a row to a row": ("k", "v = Gather<axis = 0>(r, p) s = Shape(p) [probe] Y = Reshape(v, s)"),
    "a row of sums to a row": ("k", "q = Add(p, p) v = Gather<axis = 0>(r, p) s = Shape(q) [probe] Y = Reshape(v, s)"),
    "a column to a row": (
        "k",
        "m = Constant<value = int64[2] {{-1, 1}}>() c = Reshape(r, m) v = Gather<axis = 0>(c, p) s = Shape(p) "
        "[probe] Y = Reshape(v, s)",
    ),
    "a row to a column": (
        "k, 1",
        "v = Gather<axis = 0>(r, p) o = Constant<value = int64[1] {{1}}>() t = Shape(p) s = Concat<axis = 0>(t, o) "
        "[probe] Y = Reshape(v, s)",
    ),
}


def reshaped(name: str, opset: int) -> TextProbe:
    """Picked elements in the shape of other values that are as many."""
    out, use = RESHAPED[name]
    head = HEAD.replace("int64[{out}] Y", "float[{out}] Y")
    text = f"{head} {{{{ {FOUND} {PICKED} {use} }}}}".format(opset=opset, out=out)
    return TextProbe("Reshape", f"picked elements, {name} opset={opset}", text, ("data.dims", "shape.from", COUNTED, AGAIN))


FORMS = [
    *(counted(op, name, opset) for op in USES for name in VALUES for opset in (13, 17, 21)),
    *(reshaped(name, opset) for name in RESHAPED for opset in (13, 17, 21)),
]
