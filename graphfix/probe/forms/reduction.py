"""Reductions along axes, and the positions of extremes."""

from functools import partial

from graphfix.probe.form import Change, Form, Limit, Tensor, data, each, numbers, scalar, settled


def chosen(rank: int, k: int) -> Change:
    """Return a choice of `k` elements from the last of several axes."""
    return {"X": data(*[1] * (rank - 1), k), "K": numbers(k)}


AXES: list[Change] = [
    {"axes": None},
    {"axes": None, "keepdims": 0},
    {"axes": None, "keepdims": 0, "dims": "dynamic"},
    {"axes": numbers(-1)},
    {"axes": numbers(0)},
    {"axes": numbers(2)},
    {"axes": numbers(1, 2)},
    {"axes": numbers(0, 2)},
    {"axes": numbers(-2, -1)},
    {"axes": numbers(0, 1, 2)},
    {"axes": numbers(-1, 1)},
    {"axes": numbers(1), "keepdims": 0},
    {"axes": numbers(-1), "keepdims": 0},
    {"axes": numbers(1, 2), "keepdims": 0},
    {"axes": numbers(0), "keepdims": 0},
    {"axes": numbers(1), "dims": "dynamic", "keepdims": 0},
    {"axes": numbers(1), "dims": "batch", "keepdims": 0},
    {"axes": numbers(-1), "dims": "dynamic"},
    {"axes": numbers(-1), "dims": "batch"},
    {"axes": numbers(2, 3), "data": data(2, 3, 4, 5)},
    {"axes": numbers(2, 3), "data": data(2, 3, 4, 5), "dims": "dynamic"},
    {"axes": numbers(2, 3), "data": data(2, 3, 4, 5), "dims": "batch"},
    {"axes": numbers(-2, -1), "data": data(2, 3, 4, 5), "dims": "dynamic"},
    {"axes": numbers(2, 3), "data": data(2, 3, 4, 5), "keepdims": 0},
    {"axes": numbers(2, 3), "data": data(2, 3, 4, 5), "keepdims": 0, "dims": "dynamic"},
    {"axes": numbers(2, 3, 4), "data": data(2, 3, 4, 2, 3)},
    {"axes": numbers(-1), "data": data(2, 3, 4, 5)},
    {"axes": numbers(0), "data": data(4)},
    {"axes": numbers(0), "data": data(4), "keepdims": 0},
    {"axes": numbers(1), "data": data(2, 4)},
    {"axes": numbers(-1), "data": data(2, 4), "keepdims": 0},
    {"axes": Tensor((0,), "runtime", ())},
    {"axes": Tensor((0,), "runtime", ()), "noop_with_empty_axes": 1},
    {"axes": Tensor((0,), "constant", ())},
    {"axes.from": "runtime", "noop_with_empty_axes": 1},
    {"noop_with_empty_axes": 1},
    {"noop_with_empty_axes": 1, "axes": None},
    {"noop_with_empty_axes": 1, "dims": "batch"},
]
SPARSE: list[Change] = [
    *AXES,
    {"noop_with_empty_axes": 1, "axes": None, "keepdims": 0},
    {"noop_with_empty_axes": 1, "axes": Tensor((0,), "constant", ())},
    {"axes": Tensor((0,), "constant", ()), "keepdims": 0},
    *({"axes": Tensor((1,), source, (1,)), "keepdims": 0, "dims": dims} for source in ("runtime", "folded", "shape")
        for dims in ("static", "dynamic")),
    *({"axes": Tensor((1,), "runtime", (-1,)), "axes.dims": "dynamic", "keepdims": keep} for keep in (0, 1)),
    *({"axes": numbers(-1), "keepdims": keep, "rank": rank} for keep in (0, 1) for rank in (1, 2, 4, 5, 6, 7)),
    *({"axes": None, "keepdims": keep, "rank": rank} for keep in (0, 1) for rank in (0, 1, 2, 4)),
    {"axes": numbers(), "noop_with_empty_axes": 1, "data": data()},
    *({"axes": numbers(-1), "keepdims": 0, "T": dtype} for dtype in ("int64", "int32", "float16")),
    *({"data": data(*shape), "axes": axes, "keepdims": keep} for shape, axes in (((0,), numbers(0)), ((0, 4), numbers(1)),
        ((2, 0, 4), numbers(1)), ((2, 0, 4), None)) for keep in (0, 1)),
]  # fmt: skip
DENSE: list[Change] = [
    *SPARSE,
    *({"axes": Tensor((1,), source, (1,)), "keepdims": keep, "dims": dims} for source in ("runtime", "folded", "shape")
        for keep in (0, 1) for dims in ("static", "dynamic")),
    *({"axes": Tensor((2,), "runtime", (1, 2)), "keepdims": keep, "data": data(2, 3, 4, 5)} for keep in (0, 1)),
    *({"axes": Tensor((1,), "runtime", (-1,)), "axes.dims": "dynamic", "keepdims": keep} for keep in (0, 1)),
    *({"axes": numbers(-1), "keepdims": keep, "rank": rank, "dims": dims} for keep in (0, 1) for rank in (1, 2, 3, 4, 5, 6, 7)
        for dims in (("static", "dynamic") if rank < 5 else ("static",))),
    *({"axes": None, "keepdims": keep, "rank": rank} for keep in (0, 1) for rank in (0, 1, 2, 4, 5, 6)),
    *({"axes": numbers(), "noop_with_empty_axes": 1, "rank": rank} for rank in (0, 2, 4)),
    *({"axes": numbers(0, 1), "keepdims": keep, "rank": rank} for keep in (0, 1) for rank in (2, 4, 5)),
    *({"axes": numbers(-1), "keepdims": 0, "T": dtype, "dims": dims} for dtype in ("int64", "int32", "float16", "float64", "bool")
        for dims in ("static", "dynamic")),
    *({"axes": axes, "T": dtype} for axes in (None, numbers(1, 2)) for dtype in ("int64", "int32", "float16")),
    *({"data": data(*shape), "axes": axes, "keepdims": keep} for shape, axes in (((0,), numbers(0)), ((0, 4), numbers(0)),
        ((0, 4), numbers(1)), ((2, 0, 4), numbers(1)), ((2, 0, 4), numbers(-1)), ((2, 0, 4), None)) for keep in (0, 1)),
]
POSITIONS: list[Change] = [
    *({"axis": axis, "data": data(2, 3, 4)} for axis in range(-3, 3)),
    *({"axis": axis, "data": data(2, 3, 4), "keepdims": 0} for axis in range(-3, 3)),
    *({"axis": axis, "data": data(2, 3, 4, 5)} for axis in (1, 2, -1)),
    *({"axis": axis, "data": data(2, 4), "keepdims": 0} for axis in (0, 1, -1)),
    *({"axis": -1, "dims": dims, "keepdims": keep} for dims in ("batch", "spatial", "sequence", "dynamic")
        for keep in (0, 1)),
    *({"axis": 1, "dims": dims, "keepdims": keep} for dims in ("batch", "spatial", "sequence", "dynamic") for keep in (0, 1)),
    {"data": data(4), "axis": 0},
    {"data": data(4), "axis": 0, "keepdims": 0},
    {"axis": None},
    {"select_last_index": 1},
    {"T": "int64", "keepdims": 0},
    *({"T": dtype, "keepdims": keep, "axis": axis, "dims": dims} for dtype in ("int64", "int32", "float16", "uint8")
        for keep in (0, 1) for axis in (1, -1) for dims in ("static", "dynamic")),
    *({"select_last_index": 1, "keepdims": keep, "axis": axis, "T": dtype} for keep in (0, 1) for axis in (0, 1, -1)
        for dtype in ("float32", "int64")),
    *({"axis": axis, "keepdims": 0, "rank": rank, "dims": dims} for rank in (1, 2, 4, 5) for axis in (0, 1, -1) if axis < rank
        for dims in ("static", "dynamic")),
    {"data": data(2, 0, 4), "axis": 0}, {"data": data(0, 4), "axis": 1}, {"data": data(), "axis": 0},
]
OFTEN = {"ReduceMean", "ReduceSum", "ReduceMax"}
ARITHMETIC = {"axes": numbers(0), "keepdims": 0}


SETTLED: list[Change] = [
    {}, {"keepdims": 0}, *each(T=["float16", "int32", "int64", "float64"]), *({"axes": given, "keepdims": keep} for keep in (0, 1)
        for given in (numbers(0), numbers(-1), numbers(0, 2), Tensor((0,), "constant", ()))),
    *({"axes": Tensor((0,), "constant", ()), "noop_with_empty_axes": 1, **more} for more in ({}, {"keepdims": 0})),
    *({"data": data(*shape)} for shape in ((2, 3), (2, 3, 2, 4), (2, 3, 2, 2, 2))),
]  # fmt: skip


def reduce(op: str, low: float = -1.0) -> Form:
    """A reduction over axes, which are an attribute in older schemas."""
    return Form(op, {"data": data(2, 3, 4, low=low), "axes": numbers(1)}, {"keepdims": 1},
                changes=[*(DENSE if op in OFTEN else SPARSE), *settled("axes", changes=SETTLED)],
                ranks=(2, 3, 4, 5, 6, 7),
                arithmetic=ARITHMETIC)  # fmt: skip


FORMS = [
    *(reduce(op) for op in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
                            "ReduceSumSquare", "ReduceLogSumExp")),
    reduce("ReduceLogSum", 0.5),
    Form("ArgMax", {"data": data(2, 3, 4)}, {"axis": 1, "keepdims": 1}, changes=POSITIONS, ranks=(2, 3, 4, 5, 6, 7)),
    Form("ArgMin", {"data": data(2, 3, 4)}, {"axis": 1, "keepdims": 1}, changes=POSITIONS, ranks=(2, 3, 4, 5, 6, 7)),
    Form("CumSum", {"x": data(2, 3, 4), "axis": scalar(1)},
         changes=[{"axis": scalar(0)}, {"axis": scalar(-1)}, {"axis": scalar(2)}, *each(exclusive=[1], reverse=[1]),
                  {"axis": numbers(1)}, {"x": data(4), "axis": scalar(0)}, {"x": data(2, 4)}, {"T2": "int32"},
                  {"x": data(2, 3, 4, 5)}, {"T": "int64", "x": data(2, 4)},
                  {"T": "int64", "x": data(2, 4), "dims": "dynamic"},
                  *({"axis": Tensor((), source, (value,)), "x": data(*shape), "dims": dims} for value in (0, 1, -1)
                      for source in ("constant", "runtime", "folded") for shape in ((4,), (2, 4), (2, 3, 4))
                      for dims in ("static", "dynamic") if value < len(shape)),
                  *({"T": dtype, "axis": scalar(axis), "x": data(*shape), "dims": dims} for dtype in ("int64", "float16")
                      for axis in (0, -1) for shape in ((4,), (2, 4)) for dims in ("static", "dynamic")),
                  *({"x": data(*shape), "axis": scalar(-1)} for shape in ((2, 3, 2, 4, 2), (2, 2, 3, 2, 2, 2), (2, 2, 2, 3, 2,
                      2, 2))),
                  *({"exclusive": a, "reverse": b, "axis": scalar(axis), **more} for a, b in ((1, 1), (1, 0), (0, 1))
                      for axis in (0, 1,
                      -1) for more in ({}, {"dims": "dynamic"}, {"T": "int64"})),
                  {"axis": numbers(0)}, {"axis": numbers(-1)}, {"x": data(2, 0, 4)}, {"axis": data(1, low=0, high=1,
                      dtype="int64")}]),
    Form("TopK", {"X": data(2, 3, 8), "K": numbers(3)}, {"axis": -1}, outputs=2, aliases={"K": "k"},
         limits=[Limit("k", f"the chosen elements of rank {rank}", partial(chosen, rank), 8, 100_000)
                 for rank in (1, 2, 4)],
         changes=[*each(axis=[0, 1, 2, None], largest=[0], sorted=[0]), *settled("K", changes=[{}, {"largest": 0},
                      {"X": data(3, 8)}, {"X": data(2, 3, 4, 8)}, *each(T=["float16", "int64"])]),
                  {"outputs": ("V", "")}, {"outputs": ("", "I")},
                  {"X": data(8), "axis": 0}, {"X": data(2, 8), "axis": 1}, {"X": data(2, 3, 8, 4), "axis": 2},
                  {"K": numbers(1)},
                  {"X": data(2, 8), "axis": 1, "dims": "dynamic"}, {"X": data(2, 8), "axis": 1, "dims": "batch"},
                  *({"X": data(*shape), "axis": axis, "K": Tensor((1,), source, (count,)), "dims": dims}
                      for shape in ((8,), (3, 8), (2, 3, 8), (2, 3, 4, 8), (2, 2, 2, 3, 8)) for axis in (0, 1, -1)
                      if axis < len(shape)
                      for source, count in (("constant", 1), ("constant", 2), ("runtime", 2), ("folded", 2), ("shape", 2))
                      for dims in (("static", "dynamic") if len(shape) < 4 else ("static",))),
                  *({"T": dtype, "axis": axis, "largest": largest, "sorted": order} for dtype in ("float16", "int64", "float32")
                      for axis in (1, -1) for largest in (0, 1)
                      for order in (0, 1)),
                  *({"outputs": used, "axis": axis, "dims": dims} for used in (("V", ""), ("", "I")) for axis in (1, -1)
                      for dims in ("batch", "dynamic")),
                  {"K": numbers(8)}, {"K": numbers(0)}, {"X": data(0, 8)}, *({"X": data(*[2] * (rank - 1), 8)} for rank in (6,
                      7))]),
]  # fmt: skip
