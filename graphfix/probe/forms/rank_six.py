"""Operators on data of rank 6 that a model makes of fewer axes: heads and windows of attention, patches of images."""

from itertools import product

from graphfix.probe.form import AGAIN, TextProbe

HELD = "int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[3] parts = {1, 1, 1}, int64 i = {1}"
TARGETS = {
    "computed": "s = Shape(X) n = Slice(s, zero, one, zero) t = Concat<axis = 0>(n, rest)",
    "gathered": "s = Shape(X) g = Gather(s, z) n = Unsqueeze(g, zero) t = Concat<axis = 0>(n, rest)",
    "copied": "t = Identity(copied)",
    "open": "t = Identity(open)",
}
VIEWS = {
    "windows": ("-1, 4, 3, 2, 4", "[3, 0, 4, 2, 1, 5]"),
    "heads": ("4, 8, 3, 2, 4", "[3, 0, 1, 4, 2, 5]"),
}
NODES = {
    "Split": ("[probe] Y, B, C = Split<axis = 0>(r, parts)", 6),
    "Split even": ("[probe] Y, B, C = Split<axis = 0>(r)", 6),
    "Squeeze": ("a, b, c = Split<axis = 0>(r, parts) [probe] Y = Squeeze(a, zero) B = Neg(b) C = Neg(c)", 5),
    "Squeeze of Slice": ("a = Slice(r, one, two, zero) [probe] Y = Squeeze(a, zero)", 5),
    "Gather": ("[probe] Y = Gather<axis = 0>(r, i)", 5),
    "Slice": ("[probe] Y = Slice(r, one, two, zero)", 6),
    "ReduceMax": ("[probe] Y = ReduceMax<axes = [3], keepdims = 0>(r)", 5),
    "ReduceMean": ("[probe] Y = ReduceMean<axes = [3], keepdims = 0>(r)", 5),
    "Mul": ("[probe] Y = Mul(r, r)", 6),
    "Softmax": ("[probe] Y = Softmax<axis = 5>(r)", 6),
    "Concat": ("[probe] Y = Concat<axis = 0>(r, r)", 6),
}


def _ranked(name: str, dims: str, target: str, view: str, opset: int) -> TextProbe:
    node, rank = NODES[name]
    rest, order = VIEWS[view]
    several = name in ("Split", "Split even", "Squeeze")
    node = node.replace("<axis = 0>(r)", "<axis = 0, num_outputs = 3>(r)") if name == "Split even" and opset >= 18 else node
    more = "".join(f", float[{','.join(f'{end}{at}' for at in range(6))}] {end}" for end in "BC") if several else ""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) =>'
        f" (float[{','.join(f'o{at}' for at in range(rank))}] Y{more}) <{HELD}, int64 z = {{0}}, int64[5] rest = {{{rest}}},"
        f" int64[6] copied = {{0, {rest}}}, int64[6] open = {{-1, {rest.replace('-1', '8')}}}>"
        f" {{ {TARGETS[target]} v = Reshape(X, t) r = Transpose<perm = {order}>(v) {node} }}"
    )
    label = f"{name} of [{dims}] by {target} target as {view} opset={opset}"
    return TextProbe(name.split()[0], label, text, ("rank 6", "dims", AGAIN))


def _is_exported(dims: str, target: str) -> bool:
    """Whether exporters write such a target: they compute one only where a dim is dynamic."""
    return target in ("copied", "open") or "n" in dims


FORMS = [
    *(_ranked(name, dims, target, view, opset) for name, dims, target, view, opset in product(
        NODES, ("1,32,24", "2,32,24", "n,32,24"), TARGETS, VIEWS, (13, 17)) if _is_exported(dims, target)),
    *(_ranked("Split even", dims, target, view, 18) for dims, target, view in product(
        ("1,32,24", "n,32,24"), TARGETS, VIEWS) if _is_exported(dims, target)),
]  # fmt: skip
