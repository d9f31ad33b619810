"""Casts that state `saturate`, as the bodies of ONNX's functions do, where it means nothing; and casts that do nothing."""

from graphfix.probe.form import AGAIN, SPELLED, TextProbe

DTYPES = ("float", "int64", "int32", "bool", "float16", "double", "uint8", "int8", "bfloat16")
PLACES = (("3", 19), ("2,3,4", 19), ("2,3,4,5", 21), ("n,3", 21), ("2,3", 23), ("2,3", 24), ("2,3,4", 25), ("n,3", 25))
IR = {13: 8, 19: 9, 21: 10, 23: 11, 24: 12, 25: 13}
OTHERS = ("3", "2,3,4,5", "n,3", "n,m")
IDLE = ("float", "int64", "int32", "bool")


def _probe(
    given: str, wanted: str, dims: str = "2,3", opset: int = 25, saturate: int | None = 1, *, inner: bool = False
) -> TextProbe:
    node = f"Cast<to = {SPELLED[wanted]}{'' if saturate is None else f', saturate = {saturate}'}>"
    body = f"a = Relu(X) [probe] b = {node}(a) Y = Identity(b)" if inner else f"[probe] Y = {node}(X)"
    text = (
        f'<ir_version: {IR[opset]}, opset_import: ["": {opset}]> g ({given}[{dims}] X) => ({wanted}[{dims}] Y) '
        f"{{ {body} }}"
    )
    label = f"saturate={saturate}, {given}[{dims}] to {wanted}{', inner' if inner else ''}, opset {opset}"
    return TextProbe("Cast", label, text, ("saturation", AGAIN))


FORMS = [
    *(_probe(given, wanted) for given in DTYPES for wanted in DTYPES),
    *(_probe("float", wanted, dims, opset) for wanted in ("int64", "double", "float16") for dims, opset in PLACES),
    *(_probe(given, wanted, opset=21) for given in ("float", "double") for wanted in DTYPES),
    *(_probe("float", wanted, saturate=0) for wanted in DTYPES),
    *(_probe("float", wanted, inner=True) for wanted in DTYPES),
    *(_probe(given, wanted, dims) for given in ("float", "int64") for wanted in DTYPES for dims in OTHERS),
    *(_probe(kind, kind, dims, opset, None, inner=kind == "float") for kind in IDLE for dims in ("3", "2,3", "n,3,4")
      for opset in (13, 21, 25)),
]
