"""Sizes reshaped to scalars by a Reshape to an empty shape, which some exporters write instead of Squeeze."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g ({inputs}) => ({kind} Y) {{ {body} }}'
DATA = {
    "given": ("{kind}[1] v", ""),
    "fixed sizes": ("float[2,4] X", "s = Shape(X) i = Constant<value = int64[1] {{0}}>() d = Gather(s, i) {cast} "),
    "open sizes": ("float[n,4] X", "s = Shape(X) i = Constant<value = int64[1] {{0}}>() d = Gather(s, i) {cast} "),
    "sizes inside": ("float[n,4] X", "r = Relu(X) s = Shape(r) i = Constant<value = int64[1] {{0}}>() d = Gather(s, i) {cast} "),
    "sizes found": ("float[2,4] X",
        "z = NonZero(X) s = Shape(z) i = Constant<value = int64[1] {{1}}>() d = Gather(s, i) {cast} "),
}  # fmt: skip
KINDS = {"int64": "v = Identity(d)", "int32": "v = Cast<to = 6>(d)", "float": "v = Cast<to = 1>(d)"}


def scalar(label: str, kind: str, opset: int) -> TextProbe:
    """A vector of one element, reshaped to a scalar."""
    inputs, before = DATA[label]
    body = before.format(cast=KINDS[kind]) + "e = Constant<value = int64[0] {}>() [probe] Y = Reshape(v, e)"
    text = HEAD.format(ir=11 if opset > 22 else 8, opset=opset, inputs=inputs.format(kind=kind), kind=kind, body=body)
    return TextProbe("Reshape", f"a scalar of {label} {kind} opset={opset}", text, ("shape", "foldable", "T"))


FORMS = [scalar(label, kind, opset) for label in DATA for kind in KINDS for opset in (11, 13, 14, 19, 21, 23, 24)]
