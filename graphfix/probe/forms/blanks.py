"""Clip whose bounds are left out by empty names, as some exporters write, and not by a shorter list of inputs."""

from graphfix.probe.form import AGAIN, TextProbe

DTYPES = ("float", "float16", "double", "int8", "uint8", "int32", "int64", "int16")
CALLS = {"neither": "X", "one blank": "X, , ", "two blanks": "X, , , ", "blank and bound": "X, , b",
         "bound and blank": "X, b, , "}  # fmt: skip
SHAPES = ("3", "2,3,4")


def clip(dtype: str, call: str, shape: str, opset: int) -> TextProbe:
    """A Clip with bounds given, left out, or left out by an empty name."""
    whole = f"{dtype} {{0x3c00}}" if dtype == "float16" else f"{dtype} {{1}}"
    text = (f'<ir_version: 8, opset_import: ["": {opset}]> g ({dtype}[{shape}] X) => ({dtype}[{shape}] Y) '
            f"{{ b = Constant<value = {whole}>() [probe] Y = Clip({CALLS[call]}) }}")  # fmt: skip
    text = text.replace("0x3c00", "15360")
    return TextProbe("Clip", f"{dtype}[{shape}], {call}, opset={opset}", text, ("blanks", AGAIN))


FORMS = [clip(dtype, call, shape, opset) for dtype in DTYPES for call in CALLS for shape in SHAPES for opset in (13, 17)
         if shape == "3" or opset == 13]  # fmt: skip
