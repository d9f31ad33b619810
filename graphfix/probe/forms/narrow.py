"""Bytes inside a model: uint8 between two nodes, and int8 constants beside quantisation."""

from graphfix.probe.form import AGAIN, TextProbe
from graphfix.probe.forms.model import model

CODES = {"uint8": 2, "int8": 3, "bool": 9, "int32": 6}
READERS = {
    "cast": "Y = Cast<to = 1>(u)", "compared": "e = Equal(u, u) Y = Cast<to = 1>(e)",
    "passed on": "v = Identity(u) Y = Cast<to = 1>(v)", "shown": "W = Identity(u) Y = Cast<to = 1>(W)",
}  # fmt: skip
CONSTANTS = {
    "added": "z = Cast<to = 3>(X) s = Add(z, c) Y = Cast<to = 1>(s)", "cast": "f = Cast<to = 1>(c) Y = Mul(X, f)",
    "dequantised": "k = Constant<value = float {0.5}>() z = Constant<value = int8 {0}>() "
        "d = DequantizeLinear(c, k, z) Y = Mul(X, d)",
    "quantised with": "k = Constant<value = float {0.5}>() z = Constant<value = int8 {0}>() q = QuantizeLinear(X, k, z) "
        "Y = DequantizeLinear(q, k, z)",
    "joined": "z = Cast<to = 3>(X) s = Concat<axis = 0>(z, c) f = Cast<to = 1>(s) h = ReduceSum<keepdims = 1>(f) Y = Add(X, h)",
    "picked from": "i = Constant<value = int64 {1}>() g = Gather(c, i) f = Cast<to = 1>(g) Y = Mul(X, f)",
    "reshaped": "n = Constant<value = int64[1] {-1}>() r = Reshape(c, n) f = Cast<to = 1>(r) Y = Mul(X, f)",
    "passed on": "i = Identity(c) f = Cast<to = 1>(i) Y = Mul(X, f)",
}  # fmt: skip


def inner(dtype: str, given: str, reader: str, opset: int = 17, *, out: bool = False) -> TextProbe:
    """A Cast whose result another node reads, and that is an output too where `out` is set."""
    before = "" if given == "float" else f"g = Cast<to = {CODES[given]}>(X)"
    made = f"[probe] u = Cast<to = {CODES[dtype]}>({'X' if given == 'float' else 'g'})"
    output = "float[4] Y" + (f", {dtype}[4] u" if out else "") + (f", {dtype}[4] W" if reader == "shown" else "")
    text = f'<ir_version: 8, opset_import: ["": {opset}]> g (float[4] X) => ({output}) {{ {before} {made} {READERS[reader]} }}'
    where = f"{given} to {dtype}, {reader}{', an output too' if out else ''}, opset={opset}"
    return TextProbe("Cast", f"inner {where}", text, ("bytes", "to", AGAIN))


def passed(dtype: str, reader: str) -> TextProbe:
    """An Identity of a model input, between two nodes."""
    output = "float[4] Y" + (f", {dtype}[4] W" if reader == "shown" else "")
    body = f"[probe] u = Identity(X) {READERS[reader]}"
    text = f'<ir_version: 8, opset_import: ["": 17]> g ({dtype}[4] X) => ({output}) {{ {body} }}'
    return TextProbe("Identity", f"inner {dtype}, {reader}", text, ("bytes", "V", AGAIN))


def stored(dtype: str, name: str) -> TextProbe:
    """A model with a constant of this dtype."""
    text = CONSTANTS[name] if dtype == "int8" else CONSTANTS[name].replace("to = 3", f"to = {CODES[dtype]}")
    body = f"c = Constant<value = {dtype}[4] {{1, 0, 1, 1}}>() {text.replace('int8 {', f'{dtype} {{')}"
    return model(f"constants {dtype} {name}", "float[4] X", "float[4] Y", body, varied=("constants.int8", AGAIN))


FORMS = [
    *(inner(dtype, given, reader) for dtype in ("uint8", "int8", "bool") for given in ("float", "bool", "int32")
      for reader in READERS),
    *(inner("uint8", "float", "cast", opset) for opset in (9, 13, 19, 21, 23)),
    *(inner(dtype, "float", "cast", out=True) for dtype in ("uint8", "int8")),
    *(passed(dtype, reader) for dtype in ("uint8", "int8", "bool") for reader in ("cast", "compared", "shown")),
    *(stored("int8", name) for name in CONSTANTS),
    *(stored("int32", name) for name in ("added", "cast", "joined", "picked from")),
]  # fmt: skip
