"""Transposes in the opsets that exporters write: what is refused for its rank must not look refused for its opset."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({dtype}[{dims}] X) => ({dtype}[{made}] Y) {{ {body} }}'
ORDERS = {
    "5,7": ("1,0", ""),
    "3,5,7": ("1,0,2", "2,0,1", "0,2,1", ""),
    "2,3,5,7": ("1,0,2,3", "2,0,1,3", "0,2,1,3", "0,2,3,1", ""),
    "2,3,4,5,6": ("2,0,3,1,4", "0,2,1,3,4"),
    "2,3,2,4,2,3": ("1,0,2,3,4,5", "0,1,3,2,4,5"),
    "n,5,7": ("1,0,2", "0,2,1"),
    "n,3,5,7": ("2,0,1,3", "0,2,1,3"),
}
"""Permutations by the dims of the data."""
OPSETS = (12, 17, 21, 23, 24)


def _transposed(dims: str, order: str, dtype: str, opset: int) -> TextProbe:
    sizes = dims.split(",")
    made = ",".join(sizes[int(axis)] for axis in order.split(",")) if order else ",".join(reversed(sizes))
    body = f"[probe] Y = Transpose{f'<perm = [{order}]>' if order else ''}(X)"
    text = HEAD.format(opset=opset, dims=dims, made=made, dtype=dtype, body=body)
    label = f"[{dims}] by {order or 'nothing'} {dtype} opset={opset}"
    return TextProbe("Transpose", label, text, ("since", "perm", "data.rank", AGAIN))


FORMS = [
    _transposed(dims, order, dtype, opset)
    for dims, orders in ORDERS.items()
    for order in orders
    for opset in OPSETS
    for dtype in ("float", "int64")
    if dtype == "float" or opset in (17, 21)
]
