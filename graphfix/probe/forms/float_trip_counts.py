"""Loops that run as often as a range has numbers, computed from floats and from integers."""

from graphfix.probe.form import AGAIN, TextProbe

COUNTS = {
    "range": "d = Sub(b, a) f = Cast<to = 1>(d) e = Cast<to = 1>(s) q = Div(f, e) c = Ceil(q) r = Relu(c) m = Cast<to = 7>(r)",
    "difference": "d = Sub(b, a) m = Cast<to = 7>(d)",
    "sum": "d = Add(b, s) r = Sub(d, a) m = Cast<to = 7>(r)",
}
BODIES = {
    "steps": "o = Add(h, s) z = Identity(h)",
    "doubles": "o = Add(h, h) z = Identity(o)",
}
HEAD = ('<ir_version: 8, opset_import: ["": {opset}]> g ({dtype} a, {dtype} b, {dtype} s) => ({dtype} Y, {dtype}[n] Z) {{ '
        "{count} t = Constant<value = bool {{1}}>() [probe] Y, Z = Loop(m, {cond}, a) <body = l (int64 i, bool p, {dtype} h) => "
        "(bool q, {dtype} o, {dtype} z) {{ q = Identity(p) {body} }}> }}")  # fmt: skip


def ranged(dtype: str, count: str, body: str, cond: str, opset: int) -> TextProbe:
    """A loop that steps from one number to another."""
    text = HEAD.format(dtype=dtype, count=COUNTS[count], body=BODIES[body], cond=cond, opset=opset)
    return TextProbe("Loop", f"{count} of {dtype}, {body}, condition {cond}, opset={opset}", text, ("trips", AGAIN))


FORMS = [
    ranged(dtype, count, body, cond, opset)
    for dtype in ("float", "float16", "double", "int32", "int64")
    for count in COUNTS
    for body in BODIES
    for cond in ("t", "")
    for opset in (13, 17)
    if cond or opset == 17
]
