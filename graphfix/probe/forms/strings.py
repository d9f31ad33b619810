"""Strings in models whose inputs are numbers, as in classifiers that answer with the name of a class."""

from graphfix.probe.form import AGAIN, TextProbe

NAMES = '[beside_names] n = Constant<value_strings = ["a", "b", "c"]>()'
NODES = {
    "Gather": ("int64[2] X", "string[2] Y", f"{NAMES} [probe] Y = Gather(n, X)"),
    "GatherND": ("int64[2,1] X", "string[2] Y", f"{NAMES} [probe] Y = GatherND(n, X)"),
    "GatherElements": ("int64[3] X", "string[3] Y", f"{NAMES} [probe] Y = GatherElements(n, X)"),
    "Where": ("bool[3] X", "string[3] Y", f"{NAMES} [probe] Y = Where(X, n, n)"),
    "Identity": ("float[3] X", "float[3] Z, string[3] Y", f"Z = Neg(X) {NAMES} [probe] Y = Identity(n)"),
    "Cast": ("float[3] X", "string[3] Y", "[probe] Y = Cast<to = 8>(X)"),
    "Expand": ("int64[2] X", "string[2,3] Y", f"{NAMES} [probe] Y = Expand(n, X)"),
    "Compress": ("bool[3] X", "string[k] Y", f"{NAMES} [probe] Y = Compress<axis = 0>(n, X)"),
    "Constant": ("float[3] X", "float[3] Z, string[3] Y", 'Z = Neg(X) [probe] Y = Constant<value_strings = ["a", "b", "c"]>()'),
}


def named(op: str, opset: int) -> TextProbe:
    """A node that gives strings."""
    given, out, body = NODES[op]
    text = f'<ir_version: 8, opset_import: ["": {opset}]> g ({given}) => ({out}) {{ {body} }}'
    return TextProbe(op, f"strings opset={opset}", text, ("T", "V", "Tin", "to", "T2", AGAIN))


FORMS = [named(op, opset) for op in NODES for opset in (13, 14, 16, 17, 18, 19, 20, 21)]
