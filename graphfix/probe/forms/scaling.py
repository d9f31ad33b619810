"""Quantised tensors that are scaled by, or added to, a quantised constant: behind a product, and behind others."""

from graphfix.probe.form import TextProbe

WEIGHTS = ",".join(str(at * 7 % 11 - 5) for at in range(16))
FRONTS = {
    "MatMul": "C = MatMul(A, w)",
    "MatMul and bias": "B = MatMul(A, w) C = Add(B, k)",
    "MatMul and Relu": "B = MatMul(A, w) C = Relu(B)",
    "two runtime tensors": "C = MatMul(A, A)",
    "Transpose behind": "B = MatMul(A, w) C = Transpose<perm = [0, 2, 1]>(B)",
    "Conv": "C = Conv(A, wc)",
    "ConvTranspose": "C = ConvTranspose(A, wc)",
    "Relu": "C = Relu(A)",
    "Softmax": "C = Softmax(A)",
    "sum": "C = Add(A, A)",
}
"""What the quantised tensor is computed by, from a tensor of 1, 4, 4."""
QDQ = "{to}q = QuantizeLinear({of}, s, z) {to} = DequantizeLinear({to}q, s, z) "


def scaling(op: str, front: str, *, quantised: bool, weights: str, zero: int, constant: bool = True, first: bool = False,
            dtype: str = "int8", held: bool = False) -> TextProbe:
    """A tensor, its quantisation, and the node with a constant."""
    body = "k = Constant<value = float {2.0}>() vs = Constant<value = int64[3] {4, 4, 1}>() "
    body += "w = DequantizeLinear(wi, ws, wz) " if weights == "int8" else "w = Identity(wf) "
    body += QDQ.format(to="A", of="X") if quantised else "A = Identity(X) "
    text = FRONTS[front]
    if front.startswith("Conv"):
        body += "wc = DequantizeLinear(ci, ws, wz) " if weights == "int8" else "wc = Identity(cf) "
    body += text + " " + QDQ.format(to="d", of="C")
    body += "kq = QuantizeLinear(k, ks, z) kd = DequantizeLinear(kq, ks, z) " if constant else "kd = Identity(k) "
    if held:
        body = body.replace("kq = QuantizeLinear(k, ks, z) ", "").replace("(kq, ks, z)", "(ki, ks, z)")
    pair = "kd, d" if first else "d, kd"
    body += f"[probe] m = {op}({pair}) " + QDQ.format(to="Y", of="m")
    point = zero if dtype == "int8" else 128 + zero
    numbers = (f"float s = {{0.02}}, {dtype} z = {{{point}}}, float ks = {{0.02}}, int8[4,4] wi = {{{WEIGHTS}}}, "
               f"{dtype} ki = {{100}}, float ws = {{0.1}}, "
               f"int8 wz = {{0}}, float[4,4] wf = {{{WEIGHTS}}}, int8[4,4,1] ci = {{{WEIGHTS}}}, float[4,4,1] cf = {{{WEIGHTS}}}")
    model = f'<ir_version: 8, opset_import: ["": 17]> g (float[1,4,4] X) => (float[1,4,4] Y) <{numbers}> {{ {body} }}'
    label = f"scaling {front}, {'quantised' if quantised else 'float'} data, {weights} weights, zero point {zero}, {dtype}"
    kind = f"{'held' if held else 'quantised' if constant else 'plain'} constant{' first' if first else ''}"
    return TextProbe(op, f"{label}, {kind}", model, ("dequantised",))


FORMS = [
    *(scaling(op, front, quantised=quantised, weights=weights, zero=zero)
      for op in ("Mul", "Add") for front in FRONTS for quantised in (True, False) for weights in ("int8", "float")
      for zero in (0, -50) if weights == "int8" or front in ("MatMul", "Conv", "ConvTranspose")),
    *(scaling(op, front, quantised=True, weights="int8", zero=0, constant=constant, first=first)
      for op in ("Mul", "Add") for front in ("MatMul", "Relu")
      for constant, first in ((True, True), (False, False), (False, True))),
    *(scaling(op, "MatMul", quantised=quantised, weights="int8", zero=zero, dtype="uint8")
      for op in ("Mul", "Add") for quantised in (True, False) for zero in (0, -50)),
    *(scaling(op, front, quantised=quantised, weights="int8", zero=zero, held=True)
      for op in ("Mul", "Add") for front in ("MatMul", "two runtime tensors", "Softmax") for quantised in (True, False)
      for zero in (0, -50)),
]  # fmt: skip
