"""Quantised operators whose data a QuantizeLinear or another quantised operator makes, as quantised models have them."""

from itertools import product

from graphfix.probe.form import AGAIN, TextProbe

MS = "com.microsoft."
SHAPES = {
    2: "{n},8",
    3: "{n},6,8",
    4: "{n},8,5,5",
}
SECOND = {"alike": "a", "gate": "g", "constant": "K"}
NODES = {
    **{f"QLinear{op}": f"{MS}QLinear{op}(a, s, z, SECOND, s, z, t, y)" for op in ("Add", "Mul")},
    "QLinearConcat": f"{MS}QLinearConcat<axis = 1>(t, y, a, s, z, a, s, z)",
    "QLinearSigmoid": f"{MS}QLinearSigmoid(a, s, z, t, y)",
    "QLinearLeakyRelu": f"{MS}QLinearLeakyRelu<alpha = 0.1>(a, s, z, t, y)",
    "QLinearSoftmax": f"{MS}QLinearSoftmax<axis = -1, opset = 13>(a, s, z, t, y)",
    "QLinearAveragePool": f"{MS}QLinearAveragePool<kernel_shape = [2, 2]>(a, s, z, t, y)",
    "QLinearGlobalAveragePool": f"{MS}QLinearGlobalAveragePool<channels_last = 0>(a, s, z, t, y)",
}
DTYPES = {"uint8": (128, 120), "int8": (0, -5)}
MADE = {
    "QuantizeLinear": "a = QuantizeLinear(X, s, z)",
    "an operator": f"b = QuantizeLinear(X, s, z) a = {MS}QLinearAdd(b, s, z, b, s, z, s, z)",
}
BEHIND = {"DequantizeLinear": "Y = DequantizeLinear(c, t, y)",
          "an operator": f"d = {MS}QLinearAdd(c, t, y, c, t, y, s, z) Y = DequantizeLinear(d, s, z)"}  # fmt: skip


def _between(op: str, batch: str, rank: int, dtype: str, second: str, made: str, behind: str) -> TextProbe:
    """One operator; a gate is the mean over the last axes, with the same rank."""
    shape = SHAPES[rank].format(n=batch)
    first, point = DTYPES[dtype]
    gate = ""
    if second == "gate":
        axes = "[2, 3]" if rank == 4 else "[1]"
        gate = f"m = ReduceMean<axes = {axes}>(X) g = QuantizeLinear(m, s, z) "
    channels = "8,1,1" if rank == 4 else "8"
    held = f"float s = {{0.04}}, {dtype} z = {{{first}}}, float t = {{0.06}}, {dtype} y = {{{point}}}"
    node = NODES[op].replace("SECOND", SECOND[second])
    text = (
        f'<ir_version: 8, opset_import: ["": 17, "com.microsoft": 1]> g (float[{shape}] X)'
        f" => (float[{','.join(f'o{at}' for at in range(rank))}] Y) <{held}>"
        f" {{ {MADE[made]} {gate}[probe] c = {node} {BEHIND[behind]} }}"
    )
    weights = [("K", dtype, tuple(map(int, channels.split(","))), 0, 100)] if second == "constant" else []
    label = f"of [{shape}] {dtype} behind {made}, with {second}, before {behind}"
    return TextProbe(MS + op, label, text, ("entering", AGAIN), weights=weights)


FORMS = [
    *(_between(op, batch, rank, dtype, second, made, behind) for op, batch, rank, dtype, second, (made, behind) in product(
        ("QLinearAdd", "QLinearMul"), ("1", "2", "n"), SHAPES, DTYPES, SECOND, zip(MADE, BEHIND, strict=True))),
    *(_between(op, batch, rank, dtype, "alike", made, behind) for op, batch, rank, dtype, (made, behind) in product(
        ("QLinearConcat", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"), ("1", "2", "n"), SHAPES, DTYPES,
        zip(MADE, BEHIND, strict=True))),
    *(_between(op, batch, 4, dtype, "alike", made, behind) for op, batch, dtype, (made, behind) in product(
        ("QLinearAveragePool", "QLinearGlobalAveragePool"), ("1", "2", "n"), DTYPES, zip(MADE, BEHIND, strict=True))),
]  # fmt: skip
