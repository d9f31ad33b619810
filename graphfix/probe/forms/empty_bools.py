"""The largest and smallest of truth values, of which there may be none: compilers may compute what is empty ahead of time."""

from graphfix.probe.form import Change, Form, data, numbers

SHAPES = ((2, 0, 4), (0, 4), (0,), (2, 3, 0, 4), (2, 3, 4), (2, 4), (0, 3, 4))
CHANGES: list[Change] = [
    {"T": dtype, "data": data(*shape), "axes": axes, "keepdims": keep}
    for dtype in ("bool", "uint8")
    for shape in SHAPES
    for axes in (None, numbers(0), numbers(len(shape) - 1), numbers(*range(len(shape))), numbers(1 % len(shape)), numbers(-1))
    for keep in (0, 1)
]
FORMS = [Form(op, {"data": data(2, 3, 4), "axes": numbers(1)}, empties=(), changes=CHANGES) for op in ("ReduceMax", "ReduceMin")]
