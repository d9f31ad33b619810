"""Nodes without effect between a model's input, its other nodes and its outputs."""

from graphfix.probe.form import AGAIN, TextProbe

WAYS = {
    "in front": ("Y", "[probe] a = {op}(X) Y = {by}(a)"),
    "behind": ("Y", "a = {by}(X) [probe] Y = {op}(a)"),
    "between": ("Y", "a = {by}(X) [probe] b = {op}(a) Y = {by}(b)"),
    "for two": ("Y", "[probe] a = {op}(X) b = {by}(a) Y = Add(a, b)"),
    "beside what it copies": ("Y", "a = {by}(X) [probe] b = {op}(a) Y = Add(a, b)"),
    "in a row behind": ("Y", "a = {by}(X) [probe] b = {op}(a) Y = Identity(b)"),
    "alone": ("Y", "[probe] Y = {op}(X)"),
    "in a row alone": ("Y", "[probe] a = {op}(X) Y = Identity(a)"),
    "of the input, beside": ("Y, Z", "Z = {by}(X) [probe] Y = {op}(X)"),
    "of the input, first": ("Y, Z", "[probe] Y = {op}(X) Z = {by}(X)"),
    "of an output": ("Y, Z", "Y = {by}(X) [probe] Z = {op}(Y)"),
    "two of one": ("Y, Z", "a = {by}(X) [probe] Y = {op}(a) Z = Identity(a)"),
    "two in a row": ("Y, Z", "a = {by}(X) [probe] Y = {op}(a) Z = Identity(Y)"),
    "beside another output": ("Y, Z", "a = {by}(X) [probe] Y = {op}(a) Z = {by}(a)"),
}
"""The outputs and the nodes, by where the probed node is."""
PLACES = (("float", "2,3"), ("float", "n,3"), ("float", "3"), ("float", "2,3,4,5"), ("int64", "2,3"), ("int32", "2,3"))
OPEN = ("n,m", "2,n,3", "1,3,h,w", "n,3,h,w", "n,s,8", "h", "2,3,4,5,2", "")
"""Other dims of the data, dynamic ones and ranks 5 and 0."""
INSIDE = ("in front", "behind", "between", "for two", "in a row behind")
OPSETS = {"Identity": (9, 14, 19, 23), "Dropout": (7, 12, 22)}


def _probe(op: str, way: str, kind: str, dims: str, opset: int) -> TextProbe:
    outputs, body = WAYS[way]
    place = f"{kind}[{dims}]" if dims else kind
    made = ", ".join(f"{place} {name}" for name in outputs.split(", "))
    by = "Relu" if kind == "float" else "Neg"
    text = (
        f'<ir_version: {8 if opset < 21 else 10}, opset_import: ["": {opset}]> g ({place} X) => ({made}) '
        f"{{ {body.format(op=op, by=by)} }}"
    )
    return TextProbe(op, f"{way}, {place}, opset {opset}", text, ("returns", AGAIN))


FORMS = [
    *(_probe("Identity", way, kind, dims, 17) for way in WAYS for kind, dims in PLACES),
    *(_probe("Dropout", way, kind, dims, 17) for way in WAYS for kind, dims in PLACES if kind == "float"),
    *(_probe(op, way, "float", dims, 17) for op in OPSETS for way in INSIDE for dims in OPEN),
    *(_probe(op, way, "float", "2,3", opset) for op, opsets in OPSETS.items() for way in WAYS for opset in opsets),
]
