"""Gather and scatter operators."""

import math

from graphfix.probe.form import COMMON, Change, Form, Tensor, data, each, numbers, scalar, weight
from graphfix.probe.forms.slicing import DIMS, SOME, WIDE

NUMERIC = ("float32", "float16", "float64", "int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64")
RANKS = tuple(range(8))
SOURCES = ("constant", "folded", "runtime", "shape")


def along(shape: tuple[int, ...], axis: int, source: str, value: int) -> Tensor:
    """Return one index along an axis per row of the data, for compilers that require indices as large as the data."""
    fit = tuple(1 if at == axis % len(shape) else size for at, size in enumerate(shape))
    return Tensor(fit, source, (value,) * math.prod(fit))


PICKS: list[Change] = [
    *({"data": data(*shape), "axis": axis, "indices": scalar(index)}
        for shape in ((4,), (4, 4), (4, 4, 4), (4, 4, 4, 4), (4, 4, 2, 4, 2))
      for axis in (0, 1, -1) if axis < len(shape) for index in (0, 1, -1)),
    *({"data": data(*shape), "axis": axis, "indices": numbers(*index)} for shape in ((4,), (4, 4), (4, 4, 4), (4, 4, 4, 4))
      for axis in (0, 1, -1) if axis < len(shape) for index in ((0,), (1,), (3,), (-1,), (0, 2), (2, 1, 3), (-1, 1))),
    *({"axis": axis, "indices": index, "dims": dims} for axis in (0, 1, -1)
        for index in (scalar(0), scalar(-1), scalar(1), numbers(0, 2), numbers(1)) for dims in DIMS),
    *({"data": data(4, 4, 4, 4), "axis": axis, "indices": index, "dims": dims} for axis in (1, 2)
        for index in (scalar(0), numbers(0, 2)) for dims in DIMS),
    *({"indices": data(*shape, low=0, high=3), "data": weight(6, 5), "axis": 0, "Tind": kind, "dims": dims}
        for shape in ((), (3,), (2, 3), (2, 3, 2)) for kind in ("int64", "int32") for dims in ("static", *DIMS)),
    *({"indices": data(*shape, low=0, high=3), "data": data(6, 5), "axis": axis, "dims": dims} for shape in ((), (3,), (2, 3))
        for axis in (0, 1) for dims in ("static", *DIMS)),
    *({"indices": Tensor((), source, (1,)), "axis": axis} for source in ("folded", "shape") for axis in (0, 1)),
    {"indices": weight(2, 3, low=0, high=2)}, {"indices": weight(2, 3, 2, low=0, high=2)},
    *({"data": Tensor((4,), source, (2, 3, 4, 5)), "axis": 0, "indices": index, "T": dtype}
        for source in ("shape", "folded", "constant", "runtime")
      for index in (scalar(0), scalar(1), scalar(3), scalar(-1), numbers(0), numbers(1), numbers(3), numbers(-1),
          numbers(0, 1), numbers(2, 3)) for dtype in ("int64", "int32")),
    *({"data": Tensor((4,), source, (2, 3, 4, 5)), "axis": 0, "indices": scalar(0), "T": "float32"}
        for source in ("shape", "folded")),
    {"data": data(4, 4), "axis": 0, "indices": scalar(0), "T": "bool"},
    {"data": data(4, 4, 4), "axis": 0, "indices": data(low=0, high=2), "dims": "dynamic"},
    {"data": data(6, 5), "axis": 0, "indices": data(3, low=0, high=3), "T": "float64"},
    {"data": data(6, 5), "axis": 0, "indices": scalar(0), "T": "float64"},
    *({"data": data(*shape), "axis": axis, "indices": index} for rank, shape in WIDE.items() for axis in (0, -1)
      for index in (scalar(0), numbers(0, 1), data(2, low=0, high=1))),
    *({"data": data(*shape), "axis": axis, "indices": data(*picks, low=0, high=1), "dims": dims} for shape in ((4,), (2, 3, 4))
        for axis in (0, -1) for picks in ((), (3,), (2, 3), (1, 2, 3), (2, 1, 3, 2), (2, 1, 3, 1, 2), (1, 2, 1, 2, 1, 2),
      (1, 2, 1, 2, 1, 2, 1)) for dims in (SOME if len(picks) < 3 else ("static",))),
    *({"data": data(*shape), "axis": 0, "indices": weight(*picks, low=0, high=1)} for shape in ((4,), (2, 3, 4))
        for picks in ((2, 3), (1, 2, 3), (2, 1, 3, 2))),
    *({"data": data(4, 5), "axis": axis, "indices": Tensor((2, 2), "constant", values)} for axis in (0, 1)
      for values in ((0, 0, 0, 0), (1, 1, 1, 1), (1, 2, 2, 1), (-1, -2, -2, -1), (0, -1, 1, 2), (0, 1, 2, 3))),
    *({"axis": axis, "indices": index, "T": dtype, "dims": dims} for axis in (0, 1) for index in (scalar(0), data(3, low=0,
        high=1)) for dtype in ("int64", "bool", "float16") for dims in ("static", "dynamic")),
    *({"data": data(*shape), "axis": axis, "indices": index} for shape, axis in (((0, 4), 1), ((2, 0), 0), ((2, 0, 4), -1))
      for index in (scalar(0), numbers(0, 1))),
    *({"indices": data(0, low=0, high=1), "axis": axis} for axis in (0, 1)), {"indices": numbers(), "axis": 0},
    {"indices": numbers(), "axis": 1}, {"indices": data(0, 2, low=0, high=1), "axis": 0},
    *({"indices": Tensor(shape, source, (1,) * max(1, len(shape))), "axis": axis, "Tind": kind, "dims": dims}
      for shape in ((), (1,)) for source in ("folded", "shape", "runtime") for axis in (0,)
      for kind in ("int64", "int32") for dims in ("static", "dynamic")),
    *({"data": Tensor((4,), source, (2, 3, 4, 5)), "axis": 0, "indices": data(*picks, low=0, high=3), "T": dtype}
      for source in ("constant", "folded", "shape", "runtime") for picks in ((), (2,)) for dtype in ("int64", "float32")),
]  # fmt: skip
CROSSED = Tensor((2, 2), "runtime", (0, 1, 1, 0))
SPREAD: list[Change] = [
    {"data": given, "indices": Tensor((2, 3, 1), source, (0, 1, 2, 3, 1, 0)), "updates": updates, "axis": axis, "dims": dims,
     "T": dtype} for axis in (-1, 2) for source in ("constant", "runtime")
    for given, updates in ((data(2, 3, 4), data(2, 3, 1)), (data(2, 3, 4), weight(2, 3, 1)),
        (weight(2, 3, 4), data(2, 3, 1)), (data(2, 3, 4), Tensor((2, 3, 1), "shape")))
    for dims in ("static", "batch", "spatial", "sequence", "dynamic") for dtype in ("float32", "int64")
    if dtype == "float32" or dims == "static"
]  # fmt: skip
"""Updates along the last of three dims, any of which may be dynamic."""
PUT: list[Change] = [
    *each(axis=[0, -1, None], reduction=["add", "mul", "max", "min"]), {"indices": Tensor((2, 2), "constant", (0, 1, 1, 0))},
    {"data": data(5), "indices": numbers(1, 3), "updates": data(2), "axis": 0},
    {"data": data(5), "indices": numbers(1, 3), "updates": weight(2), "axis": 0},
    {"data": data(5), "indices": numbers(1, 3), "updates": weight(2), "axis": 0, "foldable": True},
    {"data": data(5), "indices": numbers(1, 3), "updates": weight(2), "axis": 0, "foldable": True, "Tind": "int32"},
    {"data": weight(5), "indices": numbers(1, 3), "updates": weight(2), "axis": 0, "foldable": True, "Tind": "int32",
        "reduction": "none"}, {"Tind": "int32"}, {"indices": Tensor((2, 2), "constant", (-1, 0, 0, -1))},
    *({"data": data(*shape), "indices": Tensor((1,) * len(shape), source, (value,)), "updates": data(*(1,) * len(shape)),
       "axis": axis, "reduction": how} for shape in WIDE.values() for axis in (0, 1, -1) if axis < len(shape)
      for source, value in (("constant", 0), ("constant", 1), ("constant", -1), ("runtime", 1)) for how in (None, "add")
      if how is None or len(shape) in (2, 3)),
    *({"data": data(2, 2, 4, 4), "indices": Tensor((1, 1, 2, 1), "constant", (0, 1)), "updates": data(1, 1, 2, 1), "axis": axis}
      for axis in (1, 2, 3)),
    *({"axis": axis, "reduction": how, "dims": dims} for axis in (0, 1) for how in (None, "add", "max")
      for dims in SOME),
    *({"axis": 1, "reduction": how, "T": dtype, "dims": dims} for how in (None, "add", "mul")
      for dtype in ("int64", "int32", "float16", "bool") for dims in SOME if how is None or dtype != "bool"),
    *({"indices": Tensor((2, 2), "constant", values), "reduction": how} for how in (None, "add")
      for values in ((0, 0, 0, 0), (1, 1, 1, 1), (-1, -1, -2, -2), (0, -1, 1, 0), (0, 1, 1, 0))),
    *({"data.from": a, "updates.from": b, "reduction": how} for a in ("constant", "runtime") for b in ("constant", "runtime")
      for how in (None, "add")),
    *({"data": data(*shape), "indices": data(*shape, low=0, high=0), "updates": data(*shape)} for shape in ((0, 2), (0,), (2,
        0))),
    {"data": data(2, 2), "indices": data(0, 2, low=0, high=0), "updates": data(0, 2)},
    {"updates.from": "constant"}, {"data": data(2, 2, 4), "indices": Tensor((2, 2, 1), "runtime", (0, 1, 1, 0)),
        "updates": data(2, 2, 1), "axis": 2}, {"data": data(1, 5), "indices": Tensor((1, 2), "constant", (1, 3)),
        "updates": data(1, 2)},
]  # fmt: skip
GRID = Tensor((2, 2), "constant", (0, 1, 1, 2))

DEEP = ((2, 1, 2), (1, 2, 1, 2), (1, 1, 2, 1, 2), (1, 2, 1, 1, 1, 2))
"""Shapes of positions, beside the axis of their coordinates."""
FORMS = [
    Form("Gather", {"data": data(4, 4, 4), "indices": scalar(1)}, {"axis": 1}, changes=PICKS),
    Form("GatherElements", {"data": data(2, 4), "indices": data(2, 4, low=0, high=1)}, {"axis": 1},
         changes=[*each(axis=[0, -1, None], Tind=["int32"]), {"indices": Tensor((2, 3), "constant", (0, 1, 1, 0, 1, 0))},
             {"indices": data(2, 3, low=0, high=1)}, {"indices": data(1, 4, low=0, high=1), "axis": 0},
                  {"indices": Tensor((2, 3), "constant", (-1, 0, 0, -1, 0, 0))},
                  {"data": data(2, 3, 4), "indices": data(2, 1, 4, low=0, high=1), "axis": 1},
                  {"data": data(4), "indices": data(3, low=0, high=3), "axis": 0},
                  *({"data": data(2, 3, 4), "indices": data(2, 3, 4, low=0, high=1), "axis": axis, "dims": dims}
                      for axis in (1, 2, -1) for dims in ("static", *DIMS)),
                  *({"data": data(*shape), "indices": along(shape, axis, source, value), "axis": axis}
                      for shape in WIDE.values() for axis in (0, 1, 2, -1) if axis < len(shape)
                      for source, value in (("constant", 0), ("constant", 1), ("constant", -1), ("runtime", 1))
                      if source == "constant" or axis == 0),
                  *({"data": data(2, 8, 4), "indices": data(*chosen, low=0, high=1), "axis": axis, "data.dims": dims,
                     "indices.dims": given} for chosen, axis in (((2, 3, 4), 1), ((2, 8, 3), -1), ((2, 8, 3), 2), ((1, 8, 4), 0))
                      for dims in ("batch", "static") for given in ("batch", "sequence",
                      "followed", "followed inside", "static")),
                  *({"data": data(*shape), "indices": data(*shape, low=0, high=1), "axis": axis, "dims": dims}
                      for shape in WIDE.values() for axis in (0, -1) for dims in (SOME if len(shape) < 5 else ("static",))),
                  *({"indices": Tensor((2, 3), "constant", values)} for values in ((0,) * 6, (1,) * 6, (1, 2, 3, 3, 2, 1),
                      (-1,) * 6,
                      (0, 1, 2, 3, 0, 1), (-1, -2, 0, 1, -1, 0))),
                  *({"T": dtype, "axis": axis, "dims": dims, "Tind": kind} for dtype in ("int64", "int32", "bool", "float16")
                      for axis in (0, 1) for dims in SOME for kind in ("int64", "int32") if kind == "int64" or dims == "static"),
                  *({"data": data(*shape), "indices": data(*picks, low=0, high=0), "axis": axis} for shape, picks, axis in (
                      ((0, 4), (0, 4), 1), ((2, 0), (2, 0), 0), ((2, 4), (2, 0), 1), ((2, 4), (0, 4), 0), ((0,), (0,), 0))),
                  *({"data.from": "constant", "axis": axis} for axis in (0, 1)),
                  {"data": data(2, 3, 4, 5), "indices": data(2, 3, 4, 2, low=0, high=1), "axis": 3}]),
    Form("GatherND", {"data": data(4, 4, 4), "indices": GRID},
         changes=[{"indices": data(2, 2, low=0, high=2)},
             {"batch_dims": 1, "indices": Tensor((4, 1), "constant", (0, 1, 1, 2))},
             {"indices": Tensor((2, 3), "constant", (0, 1, 1, 2, 1, 0))},
                  {"indices": Tensor((2, 1), "constant", (0, 1))}, {"indices": Tensor((2, 2), "constant", (0, 1, -1, 2))},
                  *({"data": data(*shape), "indices": Tensor((*picks, deep), source, (value,) * (deep * picks[0])), "dims": dims}
                      for shape in WIDE.values() for deep in (1, 2, 3) if deep <= len(shape) for picks in ((2,),)
                      for source, value in (("constant", 0), ("constant", -1), ("runtime", 1)) if deep == 1 or value
                      for dims in (SOME if deep == 1 and len(shape) < 4 else ("static",))),
                  *({"data": data(*shape), "indices": Tensor((*picks, deep), source, tuple(at % 2 for at in range(count * deep)))}
                      for shape in ((4,), (4, 4), (2, 4, 4), (2, 3, 4, 4)) for deep in (1, 2) if deep <= len(shape)
                      for picks, count in (((), 1), ((2, 2), 4), ((2, 1, 2), 4), ((1, 2, 1, 2), 4)) for source in ("constant",
                      "runtime")),
                  *({"batch_dims": batch, "data": data(*shape), "indices": Tensor((*shape[:batch], *picks, 1), source,
                      (1,) * (2**batch * (picks or (1,))[0])), "dims": dims}
                      for batch, shape in ((1, (2, 4)), (1, (2, 4, 3)), (1, (2, 4, 3, 2)), (2, (2, 2, 4)), (2, (2, 2, 4, 3)))
                      for picks in ((), (3,)) for source in ("constant", "runtime") for dims in SOME),
                  *({"indices": Tensor((2, 2), "constant", values)} for values in ((0,) * 4, (1, 2, 2, 1), (-1, -2, -1, -1),
                      (1,) * 4)),
                  *({"T": dtype, "dims": dims, "indices": given} for dtype in ("int64", "int32", "bool", "float16")
                      for dims in SOME
                      for given in (GRID, data(2, 2, low=0, high=1))),
                  {"data.from": "constant", "indices": data(2, 2, low=0, high=1)},
                  *({"data": data(*shape), "indices": data(*picks, low=0, high=0)} for shape, picks in (((0, 4), (2, 0)),
                      ((4, 0), (2, 1)), ((4, 4), (0, 1)), ((4, 4), (0, 2))))]),
    Form("ScatterElements", {"data": data(2, 2), "indices": CROSSED, "updates": data(2, 2)}, {"axis": 1},
        changes=[*PUT, *SPREAD]),
    Form("Scatter", {"data": data(2, 2), "indices": CROSSED, "updates": data(2, 2)}, {"axis": 1}, changes=PUT),
    Form("ScatterND", {"data": data(4, 4, 4), "indices": GRID, "updates": data(2, 4)},
         changes=[*each(reduction=["add", "mul", "max", "min"]), {"indices": data(2, 2, low=0, high=2)},
             {"updates.from": "constant"}, {"indices": Tensor((2, 3), "constant", (0, 1, 1, 2, 1, 0)), "updates": data(2)},
                  {"indices": Tensor((2, 1), "constant", (0, 1)), "updates": data(2, 4, 4)}, {"data.from": "constant"},
                  *({"data": data(*shape), "indices": Tensor((2, deep), source, (0,) * deep + (value,) * deep),
                     "updates": data(2, *shape[deep:]), "reduction": how, "dims": dims}
                      for shape in WIDE.values() for deep in (1, 2, 3) if deep <= len(shape) for how in (None, "add", "max")
                      for source, value in (("constant", 1), ("constant", -1), ("runtime", 1))
                      for dims in (SOME if deep < 3 and 1 < len(shape) < 4 and how is None else ("static",))
                      if how is None or (value == 1 and deep < 3)),
                  *({"data": data(*shape), "indices": Tensor((*picks, deep), source, tuple(at % 2 for at in range(count * deep))),
                     "updates": data(*picks, *shape[deep:])}
                      for shape in ((4,), (4, 4), (2, 4, 4), (2, 3, 4, 4)) for deep in (1, 2) if deep <= len(shape)
                      for picks, count in (((), 1), ((2, 2), 4), *((deeper, 4) for deeper in DEEP))
                      for source in ("constant", "runtime")),
                  *({"data": data(4, 4, 4), "indices": Tensor((2, 3, deep), source, (0, 1, 1, 2, 2, 0) * deep),
                     "updates": data(2, 3, *(4,) * (3 - deep)), "dims": dims, "reduction": how} for deep in (1, 2, 3)
                      for source in ("runtime", "constant") for dims in ("batch", "spatial", "sequence", "dynamic")
                      for how in (None, "add") if how is None or deep == 2),
                  *({"indices": Tensor((2, 2), "constant", values)} for values in ((0, 0, 0, 1), (1, 2, 2, 1), (-1, -2, -1, -1),
                      (0,) * 4,
                      (1,) * 4)),
                  *({"T": dtype, "dims": dims, "reduction": how} for dtype in ("int64", "int32", "bool", "float16")
                      for dims in SOME
                      for how in (None, "add") if how is None or dtype != "bool"),
                  *({"data.from": a, "updates.from": b, "indices": given} for a in ("constant", "folded", "runtime")
                      for b in ("constant", "runtime") for given in (GRID, data(2, 2, low=0, high=1))),
                  *({"data": Tensor((4,), source, (2, 3, 4, 5)), "indices": Tensor((1, 1), "constant", (1,)),
                      "updates": numbers(7),
                     "T": "int64"} for source in ("constant", "folded", "shape", "runtime")),
                  *({"data": data(*shape), "indices": data(*picks, low=0, high=0), "updates": data(*new)} for shape, picks,
                      new in (
                      ((4, 4), (0, 1), (0, 4)), ((4, 0), (2, 1), (2, 0)), ((4, 4), (0, 2), (0,))))]),
    Form("OneHot", {"indices": data(2, 3, low=0, high=3, dtype="int64"), "depth": scalar(4), "values": numbers(0, 1)},
        types={"T2": "int64"},
         changes=[*each(axis=[0, 1, -1]), {"depth": numbers(4)}, {"T3": "int64"},
             {"indices": data(3, low=0, high=3, dtype="int64")}, {"indices": data(2, 3, low=0, high=3, dtype="int32")},
             {"T2": "float32"}, {"T2": "int32"}, {"T2": "int32", "T3": "int64"}, {"T2": "int64", "T3": "bool"}, {"T2": "uint8"},
             {"T2": "float64"}, *({"T3": dtype} for dtype in (*COMMON, "string", "complex64")),
             *({"indices": data(2, 3, low=0, high=3, dtype=dtype), "T2": like, "T3": "float32"} for dtype in NUMERIC
                 for like in ("int64", dtype)),
             *({"indices": data(*shape, low=0, high=3, dtype="int64"), "axis": axis} for shape in ((), (3,), (2, 3), (2, 3, 2),
                 (2, 3, 2, 2), (2, 1, 2, 2, 1)) for axis in (None, 0, 1, -1, len(shape))),
             *({"indices": Tensor((3,), "constant", values, dtype="int64"), "axis": axis, "T3": dtype} for axis in (None, 0)
                 for values in ((0, 0, 0), (1, 1, 1), (1, 2, 3), (-1, -2, -3), (0, -1, 2), (0, 1, 9), (0, 1, 2))
                 for dtype in ("float32", "int64")),
             *({"depth": Tensor(shape, source, (4,)), "dims": dims} for shape in ((), (1,)) for source in SOURCES
                 for dims in SOME),
             *({"values": Tensor((2,), source, pair), "T3": dtype} for source in SOURCES for pair in ((0, 1), (1, 0), (-1, 1),
                 (2, 5))
                 for dtype in ("float32", "int64", "bool")),
             *({"T2": kind, "depth.from": first, "values.from": second, "T3": dtype} for kind in ("float32", "int32", "int64")
                 for first, second in (("runtime", "constant"), ("constant", "runtime"), ("runtime", "runtime"))
                 for dtype in ("float32", "int64", "int32")),
             {"depth": scalar(1)}, {"depth": scalar(0)},
             *({"depth": given, "T2": kind, "dims": dims} for given in (scalar(1), numbers(1), numbers(4))
                 for kind in ("int64", "int32", "float32") for dims in ("static", "dynamic")),
             *({"indices": data(2, 3, 4, low=0, high=3, dtype="int64"), "dims": dims} for dims in ("spatial", "sequence")),
             {"indices": data(0, low=0, high=3, dtype="int64")},
             {"indices": data(0, 3, low=0, high=3, dtype="int64"), "axis": 0}]),
    Form("NonZero", {"X": data(3, 4)}, ranks=RANKS,
         changes=[*({"T": dtype, "X": Tensor((4,), source, (1, 0, 1, 0))} for source in SOURCES for dtype in ("int64", "bool",
             "float32")),
                  *({"T": dtype, "dims": dims} for dtype in ("bool", "int64", "int32") for dims in SOME),
                  *({"X": data(2, 3, 4), "T": dtype, "dims": dims} for dtype in ("float32", "bool", "int64")
                    for dims in ("batch", "spatial", "sequence", "dynamic"))]),
    Form("Compress", {"input": data(3, 4), "condition": Tensor((3,), "constant", (1, 0, 1))},
        changes=[{"axis": 0}, {"axis": 1}, {"axis": -1}, {"condition.from": "runtime", "axis": 0},
            *({"input": data(*shape, 4), "condition": Tensor((4,), source, (1, 0, 1, 1)), "axis": axis}
                for shape in ((), (3,), (2, 3), (2, 3, 5)) for axis in (-1, len(shape)) for source in ("constant", "runtime")),
            *({"input": data(3, 4), "condition": Tensor((12,), source, (1, 0, 1) * 4)} for source in ("constant", "runtime")),
            *({"input": data(*shape), "condition": Tensor((3,), source, (1, 0, 1)), "axis": axis, "dims": dims}
                for shape in ((3,), (3, 4), (2, 3, 4), (2, 3, 4, 5), (3, 3, 2, 3, 2)) for axis in (None, 0, 1, -1)
                if axis is None or -len(shape) <= axis < len(shape) for source in ("constant", "runtime") for dims in SOME),
            *({"condition": Tensor((3,), "constant", values), "axis": 0} for values in ((0, 0, 0), (1, 1, 1), (0, 1, 0))),
            {"condition": numbers(1, 0), "axis": 0}, *({"T": dtype, "axis": 0} for dtype in ("int64", "bool", "float16"))]),
    Form("Unique", {"X": data(8, low=0, high=4)}, outputs=4,
        changes=[{"outputs": 1}, {"axis": 0, "X": data(4, 2, low=0, high=2)}, {"sorted": 0},
            *({"X": data(*shape, low=0, high=2), "axis": axis, "sorted": order, "outputs": used}
                for shape in ((6,), (4, 2), (2, 3, 2), (2, 2, 2, 2)) for axis in (None, 0, 1, -1)
                if axis is None or axis < len(shape)
                for order in (None, 0) for used in (4, ("Y", "", "", ""))),
            *({"outputs": used} for used in (("Y", "indices"), ("Y", "", "inverse_indices"), ("Y", "", "", "counts"), 2, 3)),
            *({"X": data(8, low=0, high=4), "dims": dims, "T": dtype, "outputs": used} for dims in SOME for used in (1, 4)
                for dtype in ("float32", "int64", "int32")), {"X": data(0, low=0, high=4)}]),
    Form("ReverseSequence", {"input": data(4, 3, 2), "sequence_lens": numbers(1, 2, 3)},
        changes=[{"sequence_lens.from": "runtime"}, {"batch_axis": 0, "time_axis": 1, "sequence_lens": numbers(1, 2, 3, 1)},
            *({"input": data(*shape), "sequence_lens": Tensor((shape[batch],), source, lengths[: shape[batch]]),
                "batch_axis": batch,
               "time_axis": 1 - batch, "dims": dims} for shape in ((4, 4), (4, 3), (3, 4, 2), (4, 3, 2, 2), (3, 3, 2, 2, 2))
                for batch in (0, 1) for source, lengths in (("constant", (1, 2, 3, 1)), ("constant", (1, 1, 1, 1)),
                ("constant", (3, 3, 3, 3)), ("constant", (0, 1, 2, 0)), ("runtime", (1, 2, 3, 1)), ("folded", (1, 2, 3, 1)),
                    ("shape", (1, 2, 3, 1)))
                for dims in (SOME if lengths == (1, 2, 3, 1) and len(shape) < 4 else ("static",))),
            {"batch_axis": None, "time_axis": None},
            *({"sequence_lens": Tensor((3,), source, lengths), "dims": dims} for source in ("constant", "runtime", "folded")
              for lengths in ((0, 0, 0), (1, 1, 1), (4, 4, 4), (0, 2, 4), (4, 2, 3)) for dims in SOME)]),
]  # fmt: skip
