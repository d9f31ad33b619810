"""Maxima and minima over all axes in the form of opset 18, in which axes are an operand that is left out."""

from graphfix.probe.form import AGAIN, TextProbe

DIMS = ("4", "3,4", "2,3,4", "2,3,4,5", "n,3")


def _probe(op: str, dims: str, keep: int, kind: str = "float") -> TextProbe:
    text = (
        f'<ir_version: 8, opset_import: ["": 18]> g ({kind}[{dims}] X) => ({kind}[] Y) '
        f"{{ [probe] Y = {op}<keepdims = {keep}>(X) }}"
    )
    return TextProbe(op, f"all of {kind}[{dims}], keepdims={keep}, opset 18", text, ("since", "axes.from", AGAIN))


FORMS = [
    *(_probe(op, dims, keep) for op in ("ReduceMax", "ReduceMin") for dims in DIMS for keep in (0, 1)),
    *(_probe(op, "2,3", keep, kind) for op in ("ReduceMax", "ReduceMin") for keep in (0, 1) for kind in ("int32", "int64")),
]
