"""Sizes that are numbers of an input: of integers, or of floats that are cast to them."""

from graphfix.probe.form import AGAIN, TextProbe

SIZED = {
    "Reshape": ("float[2,6] X", "Y = Reshape (X, k)"),
    "Expand": ("float[1,1] X", "Y = Expand (X, k)"),
    "ConstantOfShape": ("float[2,6] X", "z = ConstantOfShape (k) Y = Neg (z)"),
    "Resize": ("float[1,1,4,4] X", 'w = Concat<axis = 0> (one, k) Y = Resize<mode = "nearest"> (X, , , w)'),
    "Slice": ("float[8,8] X", "Y = Slice (X, nought, k, axes)"),
    "Tile": ("float[2,3] X", "Y = Tile (X, k)"),
    "Pad": ("float[2,3] X", "p = Concat<axis = 0> (k, k) Y = Pad (X, p)"),
}
"""The data of an operator, and the operator whose result has the size `k`."""
CHAINS = {
    "the input": "k = Cast<to = 7> (s)",
    "its double": "d = Mul (s, {two}) k = Cast<to = 7> (d)",
    "its numbers": "c = Cast<to = 7> (s) i = Gather (c, first) j = Gather (c, second) k = Concat<axis = 0> (i, j)",
    "the largest": "c = Cast<to = 7> (s) m = ReduceMax<keepdims = 1> (c) k = Concat<axis = 0> (m, m)",
}
"""How the size is computed from the input `s`."""
DTYPES = {"float": "float two = {2}", "float16": "float16 two = {16384}", "int64": "int64 two = {2}", "int32": "int32 two = {2}"}
WEIGHTS = "int64[2] one = {1, 1}, int64[2] nought = {0, 0}, int64[2] axes = {0, 1}, int64[1] first = {0}, int64[1] second = {1}"


def _sized(op: str, chain: str, dtype: str, opset: int) -> TextProbe:
    data, node = SIZED[op]
    made = CHAINS[chain].replace("{two}", "two")
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({data}, {dtype}[2] s) => (float[] Y) <{WEIGHTS}, {DTYPES[dtype]}>'
        f" {{ {made} {node} }}"
    )
    return TextProbe("@model", f"{op} by {chain}, {dtype}, opset {opset}", text, ("inputs.sizing", AGAIN))


FORMS = [
    *(_sized(op, chain, dtype, 17) for op in SIZED for chain in CHAINS for dtype in DTYPES),
    *(_sized(op, "the input", dtype, 14) for op in SIZED for dtype in DTYPES),
]
