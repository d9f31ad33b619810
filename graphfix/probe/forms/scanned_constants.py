"""Scans over a table of points, for distances to the rows of the data: the table is a constant, or computed from constants."""

from graphfix.probe.form import AGAIN, TextProbe

POINTS = "1,2,3,4,5,6,7,8,2,4,6,8"
TABLES = {
    "constant": "T = Constant<value = float[3,4] {{{points}}}>() ",
    "divided": "c = Constant<value = float[3,4] {{{points}}}>() k = Constant<value = float[1] {{2}}>() T = Div(c, k) ",
    "negated": "c = Constant<value = float[3,4] {{{points}}}>() T = Neg(c) ",
    "filled": "z = Constant<value = int64[2] {{3, 4}}>() T = ConstantOfShape<value = float[1] {{2}}>(z) ",
    "gathered": "c = Constant<value = float[3,4] {{{points}}}>() i = Constant<value = int64[3] {{2, 0, 1}}>() T = Gather(c, i) ",
    "runtime": "",
}
"""How the table of 3, 4 is made."""
DATA = {"fixed": "2,4", "dynamic": "n,4"}
DISTANCES = {
    "squared": "e = Sub(h, t) q = Mul(e, e) s = ReduceSum<keepdims = 0>(q, last)",
    "absolute": "e = Sub(h, t) q = Abs(e) s = ReduceSum<keepdims = 0>(q, last)",
    "largest": "e = Sub(h, t) q = Abs(e) s = ReduceMax<axes = [1], keepdims = 0>(q)",
    "product": "q = Mul(h, t) s = ReduceMean<axes = [1], keepdims = 0>(q)",
}
HEAD = ('<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => (float[m,{rows}] Y) '
        "{{ last = Constant<value = int64[1] {{1}}>() {table}{before}"
        "[probe] H, Y = Scan({state}, T) <num_scan_inputs = 1, body = b (float[{data}] h, float[4] t) => "
        "(float[{data}] o, float[{rows}] s) {{ o = Identity(h) {distance} }}> }}")  # fmt: skip


def distances(table: str, data: str, distance: str, opset: int = 17, *, first: bool = False) -> TextProbe:
    """A Scan that hands the data on and stacks the distances from every row of the table to every row of the data."""
    inputs = f"float[{DATA[data]}] X" + (", float[3,4] T" if table == "runtime" else "")
    text = HEAD.format(opset=opset, inputs=inputs, rows=DATA[data].partition(",")[0], table=TABLES[table].format(points=POINTS),
                       before="U = Relu(X) " if first else "", state="U" if first else "X", data=DATA[data],
                       distance=DISTANCES[distance])  # fmt: skip
    label = f"{distance} distances to a table: {table}, {data} data, {'computed' if first else 'given'}, opset={opset}"
    return TextProbe("Scan", label, text, ("scanned.from", AGAIN))


FORMS = [
    *(distances(table, data, distance) for table in TABLES for data in DATA for distance in DISTANCES),
    *(distances(table, data, "squared", opset) for table in ("constant", "divided", "negated") for data in ("fixed", "dynamic")
      for opset in (13, 16)),
    *(distances(table, data, "squared", first=True) for table in ("constant", "divided", "runtime") for data in DATA),
]  # fmt: skip
