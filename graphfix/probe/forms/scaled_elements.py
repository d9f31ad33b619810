"""Quantised tensors that are scaled by, or added to, quantised constants of several numbers, one for each channel or element."""

from graphfix.probe.form import AGAIN, TextProbe

NUMBERS = (3, -5, 7, 2, -4, 6, 1, -8)
FRONTS = {
    "MatMul": "C = MatMul(A, w)",
    "Relu": "C = Relu(A)",
    "Softmax": "C = Softmax(A)",
    "Conv": "C = Conv(A, cw)",
    "ConvTranspose": "C = ConvTranspose(A, cw)",
    "sum": "C = Add(A, A)",
}
"""What the quantised tensor is computed by, from a tensor of 1, 4, 6 or 1, 4, 6, 6."""
DATA = {3: "1,4,6", 4: "1,4,6,6"}
SHAPES = {3: ("1", "1,1,1", "4,1", "1,4,1", "6", "1,1,6", "1,4,6"), 4: ("1", "4,1,1", "6", "6,1", "4,6,1", "6,6", "1,4,6,6")}
"""Shapes of the constant, by the data's rank: a single number, one for each channel, or several along other axes."""


def _listed(count: int) -> str:
    return ", ".join(str(NUMBERS[at * 3 % 8]) for at in range(count))


def _size(shape: str) -> int:
    found = 1
    for size in shape.split(",") if shape else ():
        found *= int(size)
    return found


def scaled(op: str, front: str, shape: str, *, rank: int = 3, zero: int = -50, quantised: bool = True, held: str = "",
           point: int = 0, first: bool = False, ends: bool = True, dtype: str = "int8",
           weights: int = 0) -> TextProbe:
    """A tensor, its quantisation, and the node with a constant of this shape.

    `held` tells what the constant is before it is quantised: nothing for floats, else a constant dequantised with the zero
    point `point`, copied (`copied`) or not (`again`); `only` for a constant that the graph dequantises and does not quantise.
    """
    data, count = DATA[rank], _size(shape)
    kernel = ",".join(["4", "4", *["1"] * (rank - 2)])
    kinds = (f"float s = {{0.008}}, {dtype} z = {{{zero if dtype == 'int8' else 128 + zero}}}, float ks = {{0.05}}, "
             f"int8 kz = {{{point}}}, int8 wz = {{{weights}}}, float ws = {{0.05}}, float[6,6] wf = {{{_listed(36)}}}, "
             f"int8[{kernel}] ci = {{{_listed(16)}}}")
    body = "A = Identity(X) "
    if quantised:
        body = "Aq = QuantizeLinear(X, s, z) A = DequantizeLinear(Aq, s, z) "
    body += "wq = QuantizeLinear(wf, ws, wz) w = DequantizeLinear(wq, ws, wz) cw = DequantizeLinear(ci, ws, wz) "
    body += f"{FRONTS[front]} Cq = QuantizeLinear(C, s, z) d = DequantizeLinear(Cq, s, z) "
    if held:
        kinds += f", int8[{shape}] ki = {{{_listed(count)}}}"
        source = {"only": "", "again": "k = DequantizeLinear(ki, ks, kz) ",
                  "copied": "k0 = DequantizeLinear(ki, ks, kz) k = Identity(k0) "}[held]
        body += source + ("kd = DequantizeLinear(ki, ks, kz) " if held == "only" else "")
    else:
        body += f"k = Constant<value = float[{shape}] {{{_listed(count)}}}>() "
    if held != "only":
        body += "kq = QuantizeLinear(k, ks, kz) kd = DequantizeLinear(kq, ks, kz) "
    result = "m" if ends else "Y"
    body += f"[probe] {result} = {op}({'kd, d' if first else 'd, kd'}) "
    body += "Yq = QuantizeLinear(m, s, z) Y = DequantizeLinear(Yq, s, z)" if ends else ""
    head = f'<ir_version: 8, opset_import: ["": 17]> g (float[{data}] X) => (float[{data}] Y) <{kinds}> {{ {body} }}'
    label = f"scaling each element, {front}, rank {rank}, constant [{shape}] {held}, zero points {zero} and {point}, {dtype}"
    more = f"{'quantised' if quantised else 'float'} data{', first' if first else ''}{'' if ends else ', ending there'}"
    more += ", shifted weights" if weights else ""
    return TextProbe(op, f"{label}, {more}", head, ("spread", "dequantised", AGAIN))


FORMS = [
    *(scaled(op, front, shape, rank=rank, quantised=quantised)
      for op in ("Mul", "Add") for rank, shapes in SHAPES.items() for shape in shapes for front in FRONTS
      for quantised in (True, False) if (front not in ("Conv", "ConvTranspose") or rank == 4)
      and (quantised or front in ("Relu", "MatMul", "Conv", "ConvTranspose"))),
    *(scaled(op, front, shape, held=held, point=point)
      for op in ("Mul", "Add") for front in ("Relu", "MatMul") for shape in ("1", "4,1", "6", "1,4,6")
      for held in ("only", "again", "copied") for point in (0, 3)),
    *(scaled(op, front, shape, rank=4, held=held, point=3)
      for op in ("Mul", "Add") for front in ("Relu", "Conv") for shape in ("4,1,1", "1,4,6,6") for held in ("again", "copied")),
    *(scaled(op, front, shape, rank=4, zero=zero, held="only", point=point)
      for op in ("Mul", "Add") for front in ("Conv", "ConvTranspose", "Relu") for shape in ("1", "4,1,1", "1,4,6,6")
      for zero in (0, -50) for point in (0, 3)),
    *(scaled(op, front, shape, zero=zero, point=point, first=first, ends=ends)
      for op in ("Mul", "Add") for front in ("Relu", "MatMul") for shape in ("4,1", "6")
      for zero, point, first, ends in ((0, 0, False, True), (0, 3, True, True), (-50, 3, True, False), (-50, 0, False, False))),
    *(scaled(op, "MatMul", shape, zero=zero, weights=3, first=first, ends=ends)
      for op in ("Mul", "Add") for shape in ("1", "4,1", "6") for zero in (0, -50) for first in (False, True)
      for ends in (True, False)),
    *(scaled(op, "Conv", shape, rank=4, weights=3) for op in ("Mul", "Add") for shape in ("1", "4,1,1", "1,4,6,6")),
    *(scaled(op, front, shape, dtype="uint8")
      for op in ("Mul", "Add") for front in ("Relu", "MatMul") for shape in ("1", "4,1", "6", "1,4,6")),
]  # fmt: skip
