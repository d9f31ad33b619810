"""Operators in the body of a Loop whose sizes or bounds come from the step, from a carried value, or from outside."""

from graphfix.probe.form import AGAIN, TextProbe

FROM = {
    "the step": "i = Unsqueeze(at, zero) j = Add(i, one)",
    "a carried number": "i = Identity(had) j = Add(i, one)",
    "the step and a table": "p = Gather(table, at) i = Unsqueeze(p, zero) j = Add(i, one)",
    "constants": "i = Identity(zero) j = Identity(one)",
    "inputs": "i = Identity(from) j = Identity(to)",
    "sizes of an input": "s = Shape(X) r = Gather(s, zero) i = Sub(r, r) j = Add(i, one)",
    "the size of a carried value": "s = Shape(had) i = Sub(s, s) j = Identity(s)",
}
"""Where two numbers `i` and `j` come from, of which the second is greater by one."""
NODES = {
    "Slice": "[probe] v = Slice(X, i, j, zero)",
    "Slice of a row": "[probe] v = Slice(W, i, j, one) w = Squeeze(v, one)",
    "Slice from a number": "[probe] v = Slice(X, i, end, zero)",
    "Slice to a number": "[probe] v = Slice(X, zero, j, zero)",
    "Slice of what the body makes": "f = Cast<to = 1>(at) d = Mul(X, f) [probe] v = Slice(d, i, j, zero)",
    "Range": "a = Squeeze(i, zero) b = Squeeze(j, zero) [probe] r = Range(a, b, single) v = Gather(X, r)",
    "Range from zero": "b = Squeeze(j, zero) [probe] r = Range(none, b, single) v = Gather(X, r)",
    "Expand": "u = Gather(X, zero) [probe] v = Expand(u, j)",
    "ConstantOfShape": "[probe] v = ConstantOfShape<value = float[1] {2}>(j)",
    "Tile": "u = Gather(X, zero) [probe] v = Tile(u, j)",
    "Reshape": "t = Concat<axis = 0>(j, rest) u = Gather(X, zero) e = Expand(u, j) [probe] v = Reshape(e, t)",
}
SUMMED = {"Slice of a row": "w, zero", "Reshape": "v, both"}
"""The result and the axes that are summed up, where these are not `v` and its first one."""
TRIPS = {"constant": ("", "int64 M = {3}, "), "an input": (", int64 M", "")}


def stepwise(node: str, source: str, *, trips: str = "constant", opset: int = 17) -> TextProbe:
    """A node in a body of three steps that gives a number for each."""
    more, held = TRIPS[trips]
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[6] X, int64[1] from, int64[1] to{more}) => '
        f"(int64[1] L, float[k] Z) <{held}int64[1] zero = {{0}}, int64[1] one = {{1}}, int64[1] rest = {{-1}},"
        " int64[1] end = {6}, int64 none = {0},"
        " int64 single = {1}, int64[2] both = {0, 1}, int64[3] table = {1, 0, 2},"
        " float[2,6] W = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}> { c = Constant<value = bool {1}>()"
        " L, Z = Loop(M, c, zero) <body = b (int64 at, bool go, int64[1] had) => (bool on, int64[1] has, float S) {"
        f" has = Add(had, one) {FROM[source]} {NODES[node]} S = ReduceSum<keepdims = 0>({SUMMED.get(node, 'v, zero')})"
        " on = Identity(go) }> }"
    )
    op = node.partition(" ")[0]
    return TextProbe(op, f"in a loop: {node}, by {source}, trips {trips}, opset={opset}", text, ("stepwise", AGAIN))


FORMS = [
    *(stepwise(node, source) for node in NODES for source in FROM),
    *(stepwise(node, source, trips="an input") for node in NODES for source in ("the step", "constants")),
    *(stepwise(node, source, opset=opset) for node in NODES for source in ("the step", "constants") for opset in (13, 18)),
]  # fmt: skip
