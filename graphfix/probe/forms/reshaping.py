"""A Reshape or Unsqueeze directly before a one-dimensional convolution or pool, and other producers for comparison."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[{data}] X) => (float[{out}] Y) <{weights}> {{ {body} Y = Relu(z) }}'
MAKERS = {
    "Reshape from rank 2": ("8,24", "3", "1,{c},{l}", "e = Reshape(X, s)"),
    "Reshape from rank 2, a batch": ("2,192", "3", "2,{c},{l}", "e = Reshape(X, s)"),
    "Reshape from rank 3": ("8,4,6", "3", "1,{c},{l}", "e = Reshape(X, s)"),
    "Reshape of channels": ("1,6,32", "3", "1,{c},{l}", "e = Reshape(X, s)"),
    "Reshape from rank 4": ("1,8,4,6", "3", "1,{c},{l}", "e = Reshape(X, s)"),
    "Reshape from rank 4, a batch": ("2,8,4,6", "3", "2,{c},{l}", "e = Reshape(X, s)"),
    "Reshape from rank 5": ("1,8,2,2,6", "3", "1,{c},{l}", "e = Reshape(X, s)"),
    "Reshape, batch free": ("N,8,4,6", "3", "0,{c},{l}", "e = Reshape(X, s)"),
    "Reshape and Identity": ("1,8,4,6", "3", "1,{c},{l}", "d = Reshape(X, s) e = Identity(d)"),
    "Reshape and Sigmoid": ("1,8,4,6", "3", "1,{c},{l}", "d = Reshape(X, s) e = Sigmoid(d)"),
    "Unsqueeze": ("8,24", "1", "0", "e = Unsqueeze(X, s)"),
    "Squeeze": ("1,8,1,24", "1", "2", "e = Squeeze(X, s)"),
    "Squeeze of the last": ("1,8,24,1", "1", "3", "e = Squeeze(X, s)"),
    "Transpose": ("1,24,8", "1", "0", "e = Transpose<perm = [0, 2, 1]>(X)"),
}
"""The shape of the data, the shape of the Reshape operand, its entries for channels and length, and the nodes."""
ONE_CHANNEL = {
    "Reshape to one channel": ("1,4,6", "3", "1,1,24", "e = Reshape(X, s)"),
    "Reshape from rank 4 to one channel": ("1,1,4,6", "3", "1,1,24", "e = Reshape(X, s)"),
    "Unsqueeze to one channel": ("2,24", "1", "1", "e = Unsqueeze(X, s)"),
}
READERS = {
    "AveragePool": ("kernel_shape = [2], strides = [2]", "", ""),
    "MaxPool": ("kernel_shape = [2], strides = [2]", "", ""),
    "LpPool": ("kernel_shape = [2], strides = [2]", "", ""),
    "Conv": ("kernel_shape = [2]", ", w", "3,{c},2"),
    "ConvTranspose": ("kernel_shape = [2]", ", w", "{c},3,2"),
}
DEPTHWISE = ("kernel_shape = [2], group = {c}", ", w", "{c},1,2")


def _numbers(shape: str) -> str:
    count = 1
    for size in shape.split(","):
        count *= int(size)
    return ", ".join(f"{(i * 7 % 5 - 2) / 4 + 0.125}" for i in range(count))


def reshaping(op: str, maker: str, *, depthwise: str = "", opset: int = 17) -> TextProbe:
    """A probe with one producer and one consumer."""
    data, rank, sizes, node = (MAKERS | ONE_CHANNEL)[maker]
    channels = 1 if maker in ONE_CHANNEL else 8
    attributes, operand, weight = DEPTHWISE if depthwise else READERS[op]
    held = [f"int64[{rank}] s = {{{sizes.format(c=channels, l=24)}}}"] if "s)" in node else []
    if weight:
        shape = weight.format(c=channels)
        held.append(f"float[{shape}] w = {{{_numbers(shape)}}}")
    body = f"{node} [probe] z = {op}<{attributes.format(c=channels)}>(e{operand})"
    text = HEAD.format(opset=opset, data=data, out="a,b,c", weights=", ".join(held), body=body)
    return TextProbe(op, f"{depthwise or 'plain'} {op} behind {maker}, opset={opset}", text, ("reshaped", "X.dims"))


FORMS = [
    *(reshaping(op, maker) for op in READERS for maker in (*MAKERS, *ONE_CHANNEL)),
    *(reshaping("Conv", maker, depthwise="depthwise") for maker in (*MAKERS, *ONE_CHANNEL)),
    *(reshaping(op, maker, opset=opset)
      for op in READERS for maker in ("Reshape from rank 4", "Reshape, batch free") for opset in (9, 11, 13, 22)),
]  # fmt: skip
