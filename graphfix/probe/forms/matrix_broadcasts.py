"""Arithmetic on two matrices of which one is a row, a column or a single number, as decomposed normalizations have them."""

from graphfix.probe.form import AGAIN, TextProbe

SHAPES = {
    "by a column": ("3,4", "3,1"),
    "by a row": ("3,4", "1,4"),
    "by a number": ("3,4", "1,1"),
    "a column": ("3,1", "3,4"),
    "a row": ("1,4", "3,4"),
    "a batch by a column": ("n,4", "n,1"),
    "a batch by a row": ("n,4", "1,4"),
}


def _probe(op: str, shape: str, opset: int) -> TextProbe:
    first, second = SHAPES[shape]
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{first}] A, float[{second}] X) => (float[] Y) '
        f"{{ b = Exp(X) [probe] Y = {op}(A, b) }}"
    )
    return TextProbe(op, f"{shape}, [{first}] and [{second}], opset {opset}", text, ("broadcast", AGAIN))


FORMS = [_probe(op, shape, opset) for op in ("Add", "Sub", "Mul", "Div") for shape in SHAPES for opset in (13, 17)]
