"""Gelu as exporters write it, by Erf, with the half behind, beside or inside the product."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g ({dtype}{shape} X) => ({dtype}{shape} Y) {{ {body} }}'
SCALED = {"Div": ("Div", "1.41421356"), "Mul": ("Mul", "0.70710678")}
GATES = {
    "behind": "m = Mul(X, s) Y = Mul(m, half)",
    "beside": "h = Mul(X, half) Y = Mul(h, s)",
    "inside": "h = Mul(s, half) Y = Mul(X, h)",
    "swapped": "m = Mul(s, X) Y = Mul(half, m)",
}
"""What multiplies 1 + Erf."""
SHAPES = ("[2,3]", "[2,3,4]", "[2,3,4,5]", "[4]", "[n,3,4]", "[n,3]", "[n,m,4]", "[2,3,2,4,2]")


def gelu(scaled: str, gate: str, shape: str = "[2,3,4]", dtype: str = "float", opset: int = 17) -> TextProbe:
    """A Gelu whose Erf is the node in question."""
    op, by = SCALED[scaled]
    one, half, root = (f"{name} = Constant<value = {dtype} {{{value}}}>()" for name, value in
                       (("one", "1.0"), ("half", "0.5"), ("root", by)))  # fmt: skip
    body = f"{one} {half} {root} d = {op}(X, root) [probe] e = Erf(d) s = Add(e, one) {GATES[gate]}"
    text = HEAD.format(ir=8 if opset < 19 else 10, opset=opset, dtype=dtype, shape=shape, body=body)
    return TextProbe("Erf", f"in a Gelu, {scaled}, half {gate}, {dtype}{shape}, opset={opset}", text, ("gated", AGAIN))


FORMS = [
    *(gelu("Div", gate, shape) for gate in GATES for shape in SHAPES),
    *(gelu("Mul", gate, shape) for gate in GATES for shape in SHAPES[:2]),
    *(gelu(scaled, gate, dtype=dtype) for scaled in SCALED for gate in GATES for dtype in ("float16", "double")),
    *(gelu(scaled, "behind", opset=opset) for scaled in SCALED for opset in (9, 12, 13, 20, 23)),
]
