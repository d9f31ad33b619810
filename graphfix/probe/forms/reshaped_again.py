"""A Reshape before another Reshape: alone, with other readers, and returned by the model."""

from graphfix.probe.form import AGAIN, TextProbe

SHAPES = {
    "of rank 5": ("3,4,2,2", "3,2,2,2,2", "3,2,8"),
    "of rank 6": ("3,4,2,2", "3,2,2,2,2,1", "2,6,2,2"),
    "of rank 7": ("3,4,2,2", "3,2,2,2,2,1,1", "3,16"),
    "of rank 4": ("3,4,4", "3,2,2,4", "3,16"),
    "of rank 2": ("3,4,2,2", "3,16", "3,4,4"),
    "from rank 5": ("3,2,2,2,2", "3,1,2,2,2,2", "3,4,4"),
    "to rank 5": ("3,4,2,2", "3,2,8", "3,2,2,2,2"),
    "with zeros": ("3,4,2,2", "0,2,2,2,2", "0,0,-1"),
    "with a batch": ("n,4,2,2", "-1,2,2,2,2", "-1,16"),
    "with a batch of rank 4": ("n,4,2,2", "-1,2,2,4", "-1,16"),
}
"""The dims of the data, and the targets of both."""
CHAINS = {
    "alone": ("Y", "[probe] a = Reshape(X, s) Y = Reshape(a, t)"),
    "behind": ("Y", "h = Relu(X) [probe] a = Reshape(h, s) b = Reshape(a, t) Y = Relu(b)"),
    "three": ("Y", "[probe] a = Reshape(X, s) b = Reshape(a, t) Y = Reshape(b, t)"),
    "second": ("Y", "a = Reshape(X, s) [probe] Y = Reshape(a, t)"),
    "and a reader": ("Y, Z", "[probe] a = Reshape(X, s) Y = Reshape(a, t) Z = Relu(a)"),
    "and returned": ("Y, a", "[probe] a = Reshape(X, s) Y = Reshape(a, t)"),
    "and an operator between": ("Y", "[probe] a = Reshape(X, s) b = Relu(a) Y = Reshape(b, t)"),
}


def _probe(shape: str, chain: str, kind: str = "float", opset: int = 17) -> TextProbe:
    dims, first, second = SHAPES[shape]
    outputs, body = CHAINS[chain]
    made = ", ".join(f"{kind}[] {name}" for name in outputs.split(", "))
    held = ", ".join(f"int64[{target.count(',') + 1}] {name} = {{{target}}}" for name, target in (("s", first), ("t", second)))
    text = (
        f'<ir_version: {8 if opset < 21 else 10}, opset_import: ["": {opset}]> g ({kind}[{dims}] X) => ({made}) '
        f"<{held}> {{ {body} }}"
    )
    return TextProbe("Reshape", f"{shape}, {chain}, {kind}, opset {opset}", text, ("rewritten", AGAIN))


FORMS = [
    *(_probe(shape, chain) for shape in SHAPES for chain in CHAINS),
    *(_probe(shape, "alone", kind) for shape in SHAPES for kind in ("int64", "float16")),
    *(_probe(shape, "alone", opset=opset) for shape in SHAPES for opset in (13, 21)),
]
