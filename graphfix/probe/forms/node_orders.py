"""Whole models in which a node stands before what it reads, as tools leave them that append a Cast for each input."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g (float[{dims}] X{more}) => (float[{dims}] Y) {{ {body} }}'
BODIES = {
    "a cast of the input": ("", "h = Relu(c) Y = Cast<to = 1>(h) c = Cast<to = 10>(X)"),
    "two nodes": ("", "Y = Relu(h) h = Neg(X)"),
    "all nodes": ("", "Y = Relu(c) c = Sigmoid(b) b = Add(a, a) a = Neg(X)"),
    "one operand": ("", "a = Relu(X) Y = Add(a, b) b = Neg(X)"),
    "a constant": ("", "Y = Mul(X, k) k = Constant<value = float {2}>()"),
    "sizes": ("", "Y = Reshape(X, s) s = Shape(X)"),
    "what a branch reads": (
        ", bool C",
        "Y = If(C) <then_branch = t () => (float[2, 3] u) { u = Relu(h) }, else_branch = e () => (float[2, 3] v) { v = Abs(h) }>"
        " h = Neg(X)",
    ),
    "inside a branch": (
        ", bool C",
        "h = Neg(X) Y = If(C) <then_branch = t () => (float[2, 3] u) { u = Relu(w) w = Abs(h) }, "
        "else_branch = e () => (float[2, 3] v) { v = Abs(h) }>",
    ),
}


def _unsorted(name: str, opset: int, dims: str) -> TextProbe:
    more, body = BODIES[name]
    text = HEAD.format(ir=8 if opset < 19 else 10, opset=opset, dims=dims, more=more, body=body)
    return TextProbe("@model", f"unsorted {name}, [{dims}], opset={opset}", text, ("unsorted", AGAIN))


FORMS = [
    *(_unsorted(name, opset, "2,3") for name in BODIES for opset in (13, 17, 21)),
    *(_unsorted(name, opset, "n,3") for name in list(BODIES)[:6] for opset in (13, 17)),
]
