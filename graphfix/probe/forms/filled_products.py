"""A tensor filled to the dynamic dims of another, alone or as a part of a Concat, directly before a matrix product."""

from graphfix.probe.form import AGAIN, TextProbe
from graphfix.probe.forms.stretching import FACETS, _pairs, _tensor

PARTS, FIRST, BELOW = "c = Concat<axis = -1>(Z, e)", "c = Concat<axis = -1>(e, Z)", "c = Concat<axis = 0>(Z, e)"
TURNED = "t = Transpose<perm = [1, 0]>(c)"
CASES = {
    "rows": ("N,9", "z = MatMul(e, w)", "w:9,5", "", "a,b"),
    "rows of a Gemm": ("N,9", "z = Gemm(e, w)", "w:9,5", "", "a,b"),
    "rows of an Einsum": ("N,9", 'z = Einsum<equation = "ij,jk->ik">(e, w)', "w:9,5", "", "a,b"),
    "columns": ("9,N", "z = MatMul(Z, e)", "", "Z:4,9", "a,b"),
    "batch of both sides": ("B,N,9", "z = MatMul(e, Z)", "", "Z:B,9,5", "a,b,c"),
    "batch of one side": ("B,3,9", "z = MatMul(e, w)", "w:9,5", "", "a,b,c"),
    "rows behind Relu": ("N,9", "t = Relu(e) z = MatMul(t, w)", "w:9,5", "", "a,b"),
    "rows behind Add": ("N,9", "t = Add(e, Z) z = MatMul(t, w)", "w:9,5", "Z:N,9", "a,b"),
    "a last part": ("N,1", f"{PARTS} z = MatMul(c, w)", "w:9,5", "Z:N,8", "a,b"),
    "a first part": ("N,1", f"{FIRST} z = MatMul(c, w)", "w:9,5", "Z:N,8", "a,b"),
    "a wide part": ("N,3", f"{PARTS} z = MatMul(c, w)", "w:9,5", "Z:N,6", "a,b"),
    "a part of a Gemm": ("N,1", f"{PARTS} z = Gemm(c, w)", "w:9,5", "Z:N,8", "a,b"),
    "a part of an Einsum": ("N,1", f'{PARTS} z = Einsum<equation = "ij,jk->ik">(c, w)', "w:9,5", "Z:N,8", "a,b"),
    "a part of rank 3": ("B,N,1", f"{PARTS} z = MatMul(c, w)", "w:9,5", "Z:B,N,8", "a,b,c"),
    "a part of a batch of one": ("1,N,1", f"{PARTS} z = MatMul(c, w)", "w:9,5", "Z:1,N,8", "a,b,c"),
    "a part of both sides": ("B,N,1", f"{PARTS} z = MatMul(c, V)", "", "Z:B,N,8 V:B,9,5", "a,b,c"),
    "a part behind a Transpose": ("N,1", f"{PARTS} {TURNED} z = MatMul(w, t)", "w:5,9", "Z:N,8", "a,b"),
    "a part on the right": ("1,N", f"{BELOW} z = MatMul(w, c)", "w:5,9", "Z:8,N", "a,b"),
    "a part of rows": ("N,9", f"{BELOW} z = MatMul(c, w)", "w:9,5", "Z:4,9", "a,b"),
    "a part behind Relu": ("N,1", f"{PARTS} t = Relu(c) z = MatMul(t, w)", "w:9,5", "Z:N,8", "a,b"),
    "a part of two products": ("N,1", f"{PARTS} m = MatMul(c, w) n = MatMul(c, v) z = Add(m, n)", "w:9,5 v:9,5", "Z:N,8", "a,b"),
}  # fmt: skip
"""The dims of U, which those of the filled tensor `e` equal, the nodes from it to `z`, weights, other inputs, and output dims."""
FILLS = {
    "ones": ("ConstantOfShape", "", "e = ConstantOfShape<value = float[1] {1}>(q)"),
    "zeros": ("ConstantOfShape", "", "e = ConstantOfShape<value = float[1] {0}>(q)"),
    "a constant": ("Expand", "float k = {2}", "e = Expand(k, q)"),
    "a constant of one dim": ("Expand", "float[1] k = {2}", "e = Expand(k, q)"),
    "a constant of all dims": ("Expand", "float[{ones}] k = {{2}}", "e = Expand(k, q)"),
    "a value": ("Expand", "", "e = Expand(K, q)"),
}
"""What fills: the operator, the constants it needs, and its node, of the target shape `q`."""


def _filling(case: str, fill: str) -> TextProbe:
    dims, body, weights, more, out = CASES[case]
    op, held, node = FILLS[fill]
    held = held.format(ones=",".join("1" for _ in dims.split(","))) if "{ones}" in held else held
    weighed = ", ".join([*filter(None, [held]), *(_tensor(*pair) for pair in _pairs(weights))])
    inputs = [
        f"float[{dims}] U",
        *(f"float[{shape}] {name}" for name, shape in _pairs(more)),
        *(["float K"] if "K" in node else []),
    ]
    text = (
        f'<ir_version: 8, opset_import: ["": 17]> g ({", ".join(inputs)}) => (float[{out}] Y)'
        f" {f'<{weighed}>' if weighed else ''} {{ q = Shape(U) [probe] {node} {body} Y = Identity(z) }}"
    )
    return TextProbe(op, f"filled with {fill}, {case}", text, (*FACETS, AGAIN))


FORMS = [
    *(_filling(case, fill) for case in CASES for fill in ("ones", "a constant", "a constant of all dims")),
    *(_filling(case, fill) for case in ("rows", "columns", "a last part", "a wide part", "a part of rows", "rows behind Relu")
      for fill in ("zeros", "a constant of one dim", "a value")),
]  # fmt: skip
