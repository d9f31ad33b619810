"""Operators that change the shape of data, or make data of a shape."""

import numpy as np
from onnx import numpy_helper

from graphfix.probe.form import Change, Form, Tensor, data, each, numbers, scalar, weight

RANKS = (0, 1, 2, 3, 4, 5, 6)
DIMS = ("batch", "spatial", "sequence", "dynamic")
FILLS = {name: numpy_helper.from_array(np.asarray([1], name)) for name in
         ("float32", "float16", "float64", "int64", "int32", "bool", "uint8", "int8")}  # fmt: skip


def axes_changes(*, insert: bool) -> list[Change]:
    """Axes of every kind, on data of every rank and openness."""
    out: list[Change] = []
    shapes: dict[int, tuple[int, ...]] = {0: (), 1: (4,), 2: (2, 4), 3: (2, 3, 4), 4: (2, 3, 4, 5), 5: (2, 3, 2, 4, 2)}
    for rank in range(6):
        whole = shapes[rank]
        for axis in (0, 1, -1, rank):
            if insert and axis <= rank:
                out.append({"data": data(*whole), "axes": numbers(axis)})
                if rank in (1, 2, 3, 4) and axis in (0, 1, -1):
                    out.extend({"data": data(*whole), "axes": numbers(axis), "dims": dims} for dims in DIMS)
            if not insert and rank > 0 and axis < rank:
                shape = list(whole)
                shape[axis] = 1
                out.append({"data": data(*shape), "axes": numbers(axis)})
                out.extend({"data": data(*shape), "axes": numbers(axis), "dims": dims} for dims in DIMS if rank > 1)
    return out


GIVEN: list[Change] = [
    {"data": data(2, 3, 4), "shape": numbers(6, 4)},
    {"data": data(2, 3, 4), "shape": numbers(0, -1)},
    {"data": data(2, 3, 4), "shape": numbers(0, 12)},
    {"data": data(2, 3, 4), "shape": numbers(0, 0, 2, 2)},
    {"data": data(2, 3, 4), "shape": numbers(2, -1)},
    {"data": data(2, 3, 4), "shape": numbers(-1)},
    {"data": data(2, 3, 4), "shape": numbers(-1, 0, 2, 2)},
    {"data": data(2, 3, 4), "shape": numbers(-1, 12)},
    {"data": data(2, 3, 4), "shape": numbers(1, -1)},
    {"data": data(2, 3, 4), "shape": numbers(1, 2, 3, 4)},
    {"data": data(2, 3, 4, 5), "shape": numbers(2, 3, 20)},
    {"data": data(2, 3, 4, 5), "shape": numbers(0, 3, -1)},
    {"data": data(2, 3, 4, 5), "shape": numbers(0, -1)},
    {"data": data(2, 3, 4, 5), "shape": numbers(-1, 5)},
    {"data": data(2, 3, 4, 5), "shape": numbers(2, 3, 2, 2, 5)},
    {"data": data(2, 3, 4, 6), "shape": numbers(2, 3, 2, 2, 3, 2)},
    {"data": data(2, 3, 2, 4, 2), "shape": numbers(0, -1, 8)},
    {"data": data(2, 3, 2, 2, 3, 2), "shape": numbers(2, 3, 4, 6)},
    {"data": data(2, 3, 4, 1), "shape": numbers(0, 3, 4)},
    {"data": data(2, 8), "shape": numbers(2, 2, 4)},
    {"data": data(2, 8), "shape": numbers(-1, 2, 4)},
    {"data": data(2, 8), "shape": numbers(0, 2, -1)},
    {"data": data(2, 3, 4, 5), "shape": numbers(0, 0, -1)},
    {"data": data(2, 3, 4, 5), "shape": numbers(0, 0, 20)},
    {"data": data(2, 3, 4, 5), "shape": numbers(-1, 60)},
    {"data": data(2, 3, 4, 5), "shape": numbers(-1, 20)},
    {"data": data(2, 3, 4, 5), "shape": numbers(0, 0, 0, -1)},
    {"data": data(2, 3, 4, 5), "shape": numbers(0, 0, -1, 1)},
    {"data": data(2, 3, 20), "shape": numbers(0, 0, 4, 5)},
    {"data": data(2, 3, 20), "shape": numbers(0, -1, 4, 5)},
    {"data": data(2, 3, 20), "shape": numbers(-1, 3, 4, 5)},
    {"data": data(2, 3, 20), "shape": numbers(-1, 20)},
    {"data": data(2, 3, 20), "shape": numbers(6, -1)},
    {"data": data(2, 3, 20), "shape": numbers(-1, 1, 20)},
    {"data": data(2, 12, 4, 5), "shape": numbers(0, 3, -1, 5)},
    {"data": data(2, 12, 4, 5), "shape": numbers(-1, 3, 4, 4, 5)},
    {"data": data(2, 3, 4, 4), "shape": numbers(-1, 3, 16)},
    {"data": data(2, 60), "shape": numbers(-1, 3, 4, 5)},
    {"data": data(2, 60), "shape": numbers(0, 3, 4, 5)},
    {"data": data(2, 60), "shape": numbers(0, 1, -1)},
    {"data": data(2, 60), "shape": numbers(0, -1, 1, 1)},
    {"data": data(2, 60), "shape": numbers(-1)},
    {"data": data(2, 3, 2, 4, 2), "shape": numbers(0, 3, -1)},
    {"data": data(2, 3, 2, 4, 2), "shape": numbers(-1, 6, 4, 2)},
    {"data": data(8), "shape": numbers(2, 4)},
    {"data": data(8), "shape": numbers(-1, 4)},
    {"data": data(8), "shape": numbers(1, -1)},
    {"data": data(8), "shape": numbers(1, 8, 1, 1)},
    {"data": data(1), "shape": numbers()},
    {"data": data(), "shape": numbers(1)},
    {"data": data(), "shape": numbers(-1)},
    {"data": data(), "shape": numbers(1, 1)},
    {"data": data(1, 1, 1), "shape": numbers(1, 1)},
]


def from_shape(*values: int, **more: object) -> Change:
    """A target read from the dims of the data itself."""
    return {"shape": Tensor((len(values),), "shape", values), **more}


TARGETS: list[Change] = [
    *GIVEN,
    *({**change, "dims": dims} for change in GIVEN if change["data"].shape and change["data"].shape[0] > 1 for dims in DIMS),
    from_shape(2, -1, dims="batch"),
    from_shape(2, -1, dims="dynamic"),
    from_shape(2, 12, dims="batch"),
    from_shape(2, 3, 2, 2, dims="dynamic"),
    from_shape(-1, 4, dims="dynamic"),
    *(from_shape(*target, dims="dynamic", data=data(8)) for target in ((-1,), (8,), (1, 8), (-1, 4), (1, -1, 8))),
    *(from_shape(2, 3, -1, dims=dims, data=data(2, 3, 4)) for dims in DIMS),
    *(from_shape(2, -1, 2, 2, dims=dims, data=data(2, 3, 4)) for dims in DIMS),
    *(from_shape(*target, dims=dims, data=data(2, 3, 4, 5)) for target in ((2, 60), (2, 3, 20), (-1, 5), (2, 4, 5, 3))
        for dims in DIMS),
    *(from_shape(2, -1, dims=dims, data=data(*shape)) for dims in DIMS for shape in ((2, 4), (2, 3, 4, 5), (2, 3, 2, 4, 2))),
    *(from_shape(2, 3, -1, dims=dims, data=data(2, 3, 4, 5)) for dims in DIMS),
    *(from_shape(2, 3, -1, dims=dims, data=data(2, 12)) for dims in DIMS),
    *({"data": data(2, 3, 4, 5), "shape": numbers(2, -1), "shape.from": source} for source in ("folded", "runtime")),
    *({"T": dtype, "rank": rank, "shape": numbers(-1)} for dtype in ("int64", "int32", "bool", "float16")
        for rank in (0, 1, 2)),
    {"shape.from": "node"},
    {"allowzero": 1},
    {"data": data(0, 3, 4), "shape": numbers(0, 12), "allowzero": 1},
    {"shape.from": "runtime", "dims": "dynamic"},
]
SHUFFLES: list[Change] = [
    *({"data": data(*shape), "perm": perm} for shape, perm in (
        ((2, 4), [1, 0]), ((2, 3, 4), [0, 2, 1]), ((2, 3, 4), [2, 0, 1]), ((2, 3, 4), [1, 0, 2]), ((2, 3, 4), [0, 1, 2]),
        ((2, 3, 4, 5), [0, 2, 3, 1]), ((2, 3, 4, 5), [0, 3, 1, 2]), ((2, 3, 4, 5), [0, 2, 1, 3]),
        ((2, 3, 4, 5), [3, 0, 1, 2]),
        ((2, 3, 2, 4, 2), [0, 2, 1, 3, 4]), ((2, 3, 2, 4, 2), [2, 0, 3, 1, 4]), ((2, 2, 3, 2, 2, 2), [0, 1, 3, 2, 4, 5]),
        ((2, 2, 3, 2, 2, 2), [0, 1, 4, 2, 5, 3]), ((2, 2, 3, 2, 2, 2), [2, 0, 1, 3, 4, 5]), ((4,), [0]))),
    *({"data": data(2, 3, 4, 5), "perm": perm, "dims": dims} for perm in ([0, 2, 3, 1], [3, 0, 1, 2]) for dims in DIMS),
    *({"data": data(2, 3, 4), "perm": perm, "dims": dims} for perm in ([0, 2, 1], [1, 0, 2]) for dims in DIMS),
    *({"data": data(2, 4), "perm": [1, 0], "dims": dims} for dims in DIMS),
    *({"data": data(2, 3, 2, 4, 2), "perm": [2, 0, 3, 1, 4], "dims": dims} for dims in DIMS),
    {"perm": None}, {"T": "int64", "perm": [1, 0, 2]}, {"data": data(2, 4), "perm": [1, 0], "T": "int64"},
    {"data": data(2, 4), "perm": [1, 0], "foldable": True},
]  # fmt: skip
JOINS: list[Change] = [
    *({"inputs": [data(*shape)] * 2, "axis": axis} for shape in ((4,), (2, 4), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 4, 2))
      for axis in range(-len(shape), len(shape))),
    *({"inputs": [data(2, 3, 4, 5)] * 2, "axis": axis, "dims": dims} for axis in (0, 1, 2, 3, -1) for dims in DIMS),
    *({"inputs": [data(2, 3, 4)] * 2, "axis": axis, "dims": dims} for axis in (0, 1, -1) for dims in DIMS),
    *({"inputs": [data(2, 3, 4, 5)] * 4, "axis": axis} for axis in (0, 1, 3)),
    *({"inputs": [data(2, 3, 4, 5)] * 4, "axis": 1, "dims": dims} for dims in DIMS),
    {"inputs": [data(2, 3, 4)]},
    {"inputs": [data(2, 3, 4), weight(2, 3, 4)]},
    {"inputs": [weight(2, 3, 4), data(2, 3, 4)]},
    *({"inputs": [weight(1, 3, 4), data(2, 3, 4)], "axis": 0, "dims": dims} for dims in DIMS),
    {"inputs": [data(4)] * 2, "axis": 0, "T": "int64"}, {"inputs": [data(1)] * 3, "axis": 0, "T": "int64"},
    {"inputs": [data(1), numbers(3)], "axis": 0, "T": "int64"},
    {"inputs": [data(1), numbers(3), numbers(-1)], "axis": 0, "T": "int64"},
    *({"inputs": [Tensor((1,), source, (2,)), numbers(3), numbers(-1)], "axis": 0, "T": dtype}
        for source in ("shape", "folded") for dtype in ("int64", "int32")),
    *({"inputs": [Tensor((1,), source, (2,))] * count, "axis": 0, "T": "int64"} for source in ("shape", "folded")
        for count in (2, 3)),
    {"inputs": [Tensor((1,), "folded", (2,)), data(1)], "axis": 0, "T": "int64"},
]  # fmt: skip
PADS: list[Change] = [
    {"pads": numbers(0, 0, 1, 1, 0, 0, 1, 1)}, {"pads": numbers(0, 0, 0, 1, 0, 0, 0, 2)},
    {"pads": numbers(0, 1, 0, 0, 0, 1, 0, 0)},
    {"pads": numbers(1, 0, 0, 0, 1, 0, 0, 0)}, {"pads": numbers(*[0] * 8)}, {"pads": numbers(0, 0, -1, -1, 0, 0, -1, -1)},
    {"pads": numbers(0, 0, -1, 1, 0, 0, 0, 0)}, {"pads": numbers(*[1] * 8)},
    {"mode": "reflect"}, {"mode": "edge"}, {"mode": "wrap"}, {"mode": None},
    {"mode": "reflect", "dims": "dynamic"}, {"mode": "reflect", "dims": "batch"}, {"mode": "edge", "dims": "dynamic"},
    {"mode": "reflect", "data": data(2, 8), "pads": numbers(0, 2, 0, 2)},
    {"mode": "reflect", "data": data(2, 8), "pads": numbers(0, 2, 0, 2), "dims": "dynamic"},
    {"mode": "reflect", "data": data(2, 8), "pads": numbers(0, 2, 0, 2), "dims": "batch"},
    {"mode": "reflect", "data": data(2, 8), "pads": numbers(0, 0, 0, 2)},
    {"mode": "reflect", "data": data(2, 3, 8), "pads": numbers(0, 0, 2, 0, 0, 2)},
    {"mode": "reflect", "data": data(2, 3, 8), "pads": numbers(0, 0, 2, 0, 0, 2), "dims": "dynamic"},
    {"mode": "reflect", "pads": numbers(0, 0, 0, 2, 0, 0, 0, 2)},
    {"mode": "reflect", "pads": numbers(0, 0, 0, 0, 0, 0, 2, 2), "dims": "dynamic"},
    {"mode": "reflect", "data": data(2, 8), "pads": Tensor((4,), "folded", (0, 2, 0, 2))},
    {"mode": "reflect", "pads.from": "shape"},
    {"constant_value": scalar(0.0)}, {"constant_value": scalar(1.5)}, {"constant_value": scalar(0.0), "mode": "reflect"},
    {"constant_value": data()}, {"constant_value": data(), "pads.from": "runtime"},
    {"constant_value": scalar(0.0), "dims": "dynamic"}, {"constant_value": scalar(0.0), "dims": "batch"},
    {"constant_value": Tensor((), "node", (0.0,)), "pads.from": "node"},
    *({"data": data(*shape), "pads": numbers(*([0] * len(shape) + [1] * len(shape)))}
        for shape in ((4,), (2, 4), (2, 3, 4), (2, 3, 4, 2, 3))),
    *({"data": data(2, 3, 8), "pads": numbers(0, 0, 1, 0, 0, 2), "dims": dims} for dims in DIMS),
    *({"data": data(2, 8), "pads": numbers(0, 1, 0, 2), "dims": dims} for dims in DIMS),
    {"pads": numbers(1, 1, 1, 1), "axes": numbers(2, 3)}, {"pads": numbers(1, 1, 1, 1), "axes": numbers(-2, -1)},
    {"T": "int64"}, {"T": "int64", "constant_value": scalar(1)},
    {"pads": Tensor((8,), "shape", (0, 0, 0, 4, 0, 0, 0, 4)), "dims": "dynamic"},
]  # fmt: skip
SPLITS: list[Change] = [
    {"axis": 0}, {"axis": 2}, {"axis": -1}, {"axis": -1, "dims": "dynamic"}, {"axis": 1, "dims": "dynamic"},
    {"axis": 1, "dims": "batch"},
    {"split": numbers(2, 4)}, {"split": numbers(2, 4), "dims": "batch"}, {"split": numbers(2, 4), "dims": "dynamic"},
    {"split": None, "num_outputs": 2}, {"split": None, "num_outputs": 2, "dims": "batch"},
    {"split": None, "num_outputs": 3, "outputs": 3},
    {"split": None}, {"split": None, "outputs": 3}, {"split": numbers(2, 2, 2), "outputs": 3},
    {"split": numbers(1, 2, 3), "outputs": 3},
    {"split": numbers(1, 2, 3), "outputs": 3, "dims": "dynamic"}, {"split": numbers(6), "outputs": 1},
    {"split": None, "num_outputs": 4, "outputs": 4},
    {"input": data(6), "axis": 0}, {"input": data(2, 6), "axis": 1},
    {"input": data(2, 6), "axis": -1, "split": None, "num_outputs": 3, "outputs": 3, "dims": "batch"},
    {"input": data(2, 6, 4, 4)}, {"input": data(2, 6, 4, 4), "dims": "dynamic"},
    {"input": data(2, 6, 4, 4), "split": numbers(2, 2, 2), "outputs": 3},
    {"input": data(2, 6, 4, 4, 2)}, {"T": "int64", "input": data(6), "axis": 0},
]  # fmt: skip
SIZED: list[Change] = [
    *({"input": data(*shape), "shape": numbers(*target)} for shape, target in (
        ((), (2, 3)), ((1,), (4,)), ((4,), (2, 4)), ((2, 1), (2, 4)), ((2, 1), (3, 2, 4)), ((2, 1, 4), (2, 3, 4)),
        ((2, 3, 4), (2, 3, 4)),
        ((2, 3, 1, 1), (2, 3, 4, 5)), ((2, 3, 1, 1), (1, 1, 4, 5)), ((2, 3, 1, 4, 1), (2, 3, 2, 4, 2)),
        ((2, 1, 4), (1, 1, 1)))),
    *({"input": data(*shape), "shape": Tensor((len(target),), source, target), "dims": dims} for shape, target in (
        ((2, 1, 4), (2, 3, 4)), ((2, 1), (2, 4)), ((2, 3, 1, 1), (2, 3, 4, 5))) for source in ("constant",
        "shape") for dims in DIMS),
    {"T": "int64", "input": data(1), "shape": numbers(4)}, {"T": "int32", "dims": "batch"},
    {"T": "int64", "dims": "dynamic", "shape.from": "shape"},
    {"T": "bool", "dims": "batch"}, {"foldable": True, "shape.from": "shape"},
    {"foldable": True, "input": weight(), "shape.from": "shape"},
]  # fmt: skip

FORMS = [
    Form("Reshape", {"data": data(2, 3, 4), "shape": numbers(2, 12)}, changes=TARGETS, arithmetic={"shape": numbers(-1)}),
    Form("Transpose", {"data": data(2, 3, 4)}, {"perm": [0, 2, 1]}, changes=SHUFFLES),
    Form("Concat", {"inputs": [data(2, 3, 4)] * 2}, {"axis": 1}, changes=JOINS, arithmetic={"axis": 0}),
    Form("Pad", {"data": data(2, 3, 8, 8), "pads": numbers(0, 0, 1, 1, 0, 0, 1, 1)}, {"mode": "constant"}, changes=PADS,
         aliases={"pads": "paddings", "constant_value": "value"}),
    Form("Split", {"input": data(2, 6, 4), "split": numbers(3, 3)}, {"axis": 1}, changes=SPLITS, outputs=2,
         arithmetic={"axis": 0, "split": numbers(2, 2)}),
    Form("Expand", {"input": data(2, 1, 4), "shape": numbers(2, 3, 4)}, changes=SIZED),
    Form("Tile", {"input": data(2, 3, 4), "repeats": numbers(1, 2, 1)},
         changes=[{"repeats": numbers(2, 1, 1)}, {"repeats": numbers(1, 1, 1)}, {"input": data(4), "repeats": numbers(3)},
                  {"input": data(2, 4), "repeats": numbers(1, 3)},
                  {"input": data(2, 3, 4, 5), "repeats": numbers(1, 1, 2, 2)},
                  {"input": data(2, 3, 4, 2, 2), "repeats": numbers(1, 1, 2, 2, 1)},
                  {"input": data(4), "repeats": numbers(3), "T": "int64"}]),
    Form("Flatten", {"input": data(2, 3, 4, 5)}, {"axis": 1}, ranks=(0, 1, 2, 3, 5),
         changes=[*each(axis=[0, 2, 3, 4, -1, -2, -3, None]), *({"axis": a, "dims": d} for a in (0, 2, -1) for d in DIMS)]),
    Form("Squeeze", {"data": data(2, 1, 4), "axes": numbers(1)}, arithmetic=None,
         changes=[*axes_changes(insert=False), {"axes": None}, {"axes": None, "data": data(1, 1, 4), "dims": "batch"},
             {"axes": None, "dims": "dynamic"},
                  {"axes": None, "data": data(1, 3, 1, 5)}, {"axes": None, "data": data(1, 1)},
                  {"axes": None, "data": data(2, 1, 3, 1), "dims": "dynamic"},
                  {"axes": None, "data": data(1, 1), "dims": "batch"}, {"axes": None, "data": data(1, 1), "dims": "batch"},
                  {"axes": None, "data": data(2, 1)},
                  {"axes": numbers(1, 2), "data": data(2, 1, 1)}, {"axes": numbers(0, -1), "data": data(1, 3, 1)},
                  {"axes": numbers(0, 2), "data": data(1, 3, 1)},
                  {"axes": numbers(1, 2), "data": data(2, 1, 1), "dims": "batch"},
                  {"axes": numbers(2, 3), "data": data(2, 3, 1, 1)},
                  {"axes": numbers(2, 3), "data": data(2, 3, 1, 1), "dims": "batch"},
                  {"axes": numbers(-2, -1), "data": data(2, 3, 1, 1), "dims": "batch"},
                  {"axes": numbers(0), "data": data(1, 3, 4), "data.dims": "batch"},
                  {"axes": numbers(0), "data": data(1, 3), "data.dims": "batch"},
                  {"axes": numbers(0), "data": data(1, 3, 4, 5), "data.dims": "batch"},
                  *({"axes": numbers(0), "data": Tensor((1,), source, (3,)), "T": dtype}
                      for source in ("runtime", "shape", "folded") for dtype in ("int64", "int32", "float32"))]),
    Form("Unsqueeze", {"data": data(2, 3, 4), "axes": numbers(1)},
         changes=[*axes_changes(insert=True), {"axes": numbers(1, 2)}, {"axes": numbers(0, 1)}, {"axes": numbers(0, -1)},
             {"axes": numbers(-2, -1)},
                  {"axes": numbers(1, 2), "dims": "batch"}, {"axes": numbers(1, 2), "dims": "dynamic"},
                  {"axes": numbers(2, 3), "data": data(2, 4)},
                  *({"axes": numbers(0), "data": Tensor((), source, (3,)), "T": dtype}
                      for source in ("runtime", "shape", "folded", "constant") for dtype in ("int64", "int32", "float32")),
                  *({"axes": numbers(0), "data": Tensor((1,), source, (3,)), "T": dtype}
                      for source in ("runtime", "shape", "folded") for dtype in ("int64", "int32"))]),
    Form("Shape", {"data": data(2, 3, 4)}, ranks=RANKS,
         changes=[{"start": 1}, {"end": 2}, {"start": 1, "end": 2}, {"start": -1}, {"end": -1},
             {"start": 0, "end": 1, "dims": "dynamic"}, {"start": 1, "dims": "dynamic"},
                  {"start": 0, "end": 1, "dims": "batch"},
                  *({"data": data(*shape), "dims": dims} for shape in ((4,), (2, 4), (2, 3, 4, 5), (2, 3, 2, 4, 2))
                      for dims in DIMS),
                  {"T": "int64", "dims": "dynamic"}, {"T": "int32", "dims": "batch"}, {"T": "int64", "data": data(4)}]),
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
                      for source in ("shape", "folded", "constant", "runtime") for name in ("int64", "float32"))]),
    Form("Range", {"start": scalar(0), "limit": scalar(8), "delta": scalar(1)}, types={"T": "int64"},
         changes=[*({"limit": Tensor((), source, (8,)), "T": dtype} for source in ("shape", "folded", "runtime")
             for dtype in ("int64", "int32", "float32")),
                  {"delta": scalar(2)}, {"start": scalar(1)}, {"limit": scalar(1)},
                  {"start": numbers(0), "limit": numbers(8)}, {"start": scalar(8), "limit": scalar(0), "delta": scalar(-1)},
                  {"start": scalar(2)},
                  {"T": "float32"},
                  {"start": data(low=0, high=1), "limit": data(low=4, high=8), "delta": data(low=1, high=1.5)}]),
    Form("DepthToSpace", {"input": data(2, 8, 4, 5)}, {"blocksize": 2}, changes=each(mode=["CRD", "DCR"])),
    Form("SpaceToDepth", {"input": data(2, 3, 4, 6)}, {"blocksize": 2}, changes=[{"mode": "CRD"}]),
    Form("EyeLike", {"input": data(3, 4)}, changes=[*each(k=[1, -1], dtype=[1, 7])]),
    Form("Trilu", {"input": data(4, 4)}, ranks=(2, 3, 4),
        changes=[{"k": data(low=0, high=2, dtype="int64")}, {"input": data(0, 4)}, {"input": data(3, 5)}, {"k": scalar(2)},
            {"k": scalar(2), "upper": 0},
             {"k": data(low=0, high=2, dtype="int64"), "upper": 0}, {"input": data(2, 3, 4), "k": scalar(1)}, {"upper": 0},
             {"k": scalar(1)}, {"k": scalar(-1)}, {"upper": 0, "k": scalar(1)}]),
    Form("CenterCropPad", {"input_data": data(6, 4, 3), "shape": numbers(4, 6, 3)},
        changes=[{"axes": [0], "shape": numbers(4)}]),
]  # fmt: skip
