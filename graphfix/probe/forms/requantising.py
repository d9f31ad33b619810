"""Softmax and LogSoftmax between DequantizeLinear and QuantizeLinear, directly and with a node in between."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({given}[{dims}] X) => ({made}[{out}] Y) <{held}> {{ {body} }}'
BYTES = {
    "int8": {"Softmax": (3, "0.00390625", -128), "LogSoftmax": (3, "0.05", 100)},
    "uint8": {"Softmax": (130, "0.00390625", 0), "LogSoftmax": (130, "0.05", 220)},
}
"""The zero points of data and output, and the output's scale."""
PROBE = "[probe] y = {op}<axis = {axis}>(x)"
START = f"x = DequantizeLinear(X, a, b) {PROBE}"
ROWS = {
    "at once": "{start} Y = QuantizeLinear(y, c, d)",
    "moved behind": "{start} z = Identity(y) Y = QuantizeLinear(z, c, d)",
    "Mul before": "v = DequantizeLinear(X, a, b) x = Mul(v, m) {probe} Y = QuantizeLinear(y, c, d)",
    "Mul behind": "{start} z = Mul(y, m) Y = QuantizeLinear(z, c, d)",
    "not quantised": "{start} Y = Cast<to = 1>(y)",
}
SHAPES = {"2,10": 1, "2,5,4": 2, "1,6,3,3": 1, "N,10": 1}


def requantising(
    op: str, row: str, given: str = "int8", made: str = "", *, dims: str = "2,10", opset: int = 17, scale: str = "0.05",
) -> TextProbe:
    """One operator between DequantizeLinear and QuantizeLinear."""
    made = made or given
    point, to, end = BYTES[given][op][0], *BYTES[made][op][1:]
    held = [f"float a = {{{scale}}}", f"{given} b = {{{point}}}", f"float c = {{{to}}}", f"{made} d = {{{end}}}"]
    held.append("float m = {0.75}")
    body = ROWS[row].format(start=START, probe=PROBE).format(op=op, axis=SHAPES[dims])
    held = [one for one in held if f" {one.split()[1]})" in body or f" {one.split()[1]}," in body]
    result = "float" if row == "not quantised" else made
    text = HEAD.format(opset=opset, given=given, dims=dims, made=result, out=dims, held=", ".join(held), body=body)
    label = f"requantised {op} {row}, {given} to {made} [{dims}] scale={scale} opset={opset}"
    return TextProbe(op, label, text, ("requantised",))


FORMS = [
    *(requantising(op, row, given) for op in ("Softmax", "LogSoftmax") for row in ROWS for given in BYTES),
    *(requantising(op, "at once", given, made) for op in ("Softmax", "LogSoftmax")
      for given, made in (("int8", "uint8"), ("uint8", "int8"))),
    *(requantising(op, "at once", dims=dims) for op in ("Softmax", "LogSoftmax") for dims in SHAPES),
    *(requantising(op, "at once", opset=opset) for op in ("Softmax", "LogSoftmax") for opset in (11, 13, 21)),
    *(requantising(op, "at once", given, scale="0.0005") for op in ("Softmax", "LogSoftmax") for given in BYTES),
]  # fmt: skip
