"""Squeeze without axes behind recurrent layers whose batch is open in the data and fixed in the initial state."""

from graphfix.probe.form import Sketch

GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}
TEXT = '<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => (float[] Y) {{ {body} [probe] Y = Squeeze(z) }}'
TAILS = (
    ("y", "[beside_tail] z = Relu(y)"),
    ("s", "[beside_tail] z = Relu(s)"),
    ("s", "m = Constant<value = float[2,4] {1, 2, 3, 4, 5, 6, 7, 8}>() [beside_tail] z = MatMul(s, m)"),
    ("s", "m = Constant<value = int64[2] {-1, 2}>() [beside_tail] z = Reshape(s, m)"),
)
"""What stands between the layer and the Squeeze, behind all its results or the last: ranks 4, 3 and 2."""


def _numbers(name: str, *shape: int) -> str:
    count = 1
    for size in shape:
        count *= size
    values = ", ".join(str((i % 7 - 3) / 8) for i in range(count))
    return f"{name} = Constant<value = float[{','.join(map(str, shape))}] {{{values}}}>() "


def squeezed(op: str, output: str, tail: str, state: str, opset: int) -> Sketch:
    """A layer over data with an open batch and a state of fixed batch, then a Squeeze of whatever is one."""
    gates = GATES[op] * 2
    body = _numbers("w", 1, gates, 3) + _numbers("r", 1, gates, 2) + _numbers("b", 1, 2 * gates)
    if op == "LSTM":
        body += _numbers("k", 1, 2, 2)
    if state == "constant":
        body += _numbers("h", 1, 2, 2)
    made = "y" if output == "y" else "u, s"
    given = ", k" if op == "LSTM" else ""
    body += f"[beside_layer] {made} = {op}<hidden_size = 2>(X, w, r, b, , h{given}) {tail}"
    inputs = "float[3,n,3] X" + (", float[1,2,2] h" if state == "runtime" else "")
    text = TEXT.format(opset=opset, inputs=inputs, body=body)
    return Sketch("Squeeze", f"behind {op} {output} state={state} opset={opset}", text, ("squeezed",))


FORMS = [
    squeezed(op, output, tail, state, opset)
    for op in GATES
    for opset in (9, 11, 13, 17)
    for state in ("runtime", "constant")
    for output, tail in TAILS
]
