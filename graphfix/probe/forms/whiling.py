"""Loops that count and stop by what they compute, with nothing from outside in the body, as exporters write `while`."""

from graphfix.probe.form import AGAIN, TextProbe

USUAL = 17
"""The opset at which all of them are asked about: what these loops have in common is what exported ones have."""
HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g ({given}) => (float[a] Y, int32 N) {{ {body} }}'
CONDITIONS = {
    "computed": ("", "s0 = ReduceSum<keepdims = 0>(X) t0 = Constant<value = float {10}>() c = Less(s0, t0)"),
    "constant": ("", "c = Constant<value = bool {1}>()"),
    "runtime": ("bool c, ", ""),
}
UNTIL = {
    "computed": "s = ReduceSum<keepdims = 0>(r) t = Constant<value = float {10}>() q = Less(s, t)",
    "kept": "q = Identity(k)",
    "constant": "q = Constant<value = bool {1}>()",
}


def counted(limit: int, condition: str, until: str, opset: int) -> TextProbe:
    """A loop over a vector and a counter."""
    more, before = CONDITIONS[condition]
    body = (
        f"m = Constant<value = int64 {{{limit}}}>() z = Constant<value = int32 {{0}}>() {before} "
        "[probe] Y, N = Loop(m, c, X, z) <body = b (int64 i, bool k, float[2] p, int32 n) => "
        "(bool q, float[a] r, int32 o) { one = Constant<value = float {1}>() r = Add(p, one) "
        f"u = Constant<value = int32 {{1}}>() o = Add(n, u) {UNTIL[until]} }}>"
    )
    text = HEAD.format(ir=8 if opset < 21 else 10, opset=opset, given=f"{more}float[2] X", body=body)
    label = f"counting to {limit}, cond={condition} until={until} opset={opset}"
    return TextProbe("Loop", label, text, ("M", "cond", "until", *((AGAIN,) if opset == USUAL else ())))


FORMS = [
    counted(limit, condition, until, opset)
    for opset in (13, 17, 21)
    for limit in (3, 9223372036854775807)
    for condition in CONDITIONS
    for until in UNTIL
    if limit < 9 or until == "computed"
]
