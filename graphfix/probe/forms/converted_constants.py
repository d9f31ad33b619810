"""CastLike of a constant to the dtype of a model input, as the bodies of ONNX's functions have it, and of data."""

from graphfix.probe.form import AGAIN, TextProbe

SOURCES = {
    "initializer": ("{kind} c = {{1}}", "", "c"),
    "row": ("{kind}[1] c = {{1}}", "", "c"),
    "node": ("int64 u = {{0}}", "c = Constant<value = {kind} {{1}}>()", "c"),
    "computed": ("{kind}[3] a = {{1, 2, 3}}", "c = Add(a, a)", "c"),
    "data": ("int64 u = {{0}}", "c = Neg(X)", "c"),
    "input": ("int64 u = {{0}}", "", "X"),
}
"""What is cast: initializers, the nodes before it, and its name."""
HELD = ("initializer", "row", "node", "computed")
"""The sources that have a dtype of their own."""
READERS = {
    "Add": "Y = Add(X, d)",
    "Mul": "Y = Mul(X, d)",
    "Max": "Y = Max(X, d)",
    "Div": "Y = Div(X, d)",
    "Neg and Sub": "e = Neg(d) Y = Sub(X, e)",
    "Pow": "Y = Pow(X, d)",
}
PLACES = ("3", "n,3", "2,3,3", "n,3,3", "2,3,4,3", "2,n", "2,1,2,2,3", "n,s,3", "2,s,3", "1,3,h,w", "n,3,h,w", "h")
KINDS = (("float", "float"), ("double", "float"), ("int64", "float"), ("int32", "float"), ("float", "int64"), ("int64", "int64"))


def _probe(source: str, reader: str, kind: str, like: str, dims: str = "2,3", opset: int = 18) -> TextProbe:
    held, before, name = SOURCES[source]
    text = (
        f'<ir_version: {8 if opset < 21 else 10}, opset_import: ["": {opset}]> g ({like}[{dims}] X) => ({like}[{dims}] Y) '
        f"<{held.format(kind=kind)}> {{ {before.format(kind=kind)} [probe] d = CastLike({name}, X) {READERS[reader]} }}"
    )
    return TextProbe("CastLike", f"{source} {kind} like {like}[{dims}], {reader}, opset {opset}", text, ("converts", AGAIN))


FORMS = [
    *(_probe(source, "Add", kind, like) for source in SOURCES for kind, like in KINDS if source in HELD or kind == like),
    *(_probe(source, reader, "float", "float") for source in SOURCES for reader in READERS),
    *(_probe(source, "Mul", "float", "float", opset=opset) for source in SOURCES for opset in (15, 19, 21, 23)),
    *(_probe(source, "Max", "float", "float", dims) for source in SOURCES for dims in PLACES),
]
