"""Operators with an axis behind products of reshaped data, whose rank a converter may lose (see patterns/lost_rank.py)."""

from graphfix.probe.form import AGAIN, TextProbe

NODES = {
    "Softmax": "Y = Softmax<axis = {axis}>(a)",
    "LogSoftmax": "Y = LogSoftmax<axis = {axis}>(a)",
    "Concat": "Y = Concat<axis = {axis}>(a, a)",
    "ArgMax": "Y = ArgMax<axis = {axis}>(a)",
    "Slice": "Y = Slice(a, zero, one, axes)",
    "Split": "Y, R = Split<axis = {axis}>(a)",
}
BEHIND = {
    "bias": "a = Add(m, b)",
    "Relu": "a = Relu(m)",
    "bias and Sigmoid": "c = Add(m, b) a = Sigmoid(c)",
    "bias and factor": "c = Add(m, b) a = Mul(c, k)",
    "nothing": "",
    "Identity": "a = Identity(m)",
    "Identity and bias": "c = Identity(m) a = Add(c, b)",
    "bias and Identity": "c = Add(m, b) a = Identity(c)",
}
LOST = ("bias", "Relu", "bias and factor")


def behind(op: str, rank: int, axis: int, *, after: str = "bias", joined: int = -1, opset: int = 11) -> TextProbe:
    """The operator behind a product of data that is reshaped to that rank by a target joined along an axis."""
    rest, length = ("", "1") if rank == 2 else ("rest, ", "t")
    kind = "int64" if op == "ArgMax" else "float"
    sizes = ", ".join("pqr"[:rank])
    more = f", float[{', '.join('stu'[:rank])}] R" if op == "Split" else ""
    made = "m" if BEHIND[after] else "a"
    text = (
        f'<ir_version: 7, opset_import: ["": {opset}]> g (float[n,4,{length},1] X) => ({kind}[{sizes}] Y{more})'
        " <float[4,2] w = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8}, float[2] b = {1, 2}, float k = {2}, int64[1] zero = {0},"
        f" int64[1] one = {{1}}, int64[1] four = {{4}}, int64[1] rest = {{-1}}, int64[1] axes = {{{axis}}}>"
        f" {{ s = Shape(X) e = Slice(s, zero, one, zero) t = Concat<axis = {joined}>(e, {rest}four) r = Reshape(X, t)"
        f" {made} = MatMul(r, w) {BEHIND[after]} [probe] {NODES[op].format(axis=axis)} }}"
    )
    label = f"behind a product and {after} of rank {rank} by a target joined on {joined}, axis={axis} opset={opset}"
    return TextProbe(op, label, text, ("ranked", "axis", AGAIN))


FORMS = [
    *(behind(op, rank, rank - 1, after=after, opset=opset) for op in NODES for rank in (2, 3) for after in LOST
      for opset in (11, 13)),
    *(behind(op, rank, axis, opset=opset) for op in NODES for rank, axis in ((2, 0), (3, 0), (3, 1), (2, -1), (3, -1), (3, -2))
      for opset in (11, 13)),
    *(behind(op, rank, rank - 1, after=after, joined=0, opset=opset) for op in NODES for rank in (2, 3)
      for after in ("bias", "Relu") for opset in (11, 13)),
    *(behind(op, 3, 1, after=after, opset=opset) for op in NODES for after in ("Relu", "bias and factor") for opset in (11, 13)),
    *(behind(op, rank, rank - 1, after=after, opset=opset) for op in NODES for rank in (2, 3) for opset in (11, 13)
      for after in ("nothing", "Identity", "Identity and bias", "bias and Identity", "bias and Sigmoid")),
    *(behind(op, rank, rank - 1, opset=17) for op in NODES for rank in (2, 3)),
]  # fmt: skip
