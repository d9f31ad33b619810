"""Conjunctions of masks that one truth value is filled into, as a mask without padding is: compilers may keep the value alone."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[{data}] X{mask}) => (bool[{out}] Y) {{ {body} }}'
MASKS = {
    "filled with false": "s = Shape(X) A = ConstantOfShape<value = bool[1] {0}>(s)",
    "filled with true": "s = Shape(X) A = ConstantOfShape<value = bool[1] {1}>(s)",
    "cast ones": "s = Shape(X) f = ConstantOfShape<value = float[1] {1}>(s) A = Cast<to = 9>(f)",
    "not filled with true": "s = Shape(X) f = ConstantOfShape<value = bool[1] {1}>(s) A = Not(f)",
    "expanded": "s = Shape(X) v = Constant<value = bool[1] {0}>() A = Expand(v, s)",
    "compared": "z = Constant<value = float {0}>() A = Less(X, z)",
}
"""How the first mask is made."""
OTHERS = {
    "the same": "[probe] Y = And(A, A)",
    "filled too": "s1 = Shape(X) B = ConstantOfShape<value = bool[1] {1}>(s1) [probe] Y = And(A, B)",
    "filled behind": "s1 = Shape(X) B = ConstantOfShape<value = bool[1] {1}>(s1) [probe] Y = And(B, A)",
    "constant false": "B = Constant<value = bool[1] {0}>() [probe] Y = And(A, B)",
    "constant true": "B = Constant<value = bool[1] {1}>() [probe] Y = And(B, A)",
    "given": "[probe] Y = And(A, M)",
    "compared": "one = Constant<value = float {1}>() B = Less(X, one) [probe] Y = And(A, B)",
}
"""What the second mask is."""
DATA = {"dynamic": ("n", "3"), "square": ("n", "n"), "all dynamic": ("n", "m", "k"), "one dim": ("n",), "fixed": ("2", "3")}


def _conjunction(mask: str, other: str, dims: str, opset: int = 17) -> TextProbe:
    data = DATA[dims]
    body = f"{MASKS[mask]} {OTHERS[other]}"
    given = f", bool[{','.join(data)}] M" if other == "given" else ""
    text = HEAD.format(opset=opset, data=",".join(data), mask=given, out=",".join("abcd"[: len(data)]), body=body)
    return TextProbe("And", f"And of a mask {mask} and one {other}, {dims}, opset={opset}", text, ("filled", AGAIN))


FORMS = [
    *(_conjunction(mask, other, dims) for mask in MASKS for other in OTHERS for dims in DATA),
    *(_conjunction(mask, "filled too", "dynamic", opset) for mask in MASKS for opset in (11, 13)),
]
