"""Dims of inputs that are named by a formula, as torch.export names a dim that is a multiple of another: `2*s76`, `s10 + 1`."""

from graphfix.probe.form import AGAIN, TextProbe

LINEAR = ("2*s", "s + 1", "s+1", "s - 1", "s/2", "2*s + 1", "s76*4", "1 + s10", "2*batch_size", "3*s - 2", "s + t", "-s + 8")
OTHER = ("s//2", "s*t", "s**2", "2*s*t", "s%4", "4*(s//4)", "Min(s, t)", "ceil(s)", "2 s", "s:2", "batch*heads", "2s")
GRAPHS = {
    "alone": ("float[n,3] X", "float[n,3] Y", "Y = Relu(X)"),
    "beside its own symbol": (
        "float[n,3] X, float[s,3] Z",
        "float[n,3] Y",
        "T = Relu(Z) r = ReduceSum<keepdims = 0>(T) Y = Add(X, r)",
    ),
    "behind a batch": ("float[m,3,n] X", "float[m,3,n] Y", "Y = Softmax(X)"),
    "for two dims": ("float[1,3,n,n] X", "float[1,3,n,n] Y", "Y = Relu(X)"),
}


def _named(name: str, graph: str, opset: int) -> TextProbe:
    given, made, body = GRAPHS[graph]
    text = f'<ir_version: 8, opset_import: ["": {opset}]> g ({given}) => ({made}) {{ {body} }}'
    return TextProbe("@model", f"a dim named {name} {graph}", text, ("inputs.formulas", "inputs.symbols", AGAIN), (("n", name),))


FORMS = [_named(name, graph, 13 + 4 * (at % 2)) for at, name in enumerate((*LINEAR, *OTHER)) for graph in GRAPHS]
