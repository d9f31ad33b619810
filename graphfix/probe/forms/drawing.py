"""Random numbers in the shape of a constant or an attribute, which exporters write where a size is fixed."""

from graphfix.probe.form import TextProbe


def drawn(op: str, form: str, dims: str) -> TextProbe:
    """Noise of no weight added to an input: the shape is that of a constant, or an attribute."""
    count = 1
    for size in dims.split(","):
        count *= int(size)
    zeros = ", ".join(["0"] * count)
    text = (
        f'<ir_version: 8, opset_import: ["" : 17]> g (float[{dims}] x) => (float[{dims}] y)'
        f" <float[{dims}] c = {{{zeros}}}, float none = {{0}}>"
        f" {{ [probe] r = {op}{form.replace('DIMS', f'[{dims}]')} m = Mul(r, none) y = Add(x, m) }}"
    )
    return TextProbe(op, f"in the shape of a constant [{dims}] {form}", text, ("foldable",))


SIZES = ("1, 8", "2, 3, 4", "6")

FORMS = [
    *(drawn(op, form, dims) for op in ("RandomNormalLike", "RandomUniformLike") for form in ("(c)", "<dtype = 1>(c)")
      for dims in SIZES),
    *(drawn(op, form, dims) for op in ("RandomNormal", "RandomUniform")
      for form in ("<shape = DIMS>()", "<dtype = 1, seed = 2.0, shape = DIMS>()") for dims in SIZES),
]  # fmt: skip
