"""Taking and putting parts of data by position."""

from graphfix.probe.form import Change, Form, Tensor, data, each, numbers, scalar, weight

LAST = 2**63 - 1
DIMS = ("batch", "spatial", "sequence", "dynamic")


def cut(starts: int, ends: int, axes: int | None = 1, steps: int | None = None, **more: object) -> Change:
    """One axis sliced."""
    return {"starts": numbers(starts), "ends": numbers(ends), "axes": None if axes is None else numbers(axes),
            "steps": None if steps is None else numbers(steps), **more}  # fmt: skip


CUTS: list[Change] = [
    cut(0, 2), cut(1, LAST), cut(1, 2147483647), cut(-2, LAST), cut(0, -1), cut(0, 1), cut(1, 1000), cut(0, 2, 0),
    cut(0, 2, 2), cut(0, 2, -1), cut(1, -1),
    *(cut(a, b, None, step, data=data(*shape)) for shape in ((4,), (2, 4), (2, 4, 6, 4)) for a,
        b in ((0, 2), (1, 2), (-1, LAST)) for step in (None, 1)),
    *(
        cut(a, b, axis, step, data=data(*shape))
        for shape in ((4,), (2, 4), (2, 4, 6, 4))
        for axis in (0, -1, 1)
        if axis < len(shape)
        for a, b in ((-1, LAST), (-2, -1), (1, LAST), (0, -1))
        for step in (None, 1)
    ),
    *(cut(a, b, None, step, data=Tensor((4,), source, (2, 3, 4, 5)), T="int64") for source in ("shape", "folded", "constant")
      for a, b in ((0, 1), (1, 2), (2, LAST), (0, -1), (-1, LAST)) for step in (None, 1)),
    cut(0, 2, 0, 1), cut(0, 2, 1, 1), cut(0, 3, 1, 2), cut(-1, -LAST, 1, -1), cut(3, 0, 1, -1), cut(0, LAST, 1, 2),
    cut(0, 1, None), cut(0, 2, None), cut(1, 2, None, 1), cut(1, 1),
    *(cut(0, end, axis, step, dims=dims) for end in (2, LAST, -1) for axis in (0, 1) for step in (None, 1) for dims in DIMS),
    *(cut(1, LAST, axis, 2, dims="dynamic") for axis in (0, 1, 2)),
    *(cut(-1, -LAST, axis, -1, dims=dims) for axis in (0, 1) for dims in DIMS),
    *(cut(1, 3, axis, 1, data=data(*shape)) for shape in ((4,), (2, 4), (2, 4, 6, 4), (2, 4, 2, 4, 2))
        for axis in (0, 1) if axis < len(shape)),
    *(cut(0, 2, axis, dims=dims, data=data(*shape)) for shape in ((2, 4), (2, 4, 6, 4), (2, 4, 2, 4, 2))
        for axis in (1, len(shape) - 1) for dims in DIMS),
    cut(-1, LAST, 0, data=data(4)), cut(0, -1, 0, data=data(4)), cut(0, 2, 0, data=data(4), dims="dynamic"), cut(-2, -1, 1),
    cut(-2, -1, -1),
    {"starts": numbers(0, 1), "ends": numbers(2, 3), "axes": numbers(0, 1)},
    {"starts": numbers(0, 0), "ends": numbers(2, LAST), "axes": numbers(1, 2)},
    {"starts": numbers(1, 1), "ends": numbers(-1, -1), "axes": numbers(1, 2)},
    {"starts": numbers(0, 0, 0), "ends": numbers(2, 3, 4), "axes": None},
    {"starts": numbers(0, 0), "ends": numbers(4, 4), "axes": numbers(1, 2), "steps": numbers(2, 2)},
    {"starts": numbers(-1, 0), "ends": numbers(-9, 9), "axes": numbers(1, 2), "steps": numbers(-1, 1)},
    *({"starts": numbers(*begin), "ends": numbers(*end), "axes": numbers(*range(len(end))), "steps": steps, "dims": dims}
      for begin, end in (((0, 0), (-1, 3)), ((0, 1), (2, -1)), ((0, 0, 1), (2, -1, 4)), ((0, 0, 0), (-1, LAST, 3)),
          ((0, 1, 0), (LAST, LAST, -1)), ((0, -2, 0), (2, LAST, 6)), ((0, 0, -3), (1, 4, -1)), ((0, 0, 1), (2, 4, LAST)))
      for steps in (None, numbers(*[1] * len(end))) for dims in ("static", "batch", "spatial")),
    {"starts": numbers(0, 1), "ends": numbers(2, 3), "axes": numbers(0, -1)},
    {"starts": numbers(0, -2), "ends": numbers(2, 9), "axes": numbers(0, 1)},
    *({**cut(0, 3, axis), "ends": Tensor((1,), source, (4,)), "dims": dims} for source in ("shape", "folded", "runtime")
        for axis in (0, 1) for dims in ("static", *DIMS)),
    *({**cut(0, 3, 1), "starts": Tensor((1,), source, (2,)), "ends": numbers(LAST), "dims": dims}
        for source in ("shape", "folded", "runtime") for dims in ("static", *DIMS)),
    *({**cut(0, 3, 1), "starts": Tensor((1,), "shape", (2,)), "ends": Tensor((1,), "shape", (4,)), "dims": "dynamic"}
        for _ in range(1)),
    *({**cut(0, 3, 1, 1), "axes.from": source, "steps.from": source} for source in ("folded", "runtime")),
    *({**cut(0, 3, 1, 1), "starts.from": source, "ends.from": source, "axes.from": source, "steps.from": source, "dims": dims}
        for source in ("folded", "node") for dims in ("static", "dynamic")),
    *(cut(0, 2, 1, step, Tind="int32", **more) for step in (None, 1, 2)
        for more in ({}, {"dims": "batch"}, {"dims": "dynamic"})),
    {"starts": numbers(0, 1), "ends": numbers(2, 3), "axes": numbers(0, 1), "steps": numbers(1, 1), "Tind": "int32"},
    *({**cut(a, b, 0), "data": Tensor((4,), source, (2, 3, 4, 5)), "T": "int64"} for source in ("shape", "folded", "constant")
        for a, b in ((0, 1), (1, 2), (2, 4), (-1, LAST), (0, -1), (-2, -1))),
    *({**cut(a, b, 0, 1), "data": Tensor((4,), source, (2, 3, 4, 5)), "T": dtype} for source in ("shape", "folded")
        for dtype in ("int64", "int32", "float32") for a, b in ((0, 1), (2, 4))),
    *({**cut(0, LAST, 0, -1), "starts": numbers(-1), "ends": numbers(-LAST), "data": Tensor((4,), source, (2, 3, 4, 5)),
        "T": "int64"} for source in ("shape", "folded", "constant")),
]  # fmt: skip
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
]  # fmt: skip
CROSSED = Tensor((2, 2), "runtime", (0, 1, 1, 0))
PUT: list[Change] = [
    *each(axis=[0, -1, None], reduction=["add", "mul", "max", "min"]), {"indices": Tensor((2, 2), "constant", (0, 1, 1, 0))},
    {"data": data(5), "indices": numbers(1, 3), "updates": data(2), "axis": 0},
    {"data": data(5), "indices": numbers(1, 3), "updates": weight(2), "axis": 0},
    {"data": data(5), "indices": numbers(1, 3), "updates": weight(2), "axis": 0, "foldable": True},
    {"data": data(5), "indices": numbers(1, 3), "updates": weight(2), "axis": 0, "foldable": True, "Tind": "int32"},
    {"data": weight(5), "indices": numbers(1, 3), "updates": weight(2), "axis": 0, "foldable": True, "Tind": "int32",
        "reduction": "none"}, {"Tind": "int32"}, {"indices": Tensor((2, 2), "constant", (-1, 0, 0, -1))},
    {"updates.from": "constant"}, {"data": data(2, 2, 4), "indices": Tensor((2, 2, 1), "runtime", (0, 1, 1, 0)),
        "updates": data(2, 2, 1), "axis": 2}, {"data": data(1, 5), "indices": Tensor((1, 2), "constant", (1, 3)),
        "updates": data(1, 2)},
]  # fmt: skip
GRID = Tensor((2, 2), "constant", (0, 1, 1, 2))

FORMS = [
    Form("Slice", {"data": data(2, 4, 6), "starts": numbers(0), "ends": numbers(2), "axes": numbers(1)}, changes=CUTS,
        ranks=(2, 3, 4, 5),
         arithmetic={"axes": numbers(0), "starts": numbers(1)}),
    Form("Gather", {"data": data(4, 4, 4), "indices": scalar(1)}, {"axis": 1}, changes=PICKS),
    Form("GatherElements", {"data": data(2, 4), "indices": data(2, 4, low=0, high=1)}, {"axis": 1},
         changes=[*each(axis=[0, -1, None], Tind=["int32"]), {"indices": Tensor((2, 3), "constant", (0, 1, 1, 0, 1, 0))},
             {"indices": data(2, 3, low=0, high=1)}, {"indices": data(1, 4, low=0, high=1), "axis": 0},
                  {"indices": Tensor((2, 3), "constant", (-1, 0, 0, -1, 0, 0))},
                  {"data": data(2, 3, 4), "indices": data(2, 1, 4, low=0, high=1), "axis": 1},
                  {"data": data(4), "indices": data(3, low=0, high=3), "axis": 0},
                  *({"data": data(2, 3, 4), "indices": data(2, 3, 4, low=0, high=1), "axis": axis, "dims": dims}
                      for axis in (1, 2, -1) for dims in ("static", *DIMS)),
                  {"data": data(2, 3, 4, 5), "indices": data(2, 3, 4, 2, low=0, high=1), "axis": 3}]),
    Form("GatherND", {"data": data(4, 4, 4), "indices": GRID},
         changes=[{"indices": data(2, 2, low=0, high=2)},
             {"batch_dims": 1, "indices": Tensor((4, 1), "constant", (0, 1, 1, 2))},
             {"indices": Tensor((2, 3), "constant", (0, 1, 1, 2, 1, 0))},
                  {"indices": Tensor((2, 1), "constant", (0, 1))}, {"indices": Tensor((2, 2), "constant", (0, 1, -1, 2))}]),
    Form("ScatterElements", {"data": data(2, 2), "indices": CROSSED, "updates": data(2, 2)}, {"axis": 1}, changes=PUT),
    Form("Scatter", {"data": data(2, 2), "indices": CROSSED, "updates": data(2, 2)}, {"axis": 1}),
    Form("ScatterND", {"data": data(4, 4, 4), "indices": GRID, "updates": data(2, 4)},
         changes=[*each(reduction=["add", "mul", "max", "min"]), {"indices": data(2, 2, low=0, high=2)},
             {"updates.from": "constant"}, {"indices": Tensor((2, 3), "constant", (0, 1, 1, 2, 1, 0)), "updates": data(2)},
                  {"indices": Tensor((2, 1), "constant", (0, 1)), "updates": data(2, 4, 4)}, {"data.from": "constant"}]),
    Form("OneHot", {"indices": data(2, 3, low=0, high=3, dtype="int64"), "depth": scalar(4), "values": numbers(0, 1)},
        types={"T2": "int64"},
         changes=[*each(axis=[0, 1, -1]), {"depth": numbers(4)}, {"T3": "int64"},
             {"indices": data(3, low=0, high=3, dtype="int64")}, {"indices": data(2, 3, low=0, high=3, dtype="int32")},
             {"T2": "float32"}]),
    Form("NonZero", {"X": data(3, 4)}, ranks=(1, 2, 3, 4)),
    Form("Compress", {"input": data(3, 4), "condition": Tensor((3,), "constant", (1, 0, 1))},
        changes=[{"axis": 0}, {"axis": 1}, {"axis": -1}, {"condition.from": "runtime", "axis": 0}]),
    Form("Unique", {"X": data(8, low=0, high=4)}, outputs=4,
        changes=[{"outputs": 1}, {"axis": 0, "X": data(4, 2, low=0, high=2)}, {"sorted": 0}]),
    Form("ReverseSequence", {"input": data(4, 3, 2), "sequence_lens": numbers(1, 2, 3)},
        changes=[{"sequence_lens.from": "runtime"}, {"batch_axis": 0, "time_axis": 1, "sequence_lens": numbers(1, 2, 3, 1)}]),
]  # fmt: skip
