"""Slice."""

from graphfix.probe.form import Change, Form, Tensor, data, each, numbers, settled

LAST = 2**63 - 1
DIMS = ("batch", "spatial", "sequence", "dynamic")
SOME = ("static", "dynamic")
WIDE = {1: (4,), 2: (4, 4), 3: (2, 4, 4), 4: (2, 3, 4, 4), 5: (2, 3, 2, 4, 4), 6: (2, 2, 3, 2, 2, 4), 7: (2, 2, 2, 3, 2, 2, 4)}


def cut(starts: int, ends: int, axes: int | None = 1, steps: int | None = None, **more: object) -> Change:
    """Return a Slice of one axis."""
    return {"starts": numbers(starts), "ends": numbers(ends), "axes": None if axes is None else numbers(axes),
            "steps": None if steps is None else numbers(steps), **more}  # fmt: skip


SUPPLIED = [("constant", "runtime", "constant", None), ("runtime", "constant", "constant", None),
            ("runtime", "runtime", "constant", None), ("runtime", "runtime", "constant", "constant"),
            ("runtime", "runtime", None, None), ("runtime", "runtime", "runtime", None),
            ("runtime", "runtime", "runtime", "runtime"), ("constant", "constant", "runtime", None),
            ("constant", "constant", "runtime", "constant"), ("constant", "constant", "constant", "runtime"),
            ("constant", "constant", "runtime", "runtime"), ("constant", "runtime", "runtime", "runtime"),
            ("constant", "constant", None, None), ("constant", "constant", "constant", "constant"),
            ("constant", "constant", "constant", None), ("shape", "shape", "constant", None),
            ("constant", "shape", "constant", "constant"), ("folded", "folded", "constant", None),
            ("constant", "folded", "constant", "constant"), ("folded", "folded", "folded", "folded")]  # fmt: skip
CUTS: list[Change] = [
    *({"data": Tensor(shape, source, (0, 1, 2, 3)), "T": "int64", "starts": numbers(-1), "ends": numbers(-LAST),
       "axes": numbers(0), "steps": numbers(-1)} for source in ("constant", "folded", "fixed-shape", "shape")
       for shape in ((2, 2), (4,))),
    *({"arithmetic": source, "T": "int64", "starts": numbers(0), "ends": numbers(end), "axes": axes}
        for source in ("folded", "fixed-shape", "shape") for end in (0, -1) for axes in (None, numbers(0))),
    *({"axes": None, "starts": Tensor((count,), source, (0,) * count), "ends": Tensor((count,), source, (2,) * count)}
        for count in (1, 2, 3) for source in ("constant", "runtime")),
    *({"axes": numbers(0), "starts": numbers(start), "ends": numbers(0)} for start in (0, 1)),
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
    *(cut(0, 2, axis, step, data=data(*(2, 4, 6, 4, 2)[:rank]), Tind="int32") for rank in (1, 2, 3, 4, 5)
      for axis, step in ((0, None), (-1, 1))),
    *(cut(a, b, None, step, data=Tensor((4,), source, (2, 3, 4, 5)), T="int64") for source in ("shape", "folded", "constant")
      for a, b in ((0, 1), (1, 2), (2, LAST), (0, -1), (-1, LAST)) for step in (None, 1)),
    cut(0, 2, 0, 1), cut(0, 2, 1, 1), cut(0, 3, 1, 2), cut(-1, -LAST, 1, -1), cut(3, 0, 1, -1), cut(0, LAST, 1, 2),
    cut(0, 1, None), cut(0, 2, None), cut(1, 2, None, 1), cut(1, 1),
    *(cut(0, end, axis, step, dims=dims) for end in (2, LAST, -1) for axis in (0, 1) for step in (None, 1) for dims in DIMS),
    *(cut(1, LAST, axis, 2, dims="dynamic") for axis in (0, 1, 2)),
    *(cut(-1, -LAST, axis, -1, dims=dims) for axis in (0, 1) for dims in DIMS),
    *(cut(start, end, axis, -1, dims=dims) for start, axis in ((1, 0), (1, 2), (3, 2), (5, 2)) for end in (-LAST - 1, -LAST, 0)
      for dims in DIMS),
    *(cut(a, b, 2, step, dims=dims) for a, b, step in ((-1, -3, -1), (0, 5, 2), (-3, LAST, 2)) for dims in DIMS),
    *(cut(a, b, axis, step, dims=dims) for a, b in ((0, 3), (1, LAST), (2, 5), (-3, LAST), (1, -1), (-3, -1)) for axis in (2, -1)
      for step in (None, 1) for dims in DIMS),
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
    *({"data": data(*shape), "starts": Tensor((1,), a, (start,)), "ends": Tensor((1,), b, (end,)),
       "axes": None if c is None else Tensor((1,), c, (axis,)), "steps": None if d is None else Tensor((1,), d, (step,)),
           "dims": dims}
      for shape, axis in (((4, 6), 0), ((2, 6, 4), 1)) for dims in ("static", "dynamic") for start, end, step in ((0, 3, 1),
      (-1, -9, -1))
      if (axis, dims) != (0, "dynamic")
      for a, b, c, d in SUPPLIED if (d is not None or step == 1) and (c is not None or axis == 0)),
    *(cut(a, b, axis, step, data=data(*shape)) for shape in WIDE.values() for axis in (0, -1)
      for a, b in ((0, 2), (1, LAST)) for step in (None,)),
    *(cut(-1, -LAST, axis, -1, data=data(*shape)) for shape in WIDE.values() for axis in (0, -1)),
    *(cut(a, b, axis, 2, data=data(*shape)) for shape in WIDE.values() for axis in (0, -1) for a, b in ((0, LAST),)),
    *(cut(0, 0, axis, step, dims=dims) for axis in (0, 1, -1) for step in (None, 1) for dims in SOME),
    *(cut(2, 1, 1, step) for step in (None, 1)), cut(5, 9, 1), cut(-9, 9, 1), cut(-9, 1, 1), cut(9, 99, 0),
    *({"starts": numbers(*[0] * rank), "ends": numbers(*[1] * (rank - 1), 0), "axes": axes, "data": data(*WIDE[rank])}
      for rank in (2, 3, 4) for axes in (None, numbers(*range(rank)))),
    *({"starts": numbers(*[0] * rank), "ends": numbers(*WIDE[rank]), "axes": axes, "steps": steps, "data": data(*WIDE[rank]),
       "dims": dims} for rank in (1, 2, 3, 4, 5, 6, 7) for axes in (None, numbers(*range(rank)))
      for steps in (None, numbers(*[1] * rank)) for dims in (SOME if rank < 5 else ("static",))),
    *({"starts": numbers(*[1] * rank), "ends": numbers(*[LAST] * rank), "axes": None, "steps": steps, "data": data(*WIDE[rank])}
      for rank in (1, 2, 3, 4) for steps in (None, numbers(*[1] * rank), numbers(*[2] * rank))),
    *({"starts": numbers(*[-1] * rank), "ends": numbers(*[-9] * rank), "axes": axes, "steps": numbers(*[-1] * rank),
       "data": data(*WIDE[rank])} for rank in (1, 2, 3, 4) for axes in (None, numbers(*range(rank)))),
    *(cut(a, b, axis, step, T=dtype, dims=dims) for dtype in ("int64", "bool", "float16", "int32") for axis in (0,)
      for a, b, step in ((0, 2, None), (-1, -LAST, -1), (1, LAST, 2)) for dims in ("static", "dynamic")),
    *(cut(0, 1, axis, data=data(*shape)) for shape in ((0,), (0, 4), (2, 0), (2, 0, 4)) for axis in (0, -1)),
    *({**cut(0, 1, 0, Tind="int32"), "starts.from": source, "ends.from": source} for source in ("runtime", "folded", "shape")),
    *({**cut(0, LAST, 0, -1), "starts": numbers(-1), "ends": numbers(-LAST), "data": Tensor((4,), source, (2, 3, 4, 5)),
        "T": "int64"} for source in ("shape", "folded", "constant")),
]  # fmt: skip
CUT: list[Change] = [cut(0, 2), cut(1, 3, 0), cut(-2, LAST, -1), cut(0, 4, 2, 2), cut(-1, -LAST, 1, -1)]
SETTLED: list[Change] = [
    *settled("starts", changes=CUT), *settled("ends", changes=CUT), *settled("starts", "ends", changes=CUT),
    *settled("starts", "ends", "axes", changes=CUT), *settled("starts", "ends", "axes", "steps", changes=CUT[3:]),
    *settled("starts", "ends", changes=[{"axes": None, "starts": numbers(0, 1), "ends": numbers(2, 3)}, *each(
        T=["float16", "int32", "int64"])]),
]  # fmt: skip

FORMS = [
    Form("Slice", {"data": data(2, 4, 6), "starts": numbers(0), "ends": numbers(2), "axes": numbers(1)},
        changes=[*CUTS, *SETTLED], ranks=(2, 3, 4, 5),
         arithmetic={"axes": numbers(0), "starts": numbers(1)}),
]  # fmt: skip
