"""Default values of ConstantOfShape used by a second node, which needs the dtype that ONNX defines."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g ({inputs}) => ({output}) {{ {body} }}'
OPSETS = (17, 20, 21, 23, 24, 25)
"""Every version of ConstantOfShape."""
FILLS = ("ConstantOfShape(s)", "ConstantOfShape<value = float[1] {0}>(s)")
"""Zeros of float32, as the default and as an explicit value."""


def filled(label: str, opset: int, inputs: str, output: str, body: str) -> TextProbe:
    """A tensor filled with the default value, and a node that uses it together with float32."""
    text = HEAD.format(ir=10 if opset > 20 else 8, opset=opset, inputs=inputs, output=output, body=body)
    return TextProbe("ConstantOfShape", f"{label}, taken as float32, opset={opset}", text, ("value", "input"))


FORMS = [
    probe
    for opset in OPSETS
    for fill in FILLS
    for probe in (
        filled("constant", opset, "float[2,3] X", "float[2,4] Y",
            f"s = Constant<value = int64[2] {{3, 4}}>() [probe] f = {fill} Y = MatMul(X, f)"),
        filled("constant vector", opset, "float[2,3] X", "float[2,1] Y",
            f"s = Constant<value = int64[1] {{3}}>() c = Constant<value = int64[2] {{3, 1}}>() "
            f"[probe] f = {fill} r = Reshape(f, c) Y = MatMul(X, r)"),
        filled("constant of rank 3", opset, "float[2,2,3] X", "float[2,2,4] Y",
            f"s = Constant<value = int64[3] {{2, 3, 4}}>() [probe] f = {fill} Y = MatMul(X, f)"),
        filled("constant of rank 4", opset, "float[1,2,2,3] X", "float[1,2,2,4] Y",
            f"s = Constant<value = int64[4] {{1, 2, 3, 4}}>() [probe] f = {fill} Y = MatMul(X, f)"),
        filled("fixed sizes", opset, "float[2,3] X, float[3,4] W", "float[2,4] Y",
            f"s = Shape(W) [probe] f = {fill} Y = MatMul(X, f)"),
    )
]  # fmt: skip
