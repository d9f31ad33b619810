"""What stands behind a Fourier transform: operators that need the rank of the half or the whole of a spectrum."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({kind}[2, 8, 8] X) => ({kind}[] Y) {{ {before} {node} }}'
ENDS = {
    "Transpose": "[probe] Y = Transpose<perm = [0, 2, 1]>(p)",
    "MatMul": "w = Constant<value = {kind}[{width}, 1] {{{ones}}}>() [probe] Y = MatMul(p, w)",
    "Conv": "w = Constant<value = {kind}[1, 8, 1] {{1, 2, 3, 4, 5, 6, 7, 8}}>() [probe] Y = Conv(p, w)",
}
"""What reads the power of a spectrum of 8 windows, by operator."""
POWER = {
    "picked": "r = Gather<axis = 3>(z, zero) i = Gather<axis = 3>(z, one) a = Mul(r, r) b = Mul(i, i) p = Add(a, b)",
    "over two axes": "h = Add(z, low) t = DFT<axis = 1>(h) p = Gather<axis = 3>(t, zero)",
    "real part, log": "r = Gather<axis = -1>(z, zero) a = Mul(r, r) e = Clip(a, low) p = Log(e)",
}


def behind(op: str, power: str, onesided: int, opset: int, kind: str = "float") -> TextProbe:
    """An operator behind a transform along the last axis of real data."""
    width = 5 if onesided else 8
    ones = ", ".join(["1"] * width)
    before = (
        "last = Constant<value = int64[1] {-1}>() "
        "zero = Constant<value = int64 {0}>() one = Constant<value = int64 {1}>() "
        f"low = Constant<value = {kind} {{0.001}}>() x = Unsqueeze(X, last) "
    )
    before += f"z = DFT<onesided = {onesided}, axis = 2>(x) {POWER[power]}"
    text = HEAD.format(opset=opset, kind=kind, before=before, node=ENDS[op].format(kind=kind, width=width, ones=ones))
    label = f"behind the {'half' if onesided else 'whole'} of a spectrum, {power}, {kind} opset={opset}"
    return TextProbe(op, label, text, ("widened", AGAIN))


FORMS = [
    behind(op, power, onesided, opset)
    for op in ENDS for power in POWER for onesided in (0, 1) for opset in (17, 18, 19)
]  # fmt: skip
