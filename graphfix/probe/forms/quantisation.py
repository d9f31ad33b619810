"""QuantizeLinear, DequantizeLinear and related operators."""

from itertools import product

from graphfix.probe.form import Change, Form, Tensor, aged, data, each, numbers, scalar, weight
from graphfix.probe.operands import CODES

RANKS = tuple(range(8))
SOME = ("static", "dynamic")
SCALES = ("float32", "float16", "bfloat16", "int32")
SMALL = ("int8", "uint8", "int16", "uint16", "int4", "uint4", "int2", "uint2", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
         "float8e5m2fnuz", "float4e2m1", "float6e2m3", "float6e3m2")  # fmt: skip
"""Dtypes of quantized values."""
SHAPES = {1: (4,), 2: (3, 4), 3: (2, 3, 4), 4: (2, 3, 4, 4), 5: (2, 3, 2, 4, 2), 6: (2, 3, 2, 2, 2, 2)}


POINTS = {
    "uint8": ((0,), (1,), (128,), (255,), (0, 0, 0), (1, 1, 1), (3, 128, 7), (0, 128, 3)),
    "int8": ((0,), (1,), (5,), (-1,), (-128,), (0, 0, 0), (1, 1, 1), (3, 5, 7), (0, 5, 3), (-3, -128, -1), (-3, 0, 5)),
}  # fmt: skip
"""Zero points of every dtype, one or one per channel."""


def pointed(zero: str, scale: str, size: int, *variables: str) -> list[Change]:
    """Return changes with zero points of every dtype, per tensor and, where `size` is not 0, per channel of `size` channels.

    `variables` are the type variables that are bound to the dtype.
    """
    found: list[Change] = []
    for dtype, points in POINTS.items():
        typed = dict.fromkeys(variables, dtype)
        for point in points:
            if len(point) == 1:
                found += [{zero: scalar(point[0]), **typed}, {zero: numbers(*point), scale: numbers(0.1), **typed}]
            elif size:
                several = {zero: Tensor((size,), "constant", (point * size)[:size])}
                found.append({**several, scale: Tensor((size,), "constant", ((0.5, 0.25, 1.0) * size)[:size]), **typed})
    return found


def along(size: int, scale: str, zero: str | None, source: str = "constant", whole: int = 0) -> Change:
    """A scale, and optionally a zero point, for each index along an axis."""
    points = None if zero is None else Tensor((size,), source, (whole,) * size)
    return {scale: Tensor((size,), source, (0.5, 0.25, 1.0, 0.5, 0.25, 1.0, 0.5, 0.25)[:size]), **({zero: points}
        if zero else {})}


def blocks(shape: tuple[int, ...], axis: int, block: int, scale: str, zero: str | None, source: str = "constant") -> Change:
    """A scale for each block along an axis."""
    fewer = tuple(size // block if at == axis else size for at, size in enumerate(shape))
    points = Tensor(fewer, source, low=1, high=1)
    return {scale: Tensor(fewer, source, low=0.25, high=1.0), "block_size": block, "axis": axis, **({zero: points}
        if zero else {})}


def finer(data_name: str, scale: str, zero: str, made: str) -> list[Change]:
    """Scales per tensor, axis and block on data of every rank, with and without zero points, in every small dtype."""
    low, high = (-1.0, 1.0) if data_name == "x" and made == "T3" else (0.0, 1.0)
    out: list[Change] = []
    for rank, shape in SHAPES.items():
        given = data(*shape, low=low, high=high)
        for axis in sorted({0, 1, -1, rank - 1}):
            if axis >= rank:
                continue
            for points, dims in product((zero, None), SOME):
                if dims == "static" or rank in (2, 4):
                    change = {data_name: given, "axis": axis, "dims": dims, **along(shape[axis], scale, points)}
                    out.append(change if points else {**change, zero: None})
        out.append({data_name: given, zero: None, **({} if rank > 1 else {"axis": 0})})
        out.append({data_name: given, "axis": None} if rank > 1 else {data_name: given, "axis": 0})
    for dtype in SMALL:
        out.append({made: dtype, zero: scalar(0)})
        out.append({made: dtype, zero: scalar(1)})
        out.append({made: dtype, **along(3, scale, zero)})
        out.append({made: dtype, data_name: data(2, 6, low=low, high=high), **blocks((2, 6), 1, 3, scale, zero)})
        out.append({made: dtype, data_name: data(2, 6, low=low, high=high), **blocks((2, 6), 1, 3, scale, None), zero: None})
    for shape, axis, block in (((6, 4), 0, 3), ((2, 6), 1, 2), ((2, 6, 4), 1, 3), ((2, 6, 4), -2, 3), ((2, 4, 3, 2), 1, 2)):
        for points, dims in product((zero, None), ("static", "dynamic")):
            at = axis % len(shape)
            change = {data_name: data(*shape, low=low, high=high), "dims": dims, **blocks(shape, at, block, scale, points),
                "axis": axis}
            out.append(change if points else {**change, zero: None})
    for source in ("runtime", "folded", "shape"):
        out.append({scale: Tensor((), source, (0.5,)), zero: Tensor((), source, (1,))})
        out.append({scale: Tensor((), source, (0.5,)), zero: None})
        out.append(along(3, scale, zero, source))
    out.extend({zero: scalar(value), made: "int8"} for value in (-1, 0, 1, 3))
    out.append({made: "int8", **along(3, scale, zero, whole=-1)})
    out.append({scale: numbers(0.5), zero: numbers(1)})
    out.append({scale: scalar(1.0), zero: scalar(0)})
    return out


def older(scale: str, zero: str, made: str) -> list[Change]:
    """What quantizers write in the opsets of most published models."""
    found: list[Change] = [{zero: None}, {"dims": "dynamic"}]
    for dtype in ("uint8", "int8"):
        found += [{made: dtype, zero: scalar(value)} for value in (0, 1, 3)]
        found += [{made: dtype, "axis": axis, **along(3 if axis == 1 else 2, scale, zero)} for axis in (0, 1)]
    return [*found, {made: "int8", zero: scalar(-128)}]


QUANTISED = [
    *finer("x", "y_scale", "y_zero_point", "T3"),
    *pointed("y_zero_point", "y_scale", 3, "T3"),
    *aged(19, 21, changes=older("y_scale", "y_zero_point", "T3")),
    {"axis": 2, **along(4, "y_scale", "y_zero_point")},
]
RESTORED = [
    *finer("x", "x_scale", "x_zero_point", "T1"),
    *pointed("x_zero_point", "x_scale", 3, "T1"),
    *({"x": weight(2, 3, 4, low=0, high=9), **change} for change in pointed("x_zero_point", "x_scale", 3, "T1")),
    *aged(19, 21, changes=older("x_scale", "x_zero_point", "T1")),
    *aged(19, 21, changes=[{"x": weight(4, 3, low=0, high=9), "axis": 0, "T1": "int8", **along(4, "x_scale", "x_zero_point")}]),
    {"axis": 2, **along(4, "x_scale", "x_zero_point")},
]
"""Dequantized data, or a dequantized weight."""
FORMS = [
    Form("DynamicQuantizeLinear", {"x": data(2, 3, 4, 5)}, outputs=3, ranks=RANKS),
    Form("QuantizeLinear", {"x": data(2, 3, 4, 4), "y_scale": scalar(0.1), "y_zero_point": scalar(3)}, {"axis": 1},
        types={"T3": "uint8"}, ranks=(1, 2, 3, 5, 6, 7),
         changes=[{"y_zero_point": None}, {"y_scale": numbers(0.1, 0.2, 0.3), "y_zero_point": numbers(0, 0, 0)},
             {"T3": "int8"}, {"T3": "int8", "y_zero_point": scalar(0)}, {"axis": 0}, {"axis": -1}, {"T3": "uint16"},
             {"T3": "int16"}, {"axis": None}, {"y_scale": numbers(0.1, 0.2, 0.3), "y_zero_point": numbers(0, 0, 0),
             "T3": "int8"}, *QUANTISED, {"x": data()}, {"x": data(), "y_zero_point": None}, {"x": data(0, 4)},
             *({"y_zero_point": None, "output_dtype": CODES[dtype]} for dtype in SMALL),
             *({"T3": dtype, "saturate": 0, "y_zero_point": scalar(0)} for dtype in SMALL if dtype.startswith("float8")),
             *({"T1": dtype, "T2": scale, "y_zero_point": scalar(1)} for dtype in ("float32", "float16", "bfloat16", "int32")
                 for scale in SCALES),
             *({"T1": dtype, "T2": dtype, **change} for dtype in ("float16", "bfloat16") for change in (
                 {"y_zero_point": None}, along(3, "y_scale", "y_zero_point"), {"T3": "int8", "y_zero_point": scalar(0)})),
             {"precision": 1}, {"precision": 10}, {"precision": 1, "T1": "float16", "T2": "float16"},
             {"foldable": True, "T3": "int8"}, {"foldable": True, **along(3, "y_scale", "y_zero_point")}]),
    Form("DequantizeLinear", {"x": data(2, 3, 4, 4, low=0, high=9), "x_scale": scalar(0.1), "x_zero_point": scalar(3)},
        {"axis": 1}, types={"T1": "uint8"}, ranks=(1, 2, 3, 5, 6, 7),
         changes=[{"x_zero_point": None}, {"x_scale": numbers(0.1, 0.2, 0.3), "x_zero_point": numbers(0, 0, 0)},
             {"T1": "int8"}, {"T1": "int32", "x_zero_point": None}, {"T1": "int32", "x_zero_point": scalar(0)}, {"axis": 0},
             {"axis": -1}, {"axis": None},
                  {"T1": "int8", "x": weight(4, 3, low=0, high=9), "axis": 0, "x_scale": numbers(0.1, 0.2, 0.3, 0.1),
                      "x_zero_point": numbers(0, 0, 0, 0)}, {"T1": "int8", "foldable": True},
                      {"T1": "int32", "x": weight(4, low=0, high=99), "x_zero_point": scalar(0)},
                      *each(T1=["uint16", "int16"]), *RESTORED, {"x": data()}, {"x": data(), "x_zero_point": None},
                          {"x": data(0, 4)},
                      *({"T1": dtype, "x": weight(4, 3, low=0, high=1), **change} for dtype in ("uint8", *SMALL) for change in (
                          {"x_zero_point": scalar(1)}, {"x_zero_point": None}, {"axis": 0, **along(4, "x_scale", "x_zero_point")},
                          blocks((4, 3), 0, 2, "x_scale", "x_zero_point"))),
                      *({"T2": scale, "T1": dtype, **change} for scale in ("float16", "bfloat16") for dtype in ("uint8", "int8",
                          "int4",
                          "float8e4m3fn", "int32") for change in ({"x_zero_point": scalar(0)}, {"x_zero_point": None},
                          along(3, "x_scale", "x_zero_point"))),
                      *({"output_dtype": CODES[dtype], "T2": scale} for dtype in ("float32", "float16", "bfloat16")
                          for scale in ("float32", "float16")),
                      {"T1": "int32", **along(3, "x_scale", None), "x_zero_point": None},
                      {"T1": "int32", "x": weight(4, low=0, high=99), **along(4, "x_scale", None), "x_zero_point": None,
                          "axis": 0}]),
]  # fmt: skip
