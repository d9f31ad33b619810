"""The second of two stacked recurrent layers, where only the initial states have a fixed batch size."""

from graphfix.probe.form import TextProbe

GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}
UNITS = 4


def stacked(op: str, dims: str, batch: str, *, directions: int = 2, opset: int = 17, reset: int = 0) -> TextProbe:
    """Two layers with their own states for a batch of that size; the directions are merged into the units in between."""
    rows, width = GATES[op] * UNITS, directions * UNITS
    word = "bidirectional" if directions == 2 else "forward"
    more = f", linear_before_reset = {reset}" if op == "GRU" else ""
    layer = f'{op}<direction = "{word}", hidden_size = {UNITS}{more}>'
    text = (
        f'<ir_version: 8, opset_import: ["" : {opset}]> g (float[{dims}] x, float[{directions},{batch},{UNITS}] h,'
        f" float[{directions},{batch},{UNITS}] k) => (float[t,d,b,u] y) <int64[3] one = {{0, 0, -1}},"
        f" float[{directions},{rows},{width}] w = {{{numbers(directions * rows * width)}}},"
        f" float[{directions},{rows},{UNITS}] r = {{{numbers(directions * rows * UNITS)}}}>"
        f" {{ a = {layer}(x, w, r, , , h) c = Transpose<perm = [0, 2, 1, 3]>(a) e = Reshape(c, one)"
        f" [probe] y = {layer}(e, w, r, , , k) }}"
    )
    label = f"second of two {word} layers on [{dims}], states for {batch}, reset={reset} opset={opset}"
    return TextProbe(op, label, text, ("followed", "X.dims"))


def numbers(count: int) -> str:
    """Return a number of weights."""
    return ", ".join(["0.1"] * count)


FORMS = [
    stacked(op, f"{steps},one,{directions * UNITS}", "1", directions=directions, reset=reset, opset=opset)
    for op in GATES
    for steps in ("1", "t")
    for directions in (1, 2)
    for reset in ((0, 1) if op == "GRU" else (0,))
    for opset in (12, 17)
]
