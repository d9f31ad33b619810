"""Constants that are subtracted from a convolution, at once or after scales and shifts, and from other tensors.

The weights and constants are kept as raw bytes, as exporters write them.
"""

import re

from graphfix.probe.form import AGAIN, TextProbe

FRONTS = {
    "Conv": "d = Conv<pads = [1, 1, 1, 1]>(X, w, b)",
    "Conv without bias": "d = Conv<pads = [1, 1, 1, 1]>(X, w)",
    "ConvTranspose": "d = ConvTranspose<pads = [1, 1, 1, 1]>(X, w, b)",
    "MatMul": "d = MatMul(X, m)",
    "Relu": "d = Relu(X)",
}
BETWEEN = {
    "": "c = Identity(d)",
    "Mul": "c = Mul(d, s)",
    "Div": "c = Div(d, s)",
    "Add": "c = Add(d, k1)",
    "Mul and Add": "e = Mul(d, k1) c = Add(e, s)",
    "Sub": "c = Sub(d, s)",
    "BatchNormalization": "c = BatchNormalization(d, b, b, b, b)",
    "Relu": "c = Relu(d)",
    "Transpose": "c = Transpose<perm = [0, 1, 3, 2]>(d)",
    "data": "c = Mul(d, X)",
    "another reader": "c = Identity(d) o = Relu(d)",
}
SHAPES = {"scalar": (), "one": (1,), "channels": (3, 1, 1), "channels of rank 4": (1, 3, 1, 1), "columns": (6,),
          "all": (1, 3, 6, 6)}  # fmt: skip
"""Shapes of the constant."""
KINDS = {"w": (3, 3, 3, 3), "b": (3,), "m": (6, 6), "s": (), "k1": (1, 3, 1, 1)}
"""Other constants, by name."""


def shifted(front: str, between: str, shape: str, op: str = "Sub", *, first: bool = False, opset: int = 17) -> TextProbe:
    """A convolution or another tensor, what is between, and the node with a constant."""
    pair = "k, c" if first else "c, k"
    tail = "Z = " if between == "another reader" else "Y = "
    body = f"{FRONTS[front]} {BETWEEN[between]} [probe] {tail}{op}({pair})"
    body += " Y = Add(Z, o)" if between == "another reader" else ""
    used = [name for name in KINDS if re.search(rf"\b{name}\b", body)]
    kinds = {**{name: KINDS[name] for name in used}, "k": SHAPES[shape]}
    weights = [(name, "float32", dims, 0.5, 1.5) for name, dims in kinds.items()]
    text = f'<ir_version: 8, opset_import: ["": {opset}]> g (float[1,3,6,6] X) => (float[1,3,6,6] Y) {{ {body} }}'
    label = f"{op} of a constant ({shape}{', first' if first else ''}) behind {front}, {between or 'nothing'}, opset={opset}"
    return TextProbe(op, label, text, ("shifts", AGAIN), weights=weights)


FORMS = [
    *(shifted(front, between, shape) for front in FRONTS for between in BETWEEN for shape in ("scalar", "channels")),
    *(shifted(front, "", shape) for front in ("Conv", "ConvTranspose", "Relu") for shape in SHAPES),
    *(shifted(front, between, "scalar", first=True) for front in ("Conv", "ConvTranspose") for between in ("", "Mul")),
    *(shifted("Conv", between, shape, opset=opset) for between in ("", "Mul") for shape in ("scalar", "channels")
      for opset in (11, 13)),
]  # fmt: skip
