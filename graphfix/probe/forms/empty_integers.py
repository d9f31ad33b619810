"""Whole models with an int64 input of which a dim is 0, which operators of all kinds read as data, not as axes or places."""

from graphfix.probe.form import AGAIN, TextProbe

BODIES = {
    "Neg": "Y = Neg(X)",
    "Abs": "Y = Abs(X)",
    "Add": "Y = Add(X, X)",
    "Identity": "Y = Identity(X)",
    "Cast": "f = Cast<to = 1>(X) r = Relu(f) Y = Cast<to = 7>(r)",
    "Transpose": "t = Transpose<perm = [1, 0]>(X) Y = Transpose<perm = [1, 0]>(t)",
    "Trilu": "k = Constant<value = int64 {0}>() Y = Trilu(X, k)",
    "Where": "c = Equal(X, X) Y = Where(c, X, X)",
}
BESIDE = {
    "alone": ("", "", ""),
    "beside": (", float[2] F", ", float[2] Z", " Z = Relu(F)"),
    "joined": (", int64[1] S", "", " Y = Add(y, S)"),
}
"""More inputs, more outputs, and the node that reads the one and makes the other."""


def _empty(name: str, shape: str, opset: int, beside: str) -> TextProbe:
    more, other, node = BESIDE[beside]
    text = f'<ir_version: 8, opset_import: ["": {opset}]> g (int64[{shape}] X{more}) => (int64[{shape}] Y{other})'
    body = BODIES[name].replace("Y =", "y =") if beside == "joined" else BODIES[name]
    text += f" {{ {body}{node} }}"
    return TextProbe("@model", f"inputs.dims empty int64 [{shape}] {name} {beside}, opset={opset}", text, ("inputs.dims", AGAIN))


FORMS = [_empty(name, shape, 17, beside) for name in BODIES for shape in ("0,3", "3,0") for beside in BESIDE]
