"""A strided 1x1 convolution, or a Slice with steps, after a pointwise convolution or a MatMul, with or without dynamic dims."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[{out}] Y) <{weights}> {{ {body} }}'
SIZES = {3: (1, 4, 6), 4: (1, 4, 6, 6), 5: (1, 4, 4, 6, 6)}
"""The shape of the data: 4 channels, and 6 columns in the last axis for MatMul."""
OPEN = {
    3: ("", "0", "2", "02", "012"),
    4: ("", "0", "2", "3", "23", "02", "023"),
    5: ("", "0", "4", "234", "0234"),
}
"""Axes that are dynamic."""
MIDDLES = {
    "nothing": "m = Identity(p)",
    "Relu": "m = Relu(p)",
    "Add": "m = Add(p, X)",
    "batch normalisation": "m = BatchNormalization(p, s, s, s, s)",
    "swish": "g = Sigmoid(p) m = Mul(p, g)",
    "residual": "q = Add(p, X) m = Relu(q)",
    "Transpose": "m = Transpose<perm = [0, 1, 3, 2]>(p)",
    "Softmax": "m = Softmax<axis = 1>(p)",
    "MaxPool": "m = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(p)",
    "Conv": "m = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(p, k)",
}


def _tensor(name: str, shape: tuple[int, ...]) -> str:
    count = 1
    for size in shape:
        count *= size
    numbers = ", ".join(f"{(i * 7 % 5 - 2) / 4 + 0.125}" for i in range(count))
    return f"float[{','.join(map(str, shape))}] {name} = {{{numbers}}}"


def thinning(
    op: str, rank: int, free: str, *, middle: str = "nothing", product: str = "Conv",
    strides: str = "", size: str = "", opset: int = 17,
) -> TextProbe:
    """A probe with a product, the nodes after it, and the node that selects entries."""
    spatial, dims = rank - 2, SIZES[rank]
    written = ",".join(f"D{i}" if str(i) in free else str(size) for i, size in enumerate(dims))
    one = ", ".join("1" * spatial)
    kernel = [int(n) for n in size.split()] if size else [1] * spatial
    steps = strides or ", ".join("2" * spatial)
    weights = [_tensor("w", (4, 4, *[1] * spatial)), _tensor("v", (4, 4, *kernel)), _tensor("t", (dims[-1], dims[-1]))]
    weights += ["float[4] s = {1, 2, 0.5, 1}"] if "batch" in middle else []
    weights += [_tensor("k", (4, 4, 3, 3))] if middle == "Conv" else []
    if op == "Slice":
        weights += [f"int64[1] {name} = {{{number}}}" for name, number in (("b", 0), ("e", 4), ("a", 2), ("n", 2))]
    first = {"Conv": f"p = Conv<kernel_shape = [{one}]>(X, w)", "MatMul": "p = MatMul(X, t)", "Relu": "p = Relu(X)"}[product]
    shape = ", ".join(map(str, kernel))
    last = f"Conv<kernel_shape = [{shape}], strides = [{steps}]>(m, v)" if op == "Conv" else "Slice(m, b, e, a, n)"
    body = f"{first} {MIDDLES[middle]} [probe] z = {last} Y = Relu(z)"
    out = ",".join(f"O{i}" for i in range(rank))
    text = HEAD.format(opset=opset, dims=written, out=out, weights=", ".join(weights), body=body)
    label = f"rank={rank} open={free or 'none'} {product} {middle} strides={steps} kernel={shape} opset={opset}"
    return TextProbe(op, f"thinning {label}", text, ("thins", "X.dims" if op == "Conv" else "data.dims"))


FORMS = [
    *(thinning("Conv", rank, free, product=product)
      for rank in SIZES for free in OPEN[rank] for product in ("Conv", "MatMul", "Relu")),
    *(thinning("Conv", 4, free, middle=middle) for middle in MIDDLES for free in ("", "0", "23")),
    *(thinning("Conv", 4, free, opset=opset, middle="residual") for opset in (9, 11, 13, 22) for free in ("", "0")),
    *(thinning("Conv", 4, free, strides=strides, size=size)
      for strides, size in (("2, 1", "1 1"), ("1, 2", "1 1"), ("2, 2", "1 3"), ("3, 3", "1 1"), ("2, 2", "2 2"), ("2, 2", "3 3"))
      for free in ("", "0", "023")),
    *(thinning("Slice", rank, free, product=product)
      for rank in SIZES for free in OPEN[rank] for product in ("Conv", "MatMul", "Relu") if "2" not in free),
    *(thinning("Slice", 4, free, middle=middle) for middle in ("Relu", "residual", "swish") for free in ("", "0", "3")),
]  # fmt: skip
