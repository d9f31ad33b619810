"""Operators that create data of a given shape, or return the shape of data."""

import numpy as np
from onnx import numpy_helper

from graphfix.probe.form import Change, Form, Tensor, data, each, numbers, scalar, settled, weight
from graphfix.probe.forms.shape import DIMS, RANKS, WIDE

FILLS = {name: numpy_helper.from_array(np.asarray([1], name)) for name in
         ("float32", "float16", "float64", "int64", "int32", "bool", "uint8", "int8", "int16", "uint16", "uint32",
          "uint64")}  # fmt: skip
SOURCES = [("constant", "runtime", "constant"), ("runtime", "runtime", "constant"), ("runtime", "runtime", "runtime"),
           ("runtime", "constant", "constant"), ("constant", "constant", "runtime"), ("shape", "shape", "constant"),
           ("constant", "shape", "constant"), ("constant", "cast-shape", "constant"), ("folded", "folded", "constant"),
           ("constant", "folded", "constant"), ("shape", "runtime", "constant"), ("folded", "folded", "folded"),
           ("constant", "runtime", "runtime"), ("constant", "constant", "constant"), ("shape", "constant",
               "constant"), ("fixed-shape", "fixed-shape", "constant"), ("constant", "fixed-shape", "constant")]  # fmt: skip
SIZED: list[Change] = [
    *({"input": data(*shape), "shape": numbers(*target)} for shape, target in (
        ((), (2, 3)), ((1,), (4,)), ((4,), (2, 4)), ((2, 1), (2, 4)), ((2, 1), (3, 2, 4)), ((2, 1, 4), (2, 3, 4)),
        ((2, 3, 4), (2, 3, 4)),
        ((2, 3, 1, 1), (2, 3, 4, 5)), ((2, 3, 1, 1), (1, 1, 4, 5)), ((2, 3, 1, 4, 1), (2, 3, 2, 4, 2)),
        ((2, 1, 4), (1, 1, 1)))),
    *({"input": data(*shape), "shape": Tensor((len(target),), source, target), "dims": dims} for shape, target in (
        ((2, 1, 4), (2, 3, 4)), ((2, 1), (2, 4)), ((2, 3, 1, 1), (2, 3, 4, 5))) for source in ("constant",
        "shape") for dims in DIMS),
    *({"input": data(*(1,) * rank), "shape": numbers(*WIDE[rank])} for rank in range(1, 8)),
    *({"input": data(*WIDE[rank]), "shape": numbers(*target)} for rank in range(6) for target in ((1,), (2, 1, 1, 1, 1, 1), (1,
        1))),
    *({"input": data(2, 1, 4), "shape": Tensor((3,), source, (2, 3, 4)), "dims": dims, "T": dtype}
        for source in ("constant", "runtime", "folded", "shape") for dims in ("static", "dynamic")
        for dtype in ("float32", "int64", "bool", "float16")),
    *({"input": data(*shape), "shape": Tensor((len(target),), source, target), "dims": dims} for shape, target in (
        ((4,), (2, 4)), ((1,), (4,)), ((2, 3, 4), (2, 3, 4)), ((2, 3, 1, 1), (2, 3, 4, 5)), ((), (2, 3)), ((2, 1), (3, 2, 4)))
        for source in ("constant", "runtime", "shape", "folded") for dims in ("static", "dynamic")
        if shape or dims == "static"),
    *({"input": data(*shape), "shape": numbers(*target)} for shape, target in (((0,), (0,)), ((1,), (0,)), ((0, 1), (0, 4)),
        ((2, 1), (2, 0)), ((2, 1, 4), (2, 0, 4)), ((0, 4), (2, 0, 4)), ((4,), ()), ((), ()))),
    *({"input": weight(*shape), "shape": Tensor((3,), source, (2, 3, 4)), "T": dtype} for shape in ((), (1,), (4,), (1, 1, 1))
        for source in ("constant", "runtime", "folded", "shape") for dtype in ("float32", "int64", "bool")),
    {"T": "int64", "input": data(1), "shape": numbers(4)}, {"T": "int32", "dims": "batch"},
    {"T": "int64", "dims": "dynamic", "shape.from": "shape"},
    {"T": "bool", "dims": "batch"}, {"foldable": True, "shape.from": "shape"},
    {"foldable": True, "input": weight(), "shape.from": "shape"},
]  # fmt: skip
SETTLED: list[Change] = [
    *each(T=["float32", "float16", "int64", "bool"]), {"input": data(4), "shape": numbers(3, 4)},
    {"input": data(2, 1, 4, 1), "shape": numbers(2, 3, 4, 5)}, {"input": data(), "shape": numbers(2, 3)},
]  # fmt: skip

FORMS = [
    Form("Expand", {"input": data(2, 1, 4), "shape": numbers(2, 3, 4)},
         changes=[*SIZED, *settled("shape", changes=SETTLED)]),
    Form("Tile", {"input": data(2, 3, 4), "repeats": numbers(1, 2, 1)},
         changes=[*settled("repeats", changes=[*SETTLED[:4], {"input": data(2, 3), "repeats": numbers(1, 2)},
                      {"input": data(2, 3, 4, 5), "repeats": numbers(1, 1, 2, 2)}, {"input": data(4), "repeats": numbers(3)}]),
                  {"repeats": numbers(2, 1, 1)}, {"repeats": numbers(1, 1, 1)}, {"input": data(4), "repeats": numbers(3)},
                  {"input": data(2, 4), "repeats": numbers(1, 3)},
                  {"input": data(2, 3, 4, 5), "repeats": numbers(1, 1, 2, 2)},
                  {"input": data(2, 3, 4, 2, 2), "repeats": numbers(1, 1, 2, 2, 1)},
                  {"input": data(4), "repeats": numbers(3), "T": "int64"},
                  *({"input": data(*WIDE[rank]), "repeats": Tensor((rank,), source, (*[1] * (rank - 1), 2)), "dims": dims}
                      for rank in (1, 2, 3, 4, 5, 6, 7) for source in ("constant", "runtime", "folded", "shape")
                      for dims in ("static", "dynamic") if rank < 5 or (source, dims) == ("constant", "static")),
                  *({"input": data(*WIDE[rank]), "repeats": Tensor((rank,), "constant", (value,) * rank)} for rank in (1, 2, 3, 4)
                      for value in (0, 1, 2)),
                  {"repeats": numbers(1, 0, 1)}, {"repeats": numbers(2, 2, 3)}, {"input": data(), "repeats": numbers()},
                  *({"input": data(*shape), "repeats": numbers(*[2] * len(shape))} for shape in ((0,), (0, 4), (2, 0, 4))),
                  *({"T": dtype, "dims": dims} for dtype in ("int64", "int32", "bool", "float16", "float64")
                      for dims in ("static", "dynamic"))]),
    Form("Shape", {"data": data(2, 3, 4)}, ranks=RANKS,
         changes=[{"start": 1}, {"end": 2}, {"start": 1, "end": 2}, {"start": -1}, {"end": -1},
             {"start": 0, "end": 1, "dims": "dynamic"}, {"start": 1, "dims": "dynamic"},
                  {"start": 0, "end": 1, "dims": "batch"},
                  *({"data": data(*shape), "dims": dims} for shape in ((4,), (2, 4), (2, 3, 4, 5), (2, 3, 2, 4, 2))
                      for dims in DIMS),
                  *({"since": since, "data": data(4), "dims": dims} for since in (13, 15, 19, 21) for dims in DIMS),
                  {"T": "int64", "dims": "dynamic"}, {"T": "int32", "dims": "batch"}, {"T": "int64", "data": data(4)},
                  *({"start": start, "end": end, "data": data(*WIDE[rank]), "dims": dims} for rank in (1, 2, 3, 4, 5)
                      for start, end in ((None, 1), (1, None), (-1, None), (-2, None), (1, 2), (2, None), (1, -1), (0, 9), (-3,
                      -1))
                      for dims in ("static", "dynamic") if rank < 5 or dims == "static"),
                  {"data": data(0)}, {"data": data(2, 0, 4)}]),
    Form("Size", {"data": data(2, 3, 4)}, ranks=RANKS, changes=[{"data": data(4), "T": "int64", "dims": "dynamic"},
        {"data": data(4), "dims": "dynamic"}]),
    Form("ConstantOfShape", {"input": numbers(2, 3)},
         changes=[*({"value": fill, "input": Tensor((2,), source, (2, 3))} for fill in FILLS.values()
             for source in ("constant", "folded", "shape")),
                  *({"input": Tensor((2,), source, (2, 3))} for source in ("folded", "shape", "runtime")),
                  {"input": numbers(3)}, {"input": numbers()},
                  {"input": numbers(1), "value": FILLS["float32"]}, {"input": numbers(2, 3, 4)},
                  {"input": numbers(2, 3, 4, 5), "value": FILLS["int64"]},
                  *({"input": Tensor((1,), source, (3,)), "value": FILLS[name]}
                      for source in ("shape", "folded", "constant", "runtime") for name in FILLS),
                  *({"input": Tensor((len(target),), source, target), "value": FILLS[name]} for source in ("shape", "folded",
                      "constant",
                      "runtime", "cast-shape") for name in ("int64", "float32", "bool") for target in ((4,), (2, 3, 4), (2, 3,
                          4, 5))),
                  *({"input": Tensor((len(target),), "constant", target), "value": FILLS[name]} for name in ("int64", "float32")
                      for target in ((0,), (0, 4), (2, 0), (1, 1), (2, 1, 1, 1, 1, 1), (1,), ())),
                  *({"input": Tensor((2,), "runtime", (2, 3)), "input.dims": "dynamic", "value": FILLS[name]} for name in FILLS),
                  *({"input": Tensor((0,), source, ())} for source in ("runtime", "folded"))]),
    Form("Range", {"start": scalar(0), "limit": scalar(8), "delta": scalar(1)}, types={"T": "int64"},
         changes=[*({"limit": Tensor((), source, (8,)), "T": dtype} for source in ("shape", "folded", "runtime")
             for dtype in ("int64", "int32", "float32")),
                  *settled("start", "limit", "delta", changes=[{"T": dtype, **more} for dtype in ("int64", "float32", "float16")
                      for more in ({}, {"delta": scalar(-2), "limit": scalar(-6)})]),
                  {"delta": scalar(2)}, {"start": scalar(1)}, {"limit": scalar(1)},
                  {"start": numbers(0), "limit": numbers(8)}, {"start": scalar(8), "limit": scalar(0), "delta": scalar(-1)},
                  {"start": scalar(2)},
                  {"T": "float32"},
                  {"start": data(low=0, high=1), "limit": data(low=4, high=8), "delta": data(low=1, high=1.5)},
                  *({"start": Tensor((), a, (first,)), "limit": Tensor((), b, (last,)), "delta": Tensor((), c, (step,)),
                      "T": dtype}
                      for a, b, c in SOURCES for dtype in ("int64", "int32", "float32")
                      for first, last, step in ((0, 8, 1), (2, 9, 3), (8, 1, -2)) if step == 1 or a in (b, c)),
                  *({"start": scalar(first), "limit": scalar(last), "delta": scalar(step), "T": dtype}
                      for first, last, step in ((0, 0, 1), (1, 1, 1), (-2, 5, 1), (5, -2, -1), (-5, -1, 2), (1, 8, 2), (0, -3,
                      -1),
                                                (-3, 0, 1), (0, 5, 1))
                      for dtype in ("int64", "int32", "float32", "float64", "int16", "float16", "bfloat16")),
                  *({"start": Tensor(a, source, (0,) * max(len(a), 1)), "limit": Tensor(b, source, (8,)), "delta": Tensor(c,
                      source, (1,)),
                     "T": dtype} for source in ("constant", "runtime", "folded", "shape") for dtype in ("int64", "float32")
                      for a, b, c in (((), (1,), ()), ((1,), (), ()), ((), (), (1,)), ((1,), (1,), (1,)))),
                  *({"limit": Tensor((), source, (8,)), "T": dtype} for source in ("runtime", "folded")
                      for dtype in ("float64", "int16", "float16"))]),
    Form("EyeLike", {"input": data(3, 4)},
         changes=[*each(k=[1, -1], dtype=[1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16]), {"input": data(0, 4)}, {"input": data(4,
             4)},
                  *({"dtype": dtype, "dims": dims} for dtype in (1, 7, 11) for dims in ("batch", "dynamic")),
                  *({"input": weight(3, 4), "dtype": dtype} for dtype in (None, 1, 7, 9))]),
    Form("Trilu", {"input": data(4, 4)}, ranks=(2, 3, 4, 5, 6, 7),
        changes=[*({"k": given, "upper": upper, "T": dtype} for dtype in ("float32", "int64", "bool", "float16")
                   for given in (None, scalar(0), scalar(1), scalar(-1)) for upper in (0, 1)),
                 *({"k": given, "upper": upper, "dims": dims} for given in (None, scalar(1)) for upper in (0, 1)
                   for dims in DIMS),
                 *({"k": Tensor((), source, (1,), dtype="int64"), "upper": upper} for source in ("folded", "shape", "runtime")
                   for upper in (0, 1)),
                 {"k": numbers(1)}, {"input": data(2, 0, 4)}, {"k": scalar(9)}, {"k": scalar(-9)},
                 *({"input": weight(4, 4), "k": given} for given in (None, scalar(1))),
                 {"k": data(low=0, high=2, dtype="int64")}, {"input": data(0, 4)}, {"input": data(3, 5)}, {"k": scalar(2)},
            {"k": scalar(2), "upper": 0},
             {"k": data(low=0, high=2, dtype="int64"), "upper": 0}, {"input": data(2, 3, 4), "k": scalar(1)}, {"upper": 0},
             {"k": scalar(1)}, {"k": scalar(-1)}, {"upper": 0, "k": scalar(1)},
             *({"input": data(*shape), "k": given, "upper": upper, "dims": dims} for shape in ((2, 3, 4), (2, 3, 4, 4))
               for given in (None, scalar(1)) for upper in (0, 1) for dims in ("batch", "spatial", "sequence", "dynamic"))]),
    Form("CenterCropPad", {"input_data": data(6, 4, 3), "shape": numbers(4, 6, 3)},
        changes=[*({"axes": axes, "shape": Tensor((len(axes),), source, target[: len(axes)]), "dims": dims}
                   for axes in ([0], [1], [-1], [0, 1], [1, 2], [-3, -2], [-1, -2], [0, 1, 2], [-3, -2, -1], [2, 0])
                   for target in ((4, 2, 2), (8, 6, 5), (5, 5, 2)) for source, dims in (("constant", "static"), ("constant",
                   "dynamic"),
                   ("runtime", "static"), ("folded", "static"), ("constant", "batch")) if source == "constant" or target == (5,
                       5, 2)),
                 *({"input_data": data(*shape), "shape": numbers(*target)} for shape, target in (((4,), (6,)), ((4,), (2,)),
                   ((4, 6), (6, 4)), ((2, 3, 4, 5), (2, 3, 6, 3)), ((2, 2, 2, 4, 4), (2, 2, 2, 2, 6)), ((4, 4), (4, 4)), ((4,),
                       (1,)),
                   ((2, 3, 4), (1, 1, 1)), ((0, 4), (2, 4)), ((4, 4), (0, 4)), ((4,), (0,)))),
                 *({"input_data": data(6, 4, 3), "shape": numbers(*target), "T": dtype} for target in ((4, 2, 3), (8, 6, 3))
                   for dtype in ("float16", "int64", "bool"))]),
]  # fmt: skip
