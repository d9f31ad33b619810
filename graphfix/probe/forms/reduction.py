"""Sums, means, extremes and their positions along axes."""

from graphfix.probe.form import Change, Form, Tensor, data, each, numbers, scalar

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
]
ARITHMETIC = {"axes": numbers(0), "keepdims": 0}


def reduce(op: str, low: float = -1.0) -> Form:
    """A reduction over axes, which are an attribute in older schemas."""
    return Form(op, {"data": data(2, 3, 4, low=low), "axes": numbers(1)}, {"keepdims": 1}, changes=AXES, ranks=(2, 3, 4, 5),
                arithmetic=ARITHMETIC)  # fmt: skip


FORMS = [
    *(reduce(op) for op in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
                            "ReduceSumSquare", "ReduceLogSumExp")),
    reduce("ReduceLogSum", 0.5),
    Form("ArgMax", {"data": data(2, 3, 4)}, {"axis": 1, "keepdims": 1}, changes=POSITIONS, ranks=(2, 3, 4, 5)),
    Form("ArgMin", {"data": data(2, 3, 4)}, {"axis": 1, "keepdims": 1}, changes=POSITIONS, ranks=(2, 3, 4, 5)),
    Form("CumSum", {"x": data(2, 3, 4), "axis": scalar(1)},
         changes=[{"axis": scalar(0)}, {"axis": scalar(-1)}, {"axis": scalar(2)}, *each(exclusive=[1], reverse=[1]),
                  {"axis": numbers(1)}, {"x": data(4), "axis": scalar(0)}, {"x": data(2, 4)}, {"T2": "int32"},
                  {"x": data(2, 3, 4, 5)}, {"T": "int64", "x": data(2, 4)},
                  {"T": "int64", "x": data(2, 4), "dims": "dynamic"}]),
    Form("TopK", {"X": data(2, 3, 8), "K": numbers(3)}, {"axis": -1}, outputs=2,
         changes=[*each(axis=[0, 1, 2, None], largest=[0], sorted=[0]), {"outputs": ("V", "")}, {"outputs": ("", "I")},
                  {"X": data(8), "axis": 0}, {"X": data(2, 8), "axis": 1}, {"X": data(2, 3, 8, 4), "axis": 2},
                  {"K": numbers(1)},
                  {"X": data(2, 8), "axis": 1, "dims": "dynamic"}, {"X": data(2, 8), "axis": 1, "dims": "batch"}]),
]  # fmt: skip
