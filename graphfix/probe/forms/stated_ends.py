"""GroupNormalization at the end of a model that states its dims, and before other nodes: onnx infers no shape of its result."""

from itertools import product

from graphfix.probe.form import AGAIN, TextProbe

DIMS = ("1,8,6,6", "2,8,6,6", "n,8,6,6", "1,8,h,w", "n,8,h,w", "1,8,9", "n,8,9", "1,8,4,4,4", "n,8,4,4,4")
BEFORE = {"nothing": ("X", ""), "Relu": ("a", "a = Relu(X) "), "Add": ("a", "a = Add(X, X) ")}
BEHIND = {"nothing": "", "Relu": "Z = Relu(Y)", "Mul of Sigmoid": "z = Sigmoid(Y) Z = Mul(z, Y)"}


def _normalized(dims: str, before: str, behind: str, groups: int, opset: int, kind: str = "float") -> TextProbe:
    name, made = BEFORE[before]
    end = "Y" if behind == "nothing" else "Z"
    text = (
        f'<ir_version: 10, opset_import: ["": {opset}]> g ({kind}[{dims}] X) => ({kind}[{dims}] {end})'
        f" {{ {made}[probe] Y = GroupNormalization<num_groups = {groups}>({name}, s, b) {BEHIND[behind]} }}"
    )
    size = 8 if opset >= 21 else groups
    dtype = "float16" if kind == "float16" else "float32"
    weights = [("s", dtype, (size,), 0.5, 1.5), ("b", dtype, (size,), -0.5, 0.5)]
    label = f"{kind} [{dims}] in {groups} groups, {before} before, {behind} behind, opset={opset}"
    return TextProbe("GroupNormalization", label, text, ("concludes", "X.dims", AGAIN), weights=weights)


FORMS = [
    *(_normalized(*one, 4, opset) for one in product(DIMS, BEFORE, BEHIND) for opset in (21, 25)),
    *(_normalized(dims, before, behind, groups, 21) for dims, before, behind, groups in product(
        DIMS[:3], ("nothing", "Relu"), ("nothing", "Relu"), (1, 8))),
    *(_normalized(dims, "Relu", behind, 4, 21, "float16") for dims, behind in product(DIMS[:3], ("nothing", "Relu"))),
    *(_normalized(dims, "Relu", behind, 4, 18) for dims, behind in product(DIMS[:6], ("nothing", "Relu"))),
]  # fmt: skip
