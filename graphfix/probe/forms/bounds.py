"""Clip with bounds from every source in every dtype, and reductions over one or several runtime axes."""

from graphfix.analysis.facets.derived import REDUCTIONS
from graphfix.probe.form import TextProbe

DTYPES = ("float", "float16", "double", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
BOUNDS = ("", "constant", "runtime")


def clipped(dtype: str, low: str, high: str) -> TextProbe:
    """A Clip whose bounds are omitted, constant or runtime inputs."""
    given, before, operands = f"{dtype}[2,3,4] X", "", ["X"]
    for name, source, value in (("low", low, 1), ("high", high, 2)):
        if source == "runtime":
            given += f", {dtype} {name}"
        elif source == "constant":
            before += f"{name} = Constant<value = {dtype} {{{value}}}>() "
        operands.append(name if source else "")
    while not operands[-1]:
        operands.pop()
    node = f"[probe] Y = Clip({', '.join(operands)})"
    text = f'<ir_version: 8, opset_import: ["": 13]> g ({given}) => ({dtype}[2,3,4] Y) {{ {before}{node} }}'
    return TextProbe("Clip", f"{dtype}, min {low or 'absent'}, max {high or 'absent'}", text, ("T", "min.from", "max.from"))


def reduced(op: str, axes: int, keep: int) -> TextProbe:
    """A reduction over the given number of runtime axes."""
    opset = 20 if op in ("ReduceMax", "ReduceMin") else 18
    head = f'<ir_version: 8, opset_import: ["": {opset}]> g (float[3,3,3,3] X, int64[{axes}] d) => (float[] Y)'
    order = ", ".join(str(at - 1) for at in range(axes))
    given = f"o = Constant<value = int64[{axes}] {{{order}}}>() z = Sub(d, d) a = Add(z, o)"
    node = f"{given} [probe] Y = {op}<keepdims = {keep}>(X, a)"
    return TextProbe(op, f"{axes} axes read, keepdims={keep}", f"{head} {{ {node} }}", ("axes.from", "unranked"))


FORMS = [
    *(clipped(dtype, low, high) for dtype in DTYPES for low in BOUNDS for high in BOUNDS),
    *(reduced(op, axes, keep) for op in REDUCTIONS for axes in (1, 2, 3) for keep in (0, 1)),
]
