"""Operators that concatenate, split and pad data."""

from graphfix.probe.form import Change, Form, Tensor, aged, data, each, numbers, scalar, settled, weight
from graphfix.probe.forms.shape import DIMS, WIDE

JOINS: list[Change] = [
    *({"inputs": [data(*shape)] * 2, "axis": axis} for shape in ((4,), (2, 4), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 4, 2))
      for axis in range(-len(shape), len(shape))),
    *({"inputs": [data(2, 3, 4, 5)] * 2, "axis": axis, "dims": dims} for axis in (0, 1, 2, 3, -1) for dims in DIMS),
    *({"inputs": [data(2, 3, 4)] * 2, "axis": axis, "dims": dims} for axis in (0, 1, -1) for dims in DIMS),
    *({"inputs": [data(2, 3, 4, 5)] * 4, "axis": axis} for axis in (0, 1, 3)),
    *({"inputs": [data(2, 3, 4, 5)] * 4, "axis": 1, "dims": dims} for dims in DIMS),
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
    *({"inputs": [data(*WIDE[rank])] * 2, "axis": axis} for rank in (6, 7) for axis in (0, 1, 2, -1)),
    *({"inputs": [data(*WIDE[rank])] * count, "axis": axis} for rank in (1, 2, 3, 4, 5) for count in (3,) for axis in (0, -1)),
    *({"inputs": [data(*WIDE[rank])] * 2, "axis": axis, "T": dtype, "dims": dims} for rank in (1, 2, 3, 4)
        for axis in (0, -1) for dtype in ("int64", "float16") for dims in ("static", "dynamic")),
    *({"inputs": [weight(*WIDE[rank]), data(*WIDE[rank])], "axis": axis, "T": dtype} for rank in (1, 2, 3, 4) for axis in (0, -1)
        for dtype in ("float32", "int64")),
    *({"inputs": [data(*first), data(*second)], "axis": axis} for first, second, axis in (((0,), (4,), 0), ((2, 0), (2, 4), 1),
        ((0, 4), (2, 4), 0), ((2, 0, 4), (2, 3, 4), 1), ((0,), (0,), 0), ((2, 0), (2, 0), 0), ((2, 0, 4), (2, 0, 4), -1))),
    *({"inputs": [data(*first), data(*second), data(*first)], "axis": axis} for first, second, axis in (((0,), (4,), 0),
        ((2, 0, 4), (2, 3, 4), 1))),
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
    *({"mode": mode, "data": data(*shape), "pads": numbers(*[0] * (len(shape) - 1), 1, *[0] * (len(shape) - 1), 2)}
        for mode in ("constant", "reflect", "edge", "wrap") for shape in ((4,), (2, 4), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 4, 4),
        (2, 2, 3, 2, 2, 4), (2, 2, 2, 3, 2, 2, 4))),
    *({"mode": mode, "data": data(2, 3, 8), "pads": Tensor((6,), source, (0, 0, 1, 0, 0, 2)), "dims": dims}
        for mode in ("constant", "reflect", "edge", "wrap") for source in ("runtime", "folded", "constant")
        for dims in ("static", "dynamic")),
    *({"mode": mode, "pads": numbers(*pads)} for mode in ("constant", "reflect", "edge", "wrap") for pads in (
        (0, 0, -1, -1, 0, 0, -1, -1), (0, 0, -1, 1, 0, 0, 0, 0), (*[0] * 8,), (0, 0, 0, 1, 0, 0, 0, 2), (*[1] * 8,), (*[-1] * 8,))
        if mode != "reflect" or pads[0] < 1),
    *({"pads": numbers(1, 1, 1, 1), "axes": Tensor((2,), source, axes), "mode": mode} for mode in ("constant", "reflect", "edge")
        for axes in ((2, 3), (-2, -1), (0, 1), (1, -1), (0, 3)) for source in ("constant", "folded", "runtime", "shape")
        if mode == "constant" or (axes == (2, 3) and source != "shape")),
    *({"pads": numbers(1, 2), "axes": numbers(axis)} for axis in (0, 1, -1)),
    *({"pads": Tensor((4,), source, (1, 0, 2, 1)), "axes": numbers(2, 3), "dims": dims} for source in ("constant", "runtime",
        "folded")
        for dims in ("static", "dynamic")),
    {"pads": numbers(), "axes": numbers()}, {"pads": Tensor((4,), "runtime", (1, 1, 1, 1)), "axes": Tensor((2,), "runtime", (2,
        3))},
    *({"pads": numbers(1, 1, 1, 1), "axes": numbers(2, 3), "Tind": "int32", "dims": dims} for dims in ("static", "dynamic")),
    *({"constant_value": given, "T": dtype} for dtype in ("int64", "int32", "float16", "float64", "bool", "int8", "uint8")
        for given in (scalar(0), scalar(1), numbers(1), data())),
    {"constant_value": numbers(0.5)}, {"constant_value": data(1)}, {"constant_value": scalar(-1), "T": "int64"},
    *({"constant_value": Tensor((), source, (2,)), "T": "int64"} for source in ("folded", "shape")),
    *({"mode": mode, "T": dtype} for mode in ("reflect", "edge", "wrap") for dtype in ("int64", "int32", "float16", "bool",
        "uint8")),
    *({"data": data(*shape), "pads": numbers(*pads)} for shape, pads in (((0,), (1, 1)), ((0, 4), (0, 1, 0, 1)), ((0, 4), (1, 0,
        0, 0)),
        ((2, 0, 4), (0, 1, 0, 0, 0, 0)), ((2, 0, 4), (0, 0, 1, 0, 0, 1)))),
    *({"data": Tensor((4,), source, (2, 3, 4, 5)), "pads": numbers(0, 2), "T": "int64", "constant_value": given}
        for source in ("constant", "folded", "shape") for given in (None, scalar(1))),
    {"pads": Tensor((8,), "shape", (0, 0, 0, 4, 0, 0, 0, 4)), "dims": "dynamic"},
]  # fmt: skip
INNER: list[Change] = [
    {"input": data(*shape), "axis": axis, "split": split, "num_outputs": count, "dims": dims}
    for shape, axis in (((2, 3, 6, 4), 2), ((2, 3, 6, 4), -2), ((2, 3, 6, 2, 2), 2))
    for split, count in ((numbers(2, 4), None), (numbers(3, 3), None), (None, 2)) for dims in ("static", "batch", "dynamic")
]  # fmt: skip
INNER += aged(2, 11, 13, changes=[{"split": numbers(2, 4), "axis": axis, "dims": dims} for axis in (1, -2) for dims in ("static",
    "batch", "dynamic")])  # fmt: skip
INNER += aged(2, 11, 13, changes=[{"split": None}, {"split": None, "outputs": 3, "dims": "dynamic"}])
"""Axes other than the first and the last, and what exporters write in older versions."""
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
    *({"input": data(*WIDE[rank][:axis], 6, *WIDE[rank][axis + 1 :]), "axis": axis, "split": split, "num_outputs": count,
        "dims": dims}
        for rank in (1, 2, 3, 4, 5, 6, 7) for axis in sorted({0, 1, rank - 1}) if axis < rank
        for split, count in ((numbers(2, 4), None), (None, 2)) for dims in (("static", "dynamic") if rank < 5 else ("static",))),
    *({"axis": -1, "input": data(*WIDE[rank][:-1], 6), "split": split, "num_outputs": count}
        for rank in (1, 2, 3, 4) for split, count in ((numbers(2, 4), None), (numbers(3, 3), None), (None, 2))),
    *({"axis": -1, "input": data(*WIDE[rank][:-1], 6), "split": Tensor((2,), source, sizes)}
        for rank in (2, 3, 4) for sizes in ((2, 4), (3, 3)) for source in ("fixed-shape", "folded")),
    *({"split": numbers(*sizes), "outputs": len(sizes), "dims": dims} for sizes in ((0, 6), (6, 0), (0, 6, 0), (2, 0, 4), (1, 1,
        4),
        (5, 1), (1, 5), (1,) * 6, (6,)) for dims in ("static", "dynamic")),
    *({"split": numbers(*[0] * count), "outputs": count, "input": data(*shape), "axis": axis} for count in (2, 3)
        for shape, axis in (((0,), 0), ((2, 0), 1), ((2, 0, 4), 1))),
    *({"split": None, "num_outputs": count, "outputs": count, "input": data(*shape), "axis": axis} for count in (2, 3)
        for shape, axis in (((0,), 0), ((2, 0), 1), ((0, 6), 1))),
    *({"split": None, "num_outputs": count, "outputs": count, "input": data(*shape), "axis": axis, "dims": dims}
        for count, shape, axis in ((4, (7,), 0), (2, (7,), 0), (3, (2, 8), 1), (2, (2, 7, 4), 1), (3, (2, 3, 8), -1), (5, (9,
        2), 0))
        for dims in ("static", "dynamic")),
    *({"split": None, "num_outputs": count, "outputs": count} for count in (1, 2, 3, 6)),
    *({"split": Tensor((len(sizes),), source, sizes), "outputs": len(sizes), "dims": dims} for sizes in ((2, 4), (3, 3), (1, 2,
        3))
        for source in ("runtime", "folded", "shape") for dims in ("static", "dynamic")),
    *({"T": dtype, "dims": dims, "split": split, "num_outputs": count} for dtype in ("int64", "float16") for dims in ("static",
        "dynamic") for split, count in ((numbers(2, 4), None), (None, 2))),
    *({"input": Tensor((4,), source, (2, 3, 4, 5)), "split": split, "num_outputs": count, "outputs": outputs, "T": "int64",
        "axis": 0}
        for source in ("constant", "folded", "shape") for split, count, outputs in ((numbers(2, 2), None, 2), (numbers(1, 3),
        None, 2),
        (numbers(1, 1, 1, 1), None, 4), (None, 2, 2), (None, 4, 4))),
]  # fmt: skip
FORMS = [
    Form("Concat", {"inputs": [data(2, 3, 4)] * 2}, {"axis": 1}, changes=JOINS, arithmetic={"axis": 0}),
    Form("Pad", {"data": data(2, 3, 8, 8), "pads": numbers(0, 0, 1, 1, 0, 0, 1, 1)}, {"mode": "constant"},
         changes=[*PADS, *settled("pads", changes=[*each(mode=["constant", "reflect", "edge", "wrap"], T=["float16", "int32"]),
             {"data": data(2, 4, 6), "pads": numbers(0, 1, 1, 0, 0, 2)}, {"constant_value": scalar(1.0)}])],
         aliases={"pads": "paddings", "constant_value": "value"}),
    Form("Split", {"input": data(2, 6, 4), "split": numbers(3, 3)}, {"axis": 1}, outputs=2,
         changes=[*SPLITS, *INNER, *settled("split", changes=[{}, {"split": numbers(2, 4)}, *each(T=["float16", "int64"])])],
         arithmetic={"axis": 0, "split": numbers(2, 2)}),
]  # fmt: skip
