"""A Slice of the last rows of a dynamic dim, as decoders keep the last position; its bounds are constants."""

from graphfix.probe.form import AGAIN, TextProbe

LAST = 2**63 - 1
BOUNDS = {"the last": (-1, LAST), "the last two": (-2, LAST), "all but the last": (0, -1), "the one before": (-2, -1)}
SHAPES = {
    "1,s,8": 1, "n,s,8": 1, "n,4,s": 2, "s,8": 0, "s,4,8": 0, "n,2,s,8": 2, "n,s,2,8": 1, "1,s": 1, "n,s": 1,
}  # fmt: skip
"""Shapes of the data, with the axis that is sliced."""


def _last(name: str, shape: str, opset: int, kind: str, *, stepped: bool) -> TextProbe:
    start, end = BOUNDS[name]
    result = ",".join("r" if at == SHAPES[shape] else size for at, size in enumerate(shape.split(",")))
    step, held = (", one", ", int64[1] one = {1}") if stepped else ("", "")
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({kind}[{shape}] X) => ({kind}[{result}] Y)'
        f" <int64[1] start = {{{start}}}, int64[1] end = {{{end}}}, int64[1] axis = {{{SHAPES[shape]}}}{held}>"
        f" {{ [probe] r = Slice(X, start, end, axis{step}) Y = Identity(r) }}"
    )
    label = f"{name} of [{shape}] {kind}{' with a step' if stepped else ''}, opset={opset}"
    return TextProbe("Slice", label, text, ("starts.value", "data.dims", "steps.value", AGAIN))


FORMS = [
    *(_last(name, shape, 17, "float", stepped=stepped) for name in BOUNDS for shape in SHAPES for stepped in (False, True)),
    *(_last(name, shape, 13, kind, stepped=True) for name in ("the last", "all but the last") for shape in ("1,s,8", "n,s", "s,8")
      for kind in ("int64", "int32")),
]  # fmt: skip
