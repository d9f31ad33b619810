"""A ConstantOfShape of rank 5, with sizes that are constants or those of another tensor, that an operator combines."""

from graphfix.probe.form import AGAIN, TextProbe

SIZES = {
    "constant": "s = Constant<value = int64[5] {2, 3, 2, 4, 2}>()",
    "of a tensor": "s = Shape(X)",
    "of a tensor with one more": "h = Shape<end = 4>(X) o = Constant<value = int64[1] {2}>() s = Concat<axis = 0>(h, o)",
}
READERS = {
    "Add": "Y = Add(X, e)",
    "Concat": "Y = Concat<axis = 1>(e, X)",
    "Where": "c = Less(X, e) Y = Where(c, X, e)",
    "alone": "Y = Neg(e)",
}
VALUES = {"zeros": "ConstantOfShape", "ones": "ConstantOfShape<value = float[1] {1}>"}


def _wide(sizes: str, reader: str, value: str, dims: str, opset: int) -> TextProbe:
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[a,b,c,d,e5] Y)'
        f" {{ {SIZES[sizes]} [probe] e = {VALUES[value]}(s) {READERS[reader]} }}"
    )
    label = f"rank 5 {value}, sizes {sizes}, {reader} of [{dims}], opset={opset}"
    return TextProbe("ConstantOfShape", label, text, ("out.rank", AGAIN))


FORMS = [
    _wide(sizes, reader, value, dims, opset)
    for sizes in SIZES
    for reader in READERS
    for value in VALUES
    for dims in ("2,3,2,4,2", "n,3,2,4,2")
    for opset in ((15, 21) if value == "zeros" else (17,))
    if (dims[0] == "2" or sizes != "constant" or reader == "alone")
]
