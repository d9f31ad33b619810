"""Operators that change the shape of data."""

from graphfix.probe.form import Change, Form, Tensor, data, each, numbers, scalar, settled

RANKS = tuple(range(8))
DIMS = ("batch", "spatial", "sequence", "dynamic")
WIDE = {0: (), 1: (4,), 2: (2, 4), 3: (2, 3, 4), 4: (2, 3, 4, 5), 5: (2, 3, 2, 4, 2), 6: (2, 2, 3, 2, 2, 2),
        7: (2, 2, 2, 3, 2, 2, 2)}  # fmt: skip


def axes_changes(*, insert: bool) -> list[Change]:
    """Return changes of the axes, on data of every rank and dims class."""
    out: list[Change] = []
    for rank, whole in WIDE.items():
        for axis in (0, 1, -1, rank):
            if insert and axis <= rank:
                out.append({"data": data(*whole), "axes": numbers(axis)})
                if rank in (1, 2, 3, 4) and axis in (0, 1, -1):
                    out.extend({"data": data(*whole), "axes": numbers(axis), "dims": dims} for dims in DIMS)
            if not insert and rank > 0 and axis < rank:
                shape = list(whole)
                shape[axis] = 1
                out.append({"data": data(*shape), "axes": numbers(axis)})
                out.extend({"data": data(*shape), "axes": numbers(axis), "dims": dims} for dims in DIMS if 1 < rank < 6)
    for rank in (1, 2, 3, 4):
        shape = list(WIDE[rank])
        shape[-1] = shape[-1] if insert else 1
        given = data(*shape)
        for dtype in ("int64", "bool"):
            out.extend({"data": given, "axes": numbers(-1), "T": dtype, "dims": dims} for dims in ("static", "dynamic"))
        out.extend({"data": given, "axes": Tensor((1,), source, (-1,)), "dims": dims} for source in ("runtime", "folded", "shape")
                   for dims in ("static", "dynamic"))
        out.extend({"data": data(*empty, *shape[1:]), "axes": numbers(-1)} for empty in ((0,), (0, 2)) if rank > 1 or insert)
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
    """Return a target shape computed from the dims of the data."""
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
    *({"data": data(*whole), "shape": numbers(-1)} for whole in WIDE.values()),
    *({"data": data(*WIDE[6]), "shape": numbers(*target)} for target in ((2, -1), (0, 0, -1), (4, 3, 8), (2, 48))),
    *({"data": data(*WIDE[7]), "shape": numbers(*target)} for target in ((0, -1), (4, 6, 8), (2, 96), (-1, 0, 6))),
    *({"data": data(96), "shape": numbers(*target)} for target in ((2, 2, 2, 2, 6), (2, 2, 2, 2, 3, 2), (1, 2, 2, 2, 2, 3, 2))),
    *({"data": data(*whole), "shape": numbers(*target)} for whole in WIDE.values() for target in ((1, -1), (-1, 1), (1, 1, -1))),
    *({"data": data(*whole), "shape": Tensor((len(target),), "runtime", target), "dims": dims}
        for whole, target in ((WIDE[1], (2, 2)), (WIDE[2], (8,)), (WIDE[3], (2, -1)), (WIDE[4], (6, 20)), (WIDE[0], (1,)))
        for dims in ("static", "dynamic")),
    *({"data": data(*empty), "shape": numbers(*target)} for empty, target in (((0,), (0,)), ((0,), (0, 4)), ((0, 4), (0,)),
        ((0, 4), (-1, 4)), ((0, 4), (0, 2, 2)), ((2, 0, 4), (2, 0)), ((2, 0, 4), (0, 0, 2, 2)), ((0, 3, 4), (4, -1)),
        ((2, 0), (0, 0)), ((4,), (0,)), ((4, 1), (0, 0)))),
    *({"data": data(*empty), "shape": numbers(*target), "allowzero": 1} for empty, target in (((0,), (0, 4)), ((0, 4), (0,)),
        ((2, 0, 4), (0, 2)), ((3, 0), (0,)))),
    *({"data": data(0, 4), "shape": Tensor((1,), source, (0,))} for source in ("runtime", "folded")),
    *({"T": dtype, "data": data(2, 3, 4), "shape": numbers(*target), "dims": dims} for dtype in ("int64", "bool")
        for target in ((0, -1), (-1,), (2, 12)) for dims in ("static", "dynamic")),
    *({"T": dtype, "data": Tensor((4,), source, (2, 3, 4, 5)), "shape": numbers(*target)} for dtype in ("int64", "int32")
        for source in ("constant", "folded", "shape", "cast-shape", "runtime") for target in ((-1,), (2, 2), (1, 4))),
    *({"T": "int64", "data": Tensor((1,), source, (3,)), "shape": numbers(*target)} for source in ("folded", "shape", "runtime")
        for target in ((), (1,), (-1,), (1, 1))),
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
    *({"data": data(*whole), "perm": perm} for rank, whole in WIDE.items() for perm in (None, [*reversed(range(rank))],
        [*range(rank)], [0, *reversed(range(1, rank))], [*range(1, rank), 0]) if rank > 1 or perm != [0]),
    {"data": data(), "perm": []},
    *({"data": data(*whole), "perm": [*reversed(range(len(whole)))]} for whole in ((0, 4), (2, 0, 4), (2, 3, 0, 4))),
    *({"data": data(2, 3, 4, 5), "perm": [0, 2, 3, 1], "T": dtype, "dims": dims} for dtype in ("int64", "bool", "float16",
        "int32")
        for dims in ("static", "dynamic")),
    *({"data": data(2, 4), "perm": [1, 0], "T": dtype, "dims": dims} for dtype in ("int64", "bool", "float16", "int32")
        for dims in ("static", "dynamic")),
    *({"data": data(2, 2, 3, 2, 2, 2), "perm": [0, 1, 4, 2, 5, 3], "dims": dims} for dims in ("batch", "dynamic")),
]  # fmt: skip
SETTLED: list[Change] = [*each(T=["float16", "int32", "int64", "bool", "uint8"]), {"since": 5}, {"since": 13}]
FORMS = [
    Form("Reshape", {"data": data(2, 3, 4), "shape": numbers(2, 12)}, arithmetic={"shape": numbers(-1)},
         changes=[*TARGETS, *settled("shape", changes=[*GIVEN, *SETTLED])]),
    Form("Transpose", {"data": data(2, 3, 4)}, {"perm": [0, 2, 1]}, changes=SHUFFLES),
    Form("Flatten", {"input": data(2, 3, 4, 5)}, {"axis": 1}, ranks=RANKS[1:],
         changes=[{"input": data(), "axis": 0}, {"input": data(0), "axis": 0}, {"input": data(2, 0, 4)},
                  *({"axis": axis, "input": data(*WIDE[rank]), "dims": dims} for rank in (1, 2, 3, 4, 5) for axis in (0, 1, -1)
                      for dims in ("static", "dynamic")),
                  *({"axis": axis, "T": dtype} for axis in (1, -1) for dtype in ("int64", "bool", "float16")),
                  *each(axis=[0, 2, 3, 4, -1, -2, -3, None]), *({"axis": a, "dims": d} for a in (0, 2, -1) for d in DIMS)]),
    Form("Squeeze", {"data": data(2, 1, 4), "axes": numbers(1)}, arithmetic=None,
         changes=[*axes_changes(insert=False), *settled("axes", changes=[*SETTLED[:4],
                      *({"data": data(*shape), "axes": given}
                        for shape in ((1, 4), (2, 1), (1, 3, 1, 5), (2, 1, 1, 4), (2, 1, 2, 4, 2))
                        for given in (numbers(0), numbers(1), numbers(-2), numbers(0, 2)))]),
                  {"axes": None, "data": data()}, {"axes": None, "data": data(4)},
             {"axes": numbers(), "data": data(2, 1)}, {"axes": numbers(), "data": data(4)}, {"axes": None, "data": data(0, 1)},
             *({"axes": None, "data": data(*shape), "T": dtype} for shape in ((1,), (1, 4), (2, 1, 1, 3), (1, 1, 1))
                 for dtype in ("float32", "int64", "int32", "bool")),
             *({"axes": None, "data": data(*shape), "dims": dims} for shape in ((2, 1), (2, 1, 4), (2, 3, 1, 1))
                 for dims in DIMS),
             *({"axes": given, "data": data(2, 1, 4)} for given in (scalar(1), scalar(-2))), {"axes": None}, {"axes": None,
                 "data": data(1, 1, 4), "dims": "batch"},
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
         changes=[*axes_changes(insert=True), *settled("axes", changes=[*SETTLED[:4],
                      *({"data": data(*WIDE[rank]), "axes": given} for rank in (1, 2, 3, 4, 5)
                        for given in (numbers(0), numbers(-1), numbers(1), numbers(0, 1), numbers(1, 2)))]),
                  {"axes": numbers(1, 2)}, {"axes": numbers(0, 1)}, {"axes": numbers(0, -1)},
             {"axes": numbers(-2, -1)},
                  {"axes": numbers(1, 2), "dims": "batch"}, {"axes": numbers(1, 2), "dims": "dynamic"},
                  {"axes": numbers(2, 3), "data": data(2, 4)},
                  *({"axes": axes, "data": data(*WIDE[rank])} for rank in range(6)
                      for axes in (numbers(0, 1), numbers(-2, -1), numbers(1, 2, 3), numbers(-1, 0), numbers(2, 1, 0), numbers(),
                                   numbers(0, 1, 2), scalar(0), scalar(-1))),
                  *({"axes": Tensor((), source, (0,)), "data": data(*WIDE[rank])} for source in ("runtime", "folded", "shape")
                      for rank in (0, 1, 3)),
                  *({"axes": scalar(0), "T": dtype, "data": data(*WIDE[rank])} for dtype in ("int64", "int32") for rank in (0,
                      1)),
                  *({"axes": scalar(0), "dims": dims, "data": data(*WIDE[rank])} for dims in DIMS for rank in (1, 2, 3)),
                  *({"axes": numbers(0), "data": Tensor((), source, (3,)), "T": dtype}
                      for source in ("runtime", "shape", "folded", "constant") for dtype in ("int64", "int32", "float32")),
                  *({"axes": numbers(0), "data": Tensor((1,), source, (3,)), "T": dtype}
                      for source in ("runtime", "shape", "folded") for dtype in ("int64", "int32"))]),
    Form("DepthToSpace", {"input": data(2, 8, 4, 5)}, {"blocksize": 2},
         changes=[*each(mode=["CRD", "DCR"]), *({"mode": mode, **more} for mode in ("CRD", "DCR")
             for more in ({"dims": "batch"}, {"dims": "dynamic"}, {"T": "float16"}, {"T": "int64"}, {"T": "int32"}, {"T": "int8"},
                          {"input": data(0, 8, 4, 5)}, {"input": data(1, 9, 2, 2), "blocksize": 3}))]),
    Form("SpaceToDepth", {"input": data(2, 3, 4, 6)}, {"blocksize": 2}, changes=[{"mode": "CRD"}, {"input": data(0, 3, 4, 6)},
         *({"mode": mode, **more} for mode in ("CRD", "DCR")
             for more in ({"dims": "batch"}, {"dims": "dynamic"}, {"T": "float16"}, {"T": "int64"}))]),
]  # fmt: skip
