"""Operators whose weights, scales or zero points are inputs of the model, as in models that a test suite writes."""

from graphfix.probe.form import AGAIN, TextProbe
from graphfix.probe.operands import CODES

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => ({outputs}) {{ {body} }}'
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
OUTPUTS = ("Y", '"", Yh', "Y, Yh")
STEPS, BATCH, SIZE, HIDDEN = 3, 2, 4, 5
DTYPES = ("uint8", "int8", "uint16", "int16")
GRANULARITIES = {"tensor": ("", ""), "axis": ("3", "axis = 1"), "blocks": ("2,3,2", "axis = 2, block_size = 2")}


def _layer(op: str, direction: str, layout: int, biased: bool, outputs: str, opset: int) -> TextProbe:
    """A recurrent layer without initial states."""
    ways, rows = (2 if direction == "bidirectional" else 1), GATES[op] * HIDDEN
    inputs = [f"float[{BATCH},{STEPS},{SIZE}] X" if layout else f"float[{STEPS},{BATCH},{SIZE}] X"]
    inputs += [f"float[{ways},{rows},{SIZE}] W", f"float[{ways},{rows},{HIDDEN}] R"]
    inputs += [f"float[{ways},{2 * rows}] B"] if biased else []
    shapes = {"Y": f"{BATCH},{STEPS},{ways},{HIDDEN}" if layout else f"{STEPS},{ways},{BATCH},{HIDDEN}"}
    shapes["Yh"] = f"{BATCH},{ways},{HIDDEN}" if layout else f"{ways},{BATCH},{HIDDEN}"
    names = [name for name in shapes if name in outputs.replace('"', "").split(", ")]
    how = f'hidden_size = {HIDDEN}, direction = "{direction}"' + (", layout = 1" if layout else "")
    text = HEAD.format(
        opset=opset, inputs=", ".join(inputs), outputs=", ".join(f"float[{shapes[name]}] {name}" for name in names),
        body=f"[probe] {outputs} = {op}<{how}>({', '.join(one.split()[-1] for one in inputs)})",
    )  # fmt: skip
    label = f"weights given, {direction} layout={layout} B={biased} -> {outputs} opset={opset}"
    return TextProbe(op, label, text, ("W.from", "R.from", AGAIN))


def _scaled(op: str, dtype: str, granularity: str, pointed: bool, opset: int) -> TextProbe:
    """A quantisation whose scale, and perhaps zero point, is an input."""
    dims, how = GRANULARITIES[granularity]
    given, made = ("float", dtype) if op == "QuantizeLinear" else (dtype, "float")
    points = f", {dtype}[{dims}] z" if pointed else ""
    more = "" if pointed or op != "QuantizeLinear" or dtype == "uint8" else f"output_dtype = {CODES[dtype]}"
    attributes = ", ".join(filter(None, (how, more)))
    text = HEAD.format(
        opset=opset, inputs=f"{given}[2,3,4] x, float[{dims}] s{points}", outputs=f"{made}[2,3,4] y",
        body=f"[probe] y = {op}{f'<{attributes}>' if attributes else ''}(x, s{', z' if pointed else ''})",
    )  # fmt: skip
    label = f"scales given, {dtype} by {granularity} zero point={pointed} opset={opset}"
    return TextProbe(op, label, text, ("y_scale.from" if op == "QuantizeLinear" else "x_scale.from", AGAIN))


FORMS = [
    *(_layer(op, direction, layout, biased, outputs, opset) for op in GATES
      for direction in ("forward", "reverse", "bidirectional") for layout in (0, 1) for biased in (False, True)
      for outputs in OUTPUTS for opset in (14, 22) if opset == 22 or not biased),
    *(_scaled(op, dtype, granularity, True, opset) for op in ("QuantizeLinear", "DequantizeLinear") for dtype in DTYPES
      for granularity in GRANULARITIES for opset in (13, 21, 25)
      if opset > 13 or (granularity != "blocks" and dtype in ("uint8", "int8"))),
    *(_scaled(op, dtype, granularity, False, 25) for op in ("QuantizeLinear", "DequantizeLinear") for dtype in DTYPES[:3]
      for granularity in GRANULARITIES),
]  # fmt: skip
