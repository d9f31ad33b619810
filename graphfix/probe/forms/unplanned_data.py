"""Nodes that a runtime refuses to prepare, behind a result whose size it computes when it runs, or beside one."""

from graphfix.probe.form import AGAIN, TextProbe
from graphfix.probe.forms.postponed_checks import HELD, MAKERS

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}, float[a,b] Z) => (float[] Y, float[] P) <{held}> {{ {body} }}'
AXIS = "r = Constant<value = int64[1] {2}>() "
OTHER_AXES = ("-1", "1", "0")
WIDE = ("2,2,9,2,2,2,2", "1,2,3,2,2,4,4")
SEEN = ("3,7", "2,3,7", "2,3,5,7")
NODES = {
    **{op: (WIDE, f"{AXIS}[probe] Y = {op}<keepdims = 0>(X, r)") for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin")},
    "Where": (SEEN, "k = Constant<value = int64 {-1}>() i = Cast<to = 7>(X) [probe] w = Where(M, i, k) Y = Cast<to = 1>(w)"),
    "Conv": (("n,c,h,w", "n,c,l"), "[probe] Y = Conv(X, K)"),
    "ConvTranspose": (("n,c,h,w", "n,c,l"), "[probe] Y = ConvTranspose(X, K)"),
}
"""Nodes by operator, with dims of the data, that are refused where the runtime plans them."""
KINDS = {"int32": ("6", "-1"), "uint8": ("2", "1"), "bool": ("9", "1"), "double": ("11", "-1")}
"""Other dtypes of what Where chooses, with their codes and a number."""
CHANNELS = 2
BEFORE = ("nothing", "Softmax", "Reshape by two sizes", "Unsqueeze", "NonZero", "Range", "Reshape by copies")


def _after(op: str, maker: str, dims: str, *, behind: bool, opset: int = 18, axis: str = "2", kind: str = "int64") -> TextProbe:
    node = NODES[op][1].replace("{2}", f"{{{axis}}}")
    if kind != "int64":
        code, number = KINDS[kind]
        node = node.replace("int64 {-1}", f"{kind} {{{number}}}").replace("<to = 7>", f"<to = {code}>")
    masks = f", bool[{dims}] M" if op == "Where" else ""
    scaled = "s = ReduceMax<keepdims = 0>(P) X = Mul(X0, s)" if behind else "X = Relu(X0)"
    body = f"{MAKERS[maker]} {scaled} {node}"
    text = HEAD.format(opset=opset, inputs=f"float[{dims}] X0{masks}", held=HELD, body=body)
    kernel = (CHANNELS, CHANNELS) + (1,) * (dims.count(",") - 1)
    weights = [("K", "float32", kernel, -1, 1)] if "K)" in node else []
    what = f" along {axis}" if axis != "2" else f" of {kind}" if kind != "int64" else ""
    label = f"[{dims}]{what} {'behind' if behind else 'beside'} {maker}, opset={opset}"
    return TextProbe(op, label, text, ("postponed" if weights else "planned", AGAIN), weights=weights)


FORMS = [
    *(
        _after(op, maker, dims, behind=behind)
        for op in NODES
        for dims in NODES[op][0]
        for maker in BEFORE
        for behind in (True, False)
    ),
    *(
        _after(op, maker, WIDE[0], behind=True, axis=axis)
        for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin")
        for axis in OTHER_AXES
        for maker in ("nothing", "Unsqueeze", "NonZero")
    ),
    *(
        _after("Where", maker, dims, behind=True, kind=kind)
        for kind in KINDS
        for dims in SEEN[:2]
        for maker in ("nothing", "Unsqueeze", "NonZero", "Reshape by two sizes")
    ),
    *(_after(op, maker, NODES[op][0][0], behind=True, opset=21) for op in NODES for maker in ("Unsqueeze", "NonZero")),
]
