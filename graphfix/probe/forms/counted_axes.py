"""Reductions over axes computed from the rank of their operand, as in the function bodies of normalizations."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g (float{dims} X) => (float[] Y) {{ {body} }}'
DIMS = {2: "[2,4]", 3: "[2,3,4]", 4: "[2,3,4,5]"}
LATE = ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp",
        "ReduceSumSquare")  # fmt: skip
OPSETS = {"ReduceSum": (13, 18, 23), **dict.fromkeys(LATE, (18, 23))}


def counted(op: str, opset: int, rank: int, behind: int, keep: int) -> TextProbe:
    """A reduction over the last axes, from the rank less `behind` to the rank."""
    body = (
        f"s = Shape(X) r = Size(s) k = Constant<value = int64 {{{behind}}}>() o = Constant<value = int64 {{1}}>() "
        f"f = Sub(r, k) a = Range(f, r, o) [probe] Y = {op}<keepdims = {keep}>(X, a)"
    )
    text = HEAD.format(ir=11 if opset > 22 else 8, opset=opset, dims=DIMS[rank], body=body)
    return TextProbe(op, f"counted axes behind={behind} rank={rank} keepdims={keep} opset={opset}", text, ("axes", "counted"))


FORMS = [
    counted(op, opset, rank, behind, keep)
    for op, opsets in OPSETS.items()
    for opset in opsets
    for rank in DIMS
    for behind in (1, 2)
    for keep in (0, 1)
]
