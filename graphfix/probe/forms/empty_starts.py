"""Loops that collect what each iteration makes in a tensor, which has no elements before the first."""

from graphfix.probe.form import TextProbe

TEXT = """<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}float[{dims}] X) => (float[] Y) {{
    {count} c = Constant<value = bool {{1}}>() {start}
    [probe] Y = Loop(n, c, w)<body = b (int64 i, bool k, float[{inner}] p) => (bool q, float[] r) {{
        q = Identity(k) r = Concat<axis = {axis}>(p, X) }}> }}"""
COUNTS = {"constant": ("", "n = Constant<value = int64 {3}>()"), "runtime": ("int64 n, ", "")}
SHAPES = (("2,4", 0), ("1,2,4", 1), ("4", 0), ("2,3,4", 2))
"""The shape of what is collected, and the axis on which it is."""
STARTS = {
    "folded": "w0 = Constant<value = int64[{rank}] {{{sizes}}}>() w = ConstantOfShape(w0)",
    "literal": "w = Constant<value = float[{shape}] {{{values}}}>()",
    "sliced": "a = Constant<value = int64[1] {{0}}>() e = Constant<value = int64[1] {{{ends}}}>() "
        "d = Constant<value = int64[1] {{{axis}}}>() w = Slice(X, a, e, d)",
}  # fmt: skip


def collected(start: str, size: int, count: str, dims: str, axis: int, opset: int, *, told: bool) -> TextProbe:
    """A loop whose first tensor has `size` parts on the axis."""
    more, made = COUNTS[count]
    sizes = [int(dim) for dim in dims.split(",")]
    sizes[axis] *= size
    elements = 1
    for each in sizes:
        elements *= each
    shape = ",".join(map(str, sizes))
    begin = STARTS[start].format(
        rank=len(sizes), sizes=shape, shape=shape, axis=axis, ends=sizes[axis], values=", ".join(["1"] * elements)
    )
    inner = ",".join("m" if at == axis else dim for at, dim in enumerate(dims.split(","))) if told else ""
    text = TEXT.format(opset=opset, inputs=more, dims=dims, count=made, start=begin, inner=inner, axis=axis)
    label = f"from {start} {shape} M={count} axis={axis} opset={opset}{'' if told else ', body without dims'}"
    return TextProbe("Loop", label, text, ("starts",))


FORMS = [
    collected(start, size, count, dims, axis, opset, told=told)
    for start in STARTS
    for size in (0, 1)
    for count in COUNTS
    for dims, axis in SHAPES
    for opset, told in ((13, True), (13, False), (17, True))
]
