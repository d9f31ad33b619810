"""Constants of few bits that quantisation reads, alone or with others, and zero points that several nodes share."""

import math

from graphfix.probe.form import AGAIN, TextProbe

SHAPES = ("", "[4]")
KINDS = ("int8", "uint8", "int16", "uint16", "int4", "uint4", "float8e4m3fn")
LEVELS = {"float8e4m3fn": "0"}


def _point(kind: str, dims: str, how: str, opset: int = 21) -> TextProbe:
    """A zero point of zeros made by a Constant node, which quantisation alone reads, or a Cast too."""
    numbers = ", ".join(["0"] * (4 if dims else 1))
    scales = ", ".join(["0.1"] * (4 if dims else 1))
    axis = "<axis = 1>" if dims else ""
    held = f"[probe] p = Constant<value = {kind}{dims} {{{numbers}}}>() s = Constant<value = float{dims} {{{scales}}}>()"
    body = {
        "both": f"q = QuantizeLinear{axis}(X, s, p) Y = DequantizeLinear{axis}(q, s, p)",
        "both, behind an Identity": f"z = Identity(p) q = QuantizeLinear{axis}(X, s, z) Y = DequantizeLinear{axis}(q, s, p)",
        "a Cast too": f"q = QuantizeLinear{axis}(X, s, p) d = DequantizeLinear{axis}(q, s, p) c = Cast<to = 1>(p) Y = Add(d, c)",
    }[how]
    text = f'<ir_version: 10, opset_import: ["": {opset}]> g (float[2,4] X) => (float[2,4] Y) {{ {held} {body} }}'
    return TextProbe("Constant", f"a zero point {kind}{dims} for {how}, opset={opset}", text, ("quantizes", AGAIN))


def _weights(kind: str, zero: bool, opset: int = 21) -> TextProbe:
    """Quantised weights made by a Constant node."""
    held = f"[probe] w = Constant<value = {kind}[4,3] {{{', '.join(['1'] * 12)}}}>() s = Constant<value = float {{0.1}}>()"
    point = f"p = Constant<value = {kind} {{0}}>()" if zero else ""
    text = (
        f'<ir_version: 10, opset_import: ["": {opset}]> g (float[2,4] X) => (float[2,3] Y)'
        f" {{ {held} {point} d = DequantizeLinear(w, s{', p' if zero else ''}) Y = MatMul(X, d) }}"
    )
    return TextProbe(
        "Constant", f"weights {kind}{' with a zero point' if zero else ''}, opset={opset}", text, ("quantizes", AGAIN)
    )


def _shared(kind: str, dims: str, axis: int, opset: int, made: str, op: str = "QuantizeLinear") -> TextProbe:
    """Values quantised in the graph by channel, whose zero points are an initializer behind an Identity."""
    sizes = [int(size) for size in dims.split(",")]
    weights = ", ".join(str(i % 7 / 8) for i in range(math.prod(sizes)))
    scales, points = (", ".join([number] * sizes[axis]) for number in ("0.1", "0"))
    held = f"float[{dims}] w = {{{weights}}}, float[{sizes[axis]}] s = {{{scales}}}, {kind}[{sizes[axis]}] p = {{{points}}}"
    given_dims = ",".join(["n", *dims.split(",")[1:]]) if made == "open data" else dims
    data, given = ("w", "") if made == "constant" else ("X", f"float[{given_dims}] X, ")
    text = (
        f'<ir_version: 10, opset_import: ["": {opset}]> g ({given}float[{given_dims}] R) => (float[{given_dims}] Y) <{held}>'
        f" {{ z = Identity(p) q = QuantizeLinear<axis = {axis}>({data}, s, z)"
        f" d = DequantizeLinear<axis = {axis}>(q, s, z) Y = Add(d, R) }}"
    )
    text = text.replace(
        "q = " if op == "QuantizeLinear" else "d = ", "[probe] q = " if op == "QuantizeLinear" else "[probe] d = "
    )
    return TextProbe(op, f"{made} {kind}[{dims}] by channel {axis} with shared zero points, opset={opset}", text,
                     (AGAIN,))  # fmt: skip


def _plain(kind: str, dims: str, made: str, opset: int) -> TextProbe:
    """An Identity of data or of a constant that no quantisation reads."""
    constant = made == "constant"
    given = f"float[{dims}] X" if constant else f"{kind}[{dims}] X"
    count = ", ".join(["1"] * (4 if dims else 1))
    held, body = (f"<{kind}[{dims}] p = {{{count}}}>", "p") if constant else ("", "X")
    text = (
        f'<ir_version: 10, opset_import: ["": {opset}]> g ({given}) => (float[{dims}] Y) {held}'
        f" {{ [probe] z = Identity({body}) Y = Cast<to = 1>(z) {'V = Relu(X)' if constant else ''} }}"
    )
    return TextProbe("Identity", f"{made} {kind}[{dims}] for a Cast, opset={opset}", text, ("quantizes", AGAIN))


def _passing(kind: str, dims: str, how: str, opset: int) -> TextProbe:
    """An Identity of a zero point, read by quantisation alone or by a Cast too."""
    numbers, scales = (", ".join([number] * (4 if dims else 1)) for number in ("0", "0.1"))
    axis = "<axis = 1>" if dims else ""
    body = {
        "both": f"q = QuantizeLinear{axis}(X, s, z) Y = DequantizeLinear{axis}(q, s, z)",
        "one of both": f"q = QuantizeLinear{axis}(X, s, z) Y = DequantizeLinear{axis}(q, s, p)",
        "another Identity": f"t = Identity(z) q = QuantizeLinear{axis}(X, s, z) Y = DequantizeLinear{axis}(q, s, t)",
        "a Cast too": f"q = QuantizeLinear{axis}(X, s, z) d = DequantizeLinear{axis}(q, s, z) c = Cast<to = 1>(z) Y = Add(d, c)",
    }[how]
    text = (
        f'<ir_version: 10, opset_import: ["": {opset}]> g (float[2,4] X) => (float[2,4] Y)'
        f" <{kind}{dims} p = {{{numbers}}}, float{dims} s = {{{scales}}}> {{ [probe] z = Identity(p) {body} }}"
    )
    return TextProbe("Identity", f"a zero point {kind}{dims} for {how}, opset={opset}", text, ("quantizes", AGAIN))


FORMS = [
    *(_plain(kind, dims, made, opset) for kind in ("int8", "uint8") for dims in ("", "4") for made in ("data", "constant")
      for opset in (13, 19)),
    *(_passing(kind, dims, how, opset) for kind in ("int8", "uint8") for dims in SHAPES for opset in (13, 19)
      for how in ("both", "one of both", "another Identity", "a Cast too")),
    *(_point(kind, dims, how) for kind in KINDS for dims in SHAPES for how in ("both", "both, behind an Identity", "a Cast too")),
    *(_point(kind, dims, "both", opset) for kind in ("int8", "uint8") for dims in SHAPES for opset in (13, 17, 19, 23, 25)),
    *(_weights(kind, zero) for kind in KINDS for zero in (True, False)),
    *(_shared(kind, dims, axis, opset, made) for kind in ("int8", "uint8") for dims, axis in
      (("4,1,3,3", 0), ("4,3", 0), ("4,3", 1), ("2,4,3", 1)) for opset in (13, 19, 21) for made in ("constant", "data")),
    *(_shared(kind, dims, 1, opset, made) for kind in ("int8", "uint8") for dims in ("4,3", "2,4,3")
      for made in ("data", "open data") for opset in (13, 23, 25)),
    *(_shared(kind, dims, axis, opset, made, "DequantizeLinear") for kind in ("int8", "uint8")
      for dims, axis in (("4,1,3,3", 0), ("4,3", 1)) for opset in (13, 19, 21, 23)
      for made in ("constant", "data", *(["open data"] if axis else []))),
]  # fmt: skip
