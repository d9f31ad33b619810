"""Quantisation to int8 around a zero point of 0, and the dequantisation of such weights.

Compilers that have no uint8, or no other zero point, reject every deviation of the forms in quantisation.py for that reason
alone; only around this form do deviations tell what else they reject.
"""

from graphfix.probe.form import Change, Form, Tensor, data, scalar, weight

DIMS = ("batch", "spatial", "sequence", "dynamic")
SHAPES = ((4, 3), (6,), (2, 3, 4), (3, 4, 2, 2), (2, 2, 3, 2, 2))


def along(name: str, size: int) -> Change:
    """Return a scale and a zero point of 0 for each index along an axis."""
    scales = (0.5, 0.25, 1.0, 0.5, 0.25, 1.0)[:size]
    return {f"{name}_scale": Tensor((size,), "constant", scales), f"{name}_zero_point": Tensor((size,), "constant", (0,) * size)}


WEIGHTS: list[Change] = [
    {"x": weight(*shape, low=-9, high=9), "axis": axis, **more, **point}
    for shape in SHAPES
    for axis in (0, 1, -1)
    if axis < len(shape)
    for more in ({}, along("x", shape[axis]))
    for point in (({},) if more else ({}, {"x_zero_point": None}))
]
"""Stored weights with one scale, or with one for each index along an axis."""
OTHERS: list[Change] = [
    *({**change, "T1": dtype} for change in WEIGHTS[:9] for dtype in ("uint8", "int32", "int16")),
    *({**change, "since": since} for change in WEIGHTS[:9] for since in (13, 19, 21)),
    *({"x": weight(4, 3, low=-9, high=9), "axis": axis, "since": 10} for axis in (None,)),
    *({"x": weight(4, 3, low=-9, high=9), "x_scale.from": source} for source in ("runtime", "folded")),
]
"""The same with other dtypes, versions and scales."""
GIVEN: list[Change] = [
    *({"axis": axis, **along("x", size)} for axis, size in ((0, 2), (1, 3), (2, 4), (-1, 4))), {"axis": 0}, {"axis": -1},
    *({"axis": 1, **along("x", 3), "dims": dims} for dims in DIMS), {"x_zero_point": None}, {"x_zero_point": scalar(3)},
    *({"x": data(2, 3, 4), "axis": axis, "dims": dims} for axis in (0, 1, -1) for dims in ("static", *DIMS)),
    *({"x": data(2, 3), "axis": axis, "dims": dims} for axis in (0, 1, -1) for dims in ("static", "batch", "dynamic")),
    *({"since": since, "dims": dims} for since in (10, 13, 19, 21) for dims in ("static", "batch", "dynamic")),
]  # fmt: skip
"""Data with one scale or several, with dims of every kind."""


def of_output(change: Change) -> Change:
    """Return the change of a dequantisation as one of a quantisation, which names its parameters after the output."""
    return {name.replace("x_", "y_"): value for name, value in change.items()}


FORMS = [
    Form("QuantizeLinear", {"x": data(2, 3, 4, 4), "y_scale": scalar(0.1), "y_zero_point": scalar(0)}, {"axis": 1},
         types={"T3": "int8"}, ranks=(0, 1, 2, 3, 5), changes=[of_output(change) for change in GIVEN]),
    Form("DequantizeLinear", {"x": data(2, 3, 4, 4, low=-9, high=9), "x_scale": scalar(0.1), "x_zero_point": scalar(0)},
         {"axis": 1}, types={"T1": "int8"}, ranks=(0, 1, 2, 3, 5), changes=[*GIVEN, *WEIGHTS, *OTHERS]),
]  # fmt: skip
