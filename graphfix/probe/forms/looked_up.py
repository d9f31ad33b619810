"""Rows of a quantised table that positions or sizes choose, as embeddings of positions read them."""

from graphfix.probe.form import AGAIN, TextProbe

WHERE = {
    "positions": "c = Range(zero, n, one)",
    "a part of the places": "k = Unsqueeze(n, first) c = Slice(places, first, k, first)",
    "one type": "k = Unsqueeze(n, first) c = Expand(zero, k)",
}
"""Ways to make as many indices as a dynamic dim has elements."""


def looked_up(kind: str, where: str, rank: int, *, point: bool = True, opset: int = 17) -> TextProbe:
    """A DequantizeLinear of rows that indices computed from a dynamic dim choose."""
    low = {"int8": -8, "uint8": 0, "int32": -8}[kind]
    inputs = "float[n, t, 4] X" if rank == 3 else "float[t, 4] X"
    body = (
        f"s = Shape(X) zero = Constant<value = int64 {{0}}>() one = Constant<value = int64 {{1}}>() "
        f"first = Constant<value = int64[1] {{0}}>() places = Constant<value = int64[8] {{0, 1, 2, 3, 4, 5, 6, 7}}>() "
        f"at = Constant<value = int64 {{{rank - 2}}}>() n = Gather(s, at) {WHERE[where]} "
    )
    body += "i = Unsqueeze(c, first) " if rank == 3 else "i = Identity(c) "
    zero = f"z = Constant<value = {kind} {{0}}>() " if point else ""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => (float[] Y) {{ {body} q = Gather(table, i) '
        f"scale = Constant<value = float {{0.5}}>() {zero}"
        f"[probe] d = DequantizeLinear(q, scale{', z' if point else ''}) Y = Add(X, d) }}"
    )
    label = f"of rows by {where}, rank {rank}, {kind} {'with' if point else 'without'} a zero point, opset={opset}"
    return TextProbe("DequantizeLinear", label, text, ("foldable", AGAIN), weights=(("table", kind, (8, 4), low, 8),))


FORMS = [
    *(looked_up(kind, where, rank) for kind in ("int8", "uint8") for where in WHERE for rank in (2, 3)),
    *(looked_up("int8", where, rank, point=False, opset=opset) for where in WHERE for rank, opset in ((2, 19), (3, 13))),
]  # fmt: skip
