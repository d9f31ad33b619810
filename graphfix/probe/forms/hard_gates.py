"""A product with a HardSigmoid: that of HardSwish, of another tensor as in squeeze-and-excitation, and with other numbers."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({kind}[{dims}] X) => ({kind}[{dims}] Y) {{ {nodes} }}'
GATE = "g = HardSigmoid<{numbers}>({gated})"
DATA = {
    "itself": ("z = Neg(X)", "z", "z"),
    "another": ("z = Neg(X) h = Abs(X)", "z", "h"),
    "an input": ("z = Neg(X)", "z", "X"),
    "the input of another": ("h = Abs(X)", "X", "h"),
    "a mean": ("z = ReduceMean<keepdims = 1>(X)", "z", "X"),
    "the input": ("", "X", "X"),
}
"""What computes the factors, what the HardSigmoid is of, and the other factor."""
ORDERS = {"last": "[probe] Y = Mul({other}, g)", "first": "[probe] Y = Mul(g, {other})"}
USUAL = "alpha = 0.16666667163372040, beta = 0.5"
SETTINGS = (
    ("float", "2,3", 17, USUAL), ("float", "1,4,6,6", 14, USUAL), ("float", "n,4", 13, USUAL),
    ("float", "2,3,4", 17, "alpha = 0.2, beta = 0.5"), ("float", "2,3,4", 17, "alpha = 0.16666667163372040"),
)  # fmt: skip
"""The usual form; each of the others differs in one respect."""


def gated(what: str, order: str, kind: str, dims: str, opset: int, numbers: str) -> TextProbe:
    """A product with the HardSigmoid of a tensor, in one order."""
    before, data, other = DATA[what]
    nodes = " ".join((before, GATE.format(numbers=numbers, gated=data), ORDERS[order].format(other=other)))
    text = HEAD.format(opset=opset, kind=kind, dims=dims, nodes=nodes)
    return TextProbe("Mul", f"HardSigmoid of {what}, {order}; {kind} {dims} {opset} {numbers}", text, ("hard_gate", AGAIN))


FORMS = [gated(what, order, *setting) for what in DATA for order in ORDERS for setting in SETTINGS]
