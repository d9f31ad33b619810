"""Models of which an output is an initializer or an input, as exporters write buffers that a model returns unchanged."""

from graphfix.probe.form import TextProbe

CONSTANTS = {
    "beside": ("float[2,3] X", "float[2,3] Y, float[2] K", "float[2] K = {1, 2}", "Y = Relu(X)"),
    "first": ("float[2,3] X", "float[2] K, float[2,3] Y", "float[2] K = {1, 2}", "Y = Relu(X)"),
    "used too": ("float[2] X", "float[2] Y, float[2] K", "float[2] K = {1, 2}", "Y = Add(X, K)"),
    "whole numbers": ("float[2,3] X", "float[2,3] Y, int64[2] K", "int64[2] K = {1, 2}", "Y = Relu(X)"),
    "a truth value": ("float[2,3] X", "float[2,3] Y, bool[1] K", "bool[1] K = {1}", "Y = Relu(X)"),
    "a scalar": ("float[2,3] X", "float[2,3] Y, float K", "float K = {1}", "Y = Relu(X)"),
    "a matrix": ("float[2,3] X", "float[2,3] Y, float[1,2,2,1] K", "float[1,2,2,1] K = {1, 2, 3, 4}", "Y = Relu(X)"),
    "two": ("float[2,3] X", "float[2,3] Y, float[2] K, float[2] L", "float[2] K = {1, 2}, float[2] L = {3, 4}", "Y = Relu(X)"),
    "beside dynamic": ("float[n,3] X", "float[n,3] Y, float[2] K", "float[2] K = {1, 2}", "Y = Relu(X)"),
    "beside a product": (
        "float[n,2] X",
        "float[n,2] Y, float[2,2] K",
        "float[2,2] K = {1, 2, 3, 4}",
        "Y = MatMul(X, K)",
    ),
    "alone": ("float[2] X", "float[2] K", "float[2] K = {1, 2}", ""),
    "and an input": ("float[2] X", "float[2] Y, float[2] K, float[2] X", "float[2] K = {1, 2}", "Y = Relu(X)"),
}
INPUTS = {
    "first": ("float[2,3] X", "float[2,3] X, float[2,3] Y", "Y = Relu(X)"),
    "dynamic": ("float[n,3] X", "float[n,3] Y, float[n,3] X", "Y = Relu(X)"),
    "another": ("float[2,3] X, float[2] Z", "float[2,3] Y, float[2] Z", "Y = Relu(X)"),
    "whole numbers": ("float[2,3] X, int64[2] Z", "float[2,3] Y, int64[2] Z", "Y = Relu(X)"),
    "both": ("float[2,3] X, float[2] Z", "float[2,3] Y, float[2,3] X, float[2] Z", "Y = Relu(X)"),
}


def _model(kind: str, label: str, inputs: str, output: str, held: str, body: str, opset: int) -> TextProbe:
    ir = 8 if opset < 21 else 10
    text = f'<ir_version: {ir}, opset_import: ["": {opset}]> g ({inputs}) => ({output}) {held} {{ {body} }}'
    return TextProbe("@model", f"outputs.direct {kind} {label} opset {opset}", text, ("outputs.direct", "again"))


FORMS = [
    *(
        _model("constant", label, inputs, output, f"<{held}>", body, opset)
        for label, (inputs, output, held, body) in CONSTANTS.items()
        for opset in (11, 17, 21)
    ),
    *(
        _model("input", label, inputs, output, "", body, opset)
        for label, (inputs, output, body) in INPUTS.items()
        for opset in (11, 17)
    ),
]
