"""Normalisations that onnxruntime's optimiser writes into models of any opset, as operators of ONNX's own domain.

LayerNormalization is defined from opset 17 on and SimplifiedLayerNormalization by no opset; onnxruntime's optimiser puts both
into models of older opsets too, in the default domain.
"""

from collections.abc import Iterator

from graphfix.probe.form import AGAIN, TextProbe

DIMS = ("2,3,4", "n,3,4", "n,s,4", "2,4", "n,4", "2,3,5,4", "n,3,h,4", "1,6,8,4", "b,h,s,4", "1,1,4")
"""Dims of the data; letters are dynamic."""
OLD, ANY = (11, 13, 14, 16), (12, 14, 17, 20)
"""Opsets before LayerNormalization, and opsets of models with SimplifiedLayerNormalization."""


def _form(
    op: str, dims: str, opset: int, *, shifted: bool, rest: str, before: str = "", dtype: str = "float", given: bool = False
) -> TextProbe:
    operands = "h, W, B" if shifted else "h, W"
    kind = "float16" if dtype == "float16" else "float32"
    names = ("W", "B")[: 1 + shifted]
    weights = [] if given else [(name, kind, (4,), 0.5, 1.5) for name in names]
    inputs = "".join(f", {dtype}[4] {name}" for name in names) if given else ""
    first = f"h = {before} (X)" if before else "h = Mul (X, X)"
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({dtype}[{dims}] X{inputs}) => ({dtype}[{dims}] Z) '
        f"{{ {first} [probe] Y = {op} <{rest}> ({operands}) Z = Neg (Y) }}"
    )
    how = f"{'W and B' if shifted else 'W'}{' given' if given else ''}"
    label = f"[{dims}] {dtype}, {how}, {rest}, after {before or 'Mul'}, opset {opset}"
    return TextProbe(op, label, text, ("since", "dims", AGAIN), weights=weights)


def _forms() -> Iterator[TextProbe]:
    for dims in DIMS:
        last = dims.count(",")
        for opset in OLD:
            for shifted in (True, False):
                yield _form("LayerNormalization", dims, opset, shifted=shifted, rest="axis = -1, epsilon = 1e-5")
        yield _form("LayerNormalization", dims, 14, shifted=True, rest=f"axis = {last}, epsilon = 1e-5, stash_type = 1")
        yield _form("LayerNormalization", dims, 14, shifted=True, rest="axis = -1, epsilon = 1e-5", before="Relu")
        yield _form("LayerNormalization", dims, 13, shifted=True, rest="axis = -1", dtype="float16")
        for opset, shifted in ((13, True), (14, False)):
            yield _form("LayerNormalization", dims, opset, shifted=shifted, rest="axis = -1, epsilon = 1e-5", given=True)
        yield _form("SimplifiedLayerNormalization", dims, 17, shifted=False, rest="axis = -1, epsilon = 1e-5", given=True)
        for opset in ANY:
            yield _form(
                "SimplifiedLayerNormalization", dims, opset, shifted=False, rest="axis = -1, epsilon = 1e-5, stash_type = 1"
            )
        yield _form("SimplifiedLayerNormalization", dims, 17, shifted=False, rest=f"axis = {last}, epsilon = 1e-5")
        yield _form("SimplifiedLayerNormalization", dims, 14, shifted=False, rest="axis = -1, epsilon = 1e-5", before="Relu")
        yield _form("SimplifiedLayerNormalization", dims, 18, shifted=False, rest="axis = -1", dtype="float16")


FORMS = list(_forms())
