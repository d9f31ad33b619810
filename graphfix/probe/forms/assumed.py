"""Recurrent layers with a dynamic batch in the data and a fixed one in the initial state, and Squeeze without axes.

Such a Squeeze removes dims of size 1, which are known at runtime only where dims are dynamic.
"""

from graphfix.probe.form import TextProbe

GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}
TEXT = '<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => (float[] Y) {{ {body} }}'
TAILS = (
    ("y", "[beside_tail] z = Relu(y)"),
    ("s", "[beside_tail] z = Relu(s)"),
    ("s", "m = Constant<value = float[2,4] {1, 2, 3, 4, 5, 6, 7, 8}>() [beside_tail] z = MatMul(s, m)"),
    ("s", "m = Constant<value = int64[2] {-1, 2}>() [beside_tail] z = Reshape(s, m)"),
)
"""The nodes between the layer and the Squeeze, on all outputs or the last one: ranks 4, 3 and 2."""


OPEN = ("one,1", "one,4", "one,1,4", "one,3,1", "n,one,4", "n,one", "one,3,1,1", "one,3,h,1", "n,one,1,4", "n,one,h,one")
"""Data with dynamic dims; the dim `one` has size 1 at runtime."""
OPSETS = (11, 13, 25)
"""With axes as an attribute, with axes as an operand, and the newest."""


def _numbers(name: str, *shape: int) -> str:
    count = 1
    for size in shape:
        count *= size
    values = ", ".join(str((i % 7 - 3) / 8) for i in range(count))
    return f"{name} = Constant<value = float[{','.join(map(str, shape))}] {{{values}}}>() "


def _aged(opset: int) -> tuple[str, ...]:
    """The facets that an older Squeeze also varies: its axes are an attribute."""
    return ("since",) if opset < 13 else ()


def _layer(op: str, made: str, label: str, state: str, batch: int) -> tuple[str, str]:
    """The inputs and nodes of a layer over data with a dynamic batch and states with a fixed batch."""
    gates = GATES[op] * 2
    body = _numbers("w", 1, gates, 3) + _numbers("r", 1, gates, 2) + _numbers("b", 1, 2 * gates)
    states = ("h", "k") if op == "LSTM" else ("h",)
    inputs = "float[3,one,3] X" if batch == 1 else "float[3,n,3] X"
    for name in states:
        if state == "constant":
            body += _numbers(name, 1, batch, 2)
        else:
            inputs += f", float[1,{batch},2] {name}"
    return inputs, f"{body}[{label}] {made} = {op}<hidden_size = 2>(X, w, r, b, , {', '.join(states)}) "


def squeezed(op: str, output: str, tail: str, opset: int, batch: int) -> TextProbe:
    """A layer followed by a Squeeze without axes."""
    inputs, body = _layer(op, "y" if output == "y" else "u, s", "beside_layer", "runtime", batch)
    text = TEXT.format(opset=opset, inputs=inputs, body=f"{body} {tail} [probe] Y = Squeeze(z)")
    return TextProbe("Squeeze", f"behind {op} {output} batch={batch} opset={opset}", text, ("squeezed", *_aged(opset)))


def stated(op: str, state: str, opset: int, batch: int) -> TextProbe:
    """The layer without a Squeeze."""
    inputs, body = _layer(op, "Y", "probe", state, batch)
    text = TEXT.format(opset=opset, inputs=inputs, body=body)
    return TextProbe(op, f"open batch, {state} state of {batch}, opset={opset}", text, ("X.dims", "initial_h.from"))


def opened(dims: str, opset: int, axis: int | None = None) -> TextProbe:
    """A Squeeze of data with dynamic dims, without axes or, for comparison, with one."""
    head = f'<ir_version: {10 if opset > 20 else 8}, opset_import: ["": {opset}]>'
    node = "Squeeze(X)" if axis is None else f"Squeeze<axes = [{axis}]>(X)"
    given = ""
    if axis is not None and opset >= 13:
        given, node = f"a = Constant<value = int64[1] {{{axis}}}>() ", "Squeeze(X, a)"
    text = f"{head} g (float[{dims}] X) => (float[] Y) {{ {given}[probe] Y = {node} }}"
    return TextProbe("Squeeze", f"axes={axis}, data=[{dims}] opset={opset}", text, ("data.dims", "squeezed", *_aged(opset)))


FORMS = [
    *(opened(dims, opset, axis) for opset in OPSETS for dims in OPEN
        for axis in (None, *(at for at, size in enumerate(dims.split(",")) if size in ("1", "one")))),
    *(squeezed(op, output, tail, opset, batch)
        for op in ("GRU", "RNN", "LSTM") for opset in (9, 11, 13, 17) for batch in (1, 2) for output, tail in TAILS),
    *(stated(op, state, opset, batch)
        for op in GATES for state in ("constant", "runtime") for opset in (9, 13, 17) for batch in (2,)),
]  # fmt: skip
