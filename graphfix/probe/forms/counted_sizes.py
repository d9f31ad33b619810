"""Sizes of values whose length depends on the data, in a model whose inputs have fixed dims."""

from graphfix.probe.form import TextProbe
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


FORMS = [counted(op, name, opset) for op in USES for name in VALUES for opset in (13, 17, 21)]
