"""Layers of the first state of a decoder: rows of one number, as many as the batch has, by weights."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[{made}] Y) {{ {body} }}'
WIDTH = 6
COUNTS = {
    "Shape of one dim": "n = Shape<start = 0, end = 1>(X)",
    "Gather": "s = Shape(X) at = Constant<value = int64[1] {0}>() n = Gather(s, at)",
    "Slice": "s = Shape(X) from = Constant<value = int64[1] {0}>() to = Constant<value = int64[1] {1}>() n = Slice(s, from, to)",
}
FILLS = {
    "ConstantOfShape": "z = ConstantOfShape<value = float[1] {0}>(dims)",
    "Expand": "zero = Constant<value = float {0}>() z = Expand(zero, dims)",
    "ConstantOfShape of ones": "z = ConstantOfShape<value = float[1] {1}>(dims)",
}
LAYERS = {"plain": ("transB = 1", "W, B"), "not transposed": ("", "W, B"), "without bias": ("transB = 1", "W")}
BEHIND = {
    "nothing": "Y = Identity(g)",
    "Unsqueeze": "one = Constant<value = int64[1] {1}>() Y = Unsqueeze(g, one)",
    "Relu": "Y = Relu(g)",
}
WEIGHTS = [("W", "float32", (WIDTH, WIDTH), -1, 1), ("B", "float32", (WIDTH,), -1, 1)]


def _layer(count: str, fill: str, layer: str, behind: str, dims: str, opset: int) -> TextProbe:
    options, operands = LAYERS[layer]
    target = f"width = Constant<value = int64[1] {{{WIDTH}}}>() dims = Concat<axis = 0>(n, width)"
    node = f"[probe] g = Gemm{f'<{options}>' if options else ''}({operands.replace('W', 'z, W', 1)})"
    body = f"{COUNTS[count]} {target} {FILLS[fill]} {node} {BEHIND[behind]}"
    made = f"b,1,{WIDTH}" if behind == "Unsqueeze" else f"b,{WIDTH}"
    text = HEAD.format(opset=opset, dims=dims, made=made, body=body)
    weights = WEIGHTS[:1] if layer == "without bias" else WEIGHTS
    label = f"{layer} layer of {fill}, batch by {count} of [{dims}], behind it {behind}, opset={opset}"
    return TextProbe("Gemm", label, text, ("foldable", "A.dims", AGAIN), weights=weights)


FORMS = [
    *(_layer("Shape of one dim", fill, layer, "nothing", "b,4", 17) for fill in FILLS for layer in LAYERS),
    *(
        _layer(count, fill, "plain", behind, dims, 17)
        for count in COUNTS
        for fill in FILLS
        for behind in BEHIND
        for dims in ("b,4", "b,5,h,w")
    ),
    *(_layer("Gather", fill, "plain", "nothing", "b,4", opset) for fill in FILLS for opset in (15, 21)),
]
