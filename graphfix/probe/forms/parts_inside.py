"""Parts that are made inside a model and used there: without elements and joined to others, or split off constants."""

from math import prod

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


def _parts(dtype: str, shape: str, axis: int, count: int, written: bool, opset: int) -> TextProbe:
    """A Split of a constant into parts that are added to data."""
    sizes = [int(each) for each in shape.split(",")]
    part = sizes[axis] // count
    numbers = ", ".join(str(at) for at in range(prod(sizes)))
    sizes[axis] = part
    data = f"{dtype}[{','.join(map(str, sizes))}]"
    operand, how = (", s", "") if written else ("", f", num_outputs = {count}" if opset > 13 else "")
    made = [f"p{at}" for at in range(count)]
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({data} X) => ({", ".join(f"{data} Y{at}" for at in range(count))}) '
        f"{{ c = Constant<value = {dtype}[{shape}] {{{numbers}}}>() "
        f"s = Constant<value = int64[{count}] {{{', '.join([str(part)] * count)}}}>() "
        f"[probe] {', '.join(made)} = Split<axis = {axis}{how}>(c{operand}) "
        + " ".join(f"Y{at} = Add(X, {name})" for at, name in enumerate(made))
        + " }"
    )
    label = f"constant {dtype}[{shape}] axis={axis} in {count} sizes={written} opset={opset}"
    return TextProbe("Split", label, text, ("foldable", AGAIN))


FORMS = [
    *(_joined(made, other, order, shape, 17) for made in EMPTY for other in OTHERS for order in ("e, f", "f, e")
      for shape in ("2,6", "n,6")),
    *(_split(sizes, shape, axis, opset) for sizes, shape, axis in (("6, 0", "2,6", 1), ("6, 0", "2,3,6", 2),
      ("6, 0", "2,3,4,6", -1), ("6, 0", "6", 0), ("0, 6", "2,3,6", 2)) for opset in (13, 18)),
    *(_parts(dtype, shape, axis, count, written, opset) for dtype in ("float", "int64") for count in (2, 3, 4)
      for shape, axis in (("12", 0), ("2,12", 1), ("12,2", 0), ("2,3,12", -1)) for written in (True, False)
      for opset in (13, 18)),
]  # fmt: skip
