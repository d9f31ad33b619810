"""Parts that are made inside a model and used there: without elements and joined to others, or split off constants."""

from graphfix.probe.form import AGAIN, TextProbe

ENDS = (
    "z = Constant<value = int64[1] {0}>() o = Constant<value = int64[1] {1}>() r = Constant<value = int64[1] {2}>() "
    "zz = Constant<value = int64 {0}>() oo = Constant<value = int64 {1}>() "
)
EMPTY = {
    "a slice of sizes": "s = Shape(X) e = Slice(s, z, z)",
    "a slice of a constant": "c = Constant<value = int64[2] {4, 6}>() e = Slice(c, z, z)",
    "a list": "e = Range(zz, zz, oo)",
    "a constant": "e = Constant<value = int64[0] {}>()",
}
OTHERS = {
    "sizes": "t = Shape(X) f = Slice(t, z, r)",
    "one size": "t = Shape(X) f = Slice(t, o, r)",
    "constants": "f = Constant<value = int64[2] {2, 6}>()",
    "ones": "f = ConstantOfShape<value = int64[1] {1}>(r)",
}


def _joined(made: str, other: str, order: str, shape: str, opset: int) -> TextProbe:
    """A Concat of a list without elements and another list."""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{shape}] X) => (int64[k] Y) '
        f"{{ {ENDS}{EMPTY[made]} {OTHERS[other]} [probe] Y = Concat<axis = 0>({order}) }}"
    )
    label = f"{made} without elements and {other}, {order} of [{shape}] opset={opset}"
    return TextProbe("Concat", label, text, ("inputs.dims", AGAIN))


def _split(sizes: str, shape: str, axis: int, opset: int) -> TextProbe:
    """A Split of which one part has no elements, and whose parts are joined again."""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{shape}] X) => (float[{shape}] Y) '
        f"{{ s = Constant<value = int64[2] {{{sizes}}}>() [probe] a, b = Split<axis = {axis}>(X, s) c = Neg(a) "
        f"Y = Concat<axis = {axis}>(c, b) }}"
    )
    return TextProbe("Split", f"parts of {sizes} joined again, [{shape}] axis={axis} opset={opset}", text, ("split", AGAIN))


def _parts(dtype: str, shape: str, axis: int, written: bool, opset: int) -> TextProbe:
    """A Split of a constant into parts that are added to data."""
    size = int(shape.split(",")[axis])
    sizes = [int(each) for each in shape.split(",")]
    half = ",".join(str(size // 2 if at == axis % len(sizes) else each) for at, each in enumerate(sizes))
    total = 1
    for each in sizes:
        total *= each
    numbers = ", ".join(str(at) for at in range(total))
    operand, how = (", s", "") if written else ("", ", num_outputs = 2" if opset > 13 else "")
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({dtype}[{half}] X) => ({dtype}[{half}] Y, {dtype}[{half}] Z) '
        f"{{ c = Constant<value = {dtype}[{shape}] {{{numbers}}}>() "
        f"s = Constant<value = int64[2] {{{size // 2}, {size // 2}}}>() [probe] a, b = Split<axis = {axis}{how}>(c{operand}) "
        "Y = Add(X, a) Z = Mul(X, b) }"
    )
    return TextProbe("Split", f"constant {dtype}[{shape}] axis={axis} sizes={written} opset={opset}", text, ("foldable", AGAIN))


FORMS = [
    *(_joined(made, other, order, shape, 17) for made in EMPTY for other in OTHERS for order in ("e, f", "f, e")
      for shape in ("2,6", "n,6")),
    *(_split(sizes, shape, axis, opset) for sizes, shape, axis in (("6, 0", "2,6", 1), ("6, 0", "2,3,6", 2),
      ("6, 0", "2,3,4,6", -1), ("6, 0", "6", 0), ("0, 6", "2,3,6", 2)) for opset in (13, 18)),
    *(_parts(dtype, shape, axis, written, opset) for dtype in ("float", "int64") for shape, axis in (("4", 0), ("2,4", 1),
      ("2,4", 0), ("2,3,4", 2), ("2,3,4", -1), ("2,2,3,4", 3)) for written in (True, False) for opset in (13, 18)),
]  # fmt: skip
