"""Pooling over windows, and global pooling."""

from graphfix.probe.form import DYNAMIC_DIMS, Change, Form, Limit, Tensor, aged, data, each, numbers, weight

WINDOWS: list[Change] = [
    {"strides": [2, 2]},
    {"strides": [1, 2]},
    {"strides": None},
    {"pads": [1, 1, 1, 1]},
    {"pads": [0, 0, 1, 1]},
    {"pads": [1, 1, 1, 1], "strides": [2, 2]},
    {"pads": [0, 1, 0, 1], "strides": [2, 1]},
    {"auto_pad": "VALID"},
    {"auto_pad": "SAME_UPPER"},
    {"auto_pad": "SAME_LOWER"},
    {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    {"auto_pad": "SAME_UPPER", "strides": [2, 2], "dims": "batch"},
    {"auto_pad": "SAME_UPPER", "strides": [2, 2], "dims": "dynamic"},
    {"auto_pad": "SAME_LOWER", "strides": [2, 2], "dims": "dynamic"},
    {"auto_pad": "VALID", "strides": [2, 2], "dims": "dynamic"},
    {"strides": [2, 2], "dims": "dynamic"},
    {"strides": [2, 1], "dims": "dynamic"},
    {"strides": [2, 2], "dims": "batch"},
    {"strides": [2, 2], "ceil_mode": 1},
    {"strides": [2, 2], "ceil_mode": 1, "pads": [1, 1, 1, 1]},
    {"strides": [2, 2], "ceil_mode": 1, "dims": "batch"},
    {"strides": [2, 2], "ceil_mode": 1, "dims": "dynamic"},
    {"strides": [2, 2], "X": data(2, 4, 8, 8), "ceil_mode": 1},
    {"dilations": [2, 2]},
    {"X": data(2, 4, 9), "kernel_shape": [3], "strides": [1]},
    {"X": data(2, 4, 9), "kernel_shape": [2], "strides": [2]},
    {"X": data(2, 4, 9), "kernel_shape": [3], "strides": [2], "pads": [1, 1]},
    {"X": data(2, 4, 9), "kernel_shape": [3], "strides": [2], "dims": "dynamic"},
    {"X": data(2, 4, 9), "kernel_shape": [3], "strides": [2], "auto_pad": "SAME_UPPER"},
    {"X": data(2, 4, 6, 6, 6), "kernel_shape": [2, 2, 2], "strides": [2, 2, 2]},
    {"X": data(2, 4, 6, 6, 6), "kernel_shape": [2, 2, 2], "strides": [2, 2, 2], "dims": "dynamic"},
    {"X": data(2, 4, 6, 6, 6), "kernel_shape": [3, 3, 3], "strides": [2, 2, 2], "ceil_mode": 1},
    {"X": data(2, 4, 6, 6, 6), "kernel_shape": [2, 2, 2], "strides": [1, 1, 1], "dilations": [2, 2, 2]},
    {"X": data(2, 4, 6, 6, 6), "kernel_shape": [2, 2, 2], "strides": [1, 1, 1], "dilations": [2, 2, 2], "ceil_mode": 1},
    {"X": data(2, 4, 6, 6, 6), "kernel_shape": [2, 2, 2], "strides": [1, 1, 1], "auto_pad": "SAME_UPPER"},
    {"X": data(2, 4, 10), "kernel_shape": [3], "strides": [2], "ceil_mode": 1},
    {"X": data(2, 4, 10), "kernel_shape": [3], "strides": [1], "dilations": [2]},
    {"X": data(2, 4, 6, 6, 6), "kernel_shape": [3, 3, 3], "strides": [2, 2, 2], "pads": [1] * 6},
]
IMPLIED: list[Change] = [
    {"strides": None, "pads": [1, 1, 1, 1]},
    {"strides": None, "auto_pad": "SAME_UPPER"},
    {"strides": None, "auto_pad": "SAME_LOWER"},
    {"strides": None, "auto_pad": "VALID"},
    {"strides": None, "dims": "dynamic"},
    {"strides": None, "ceil_mode": 1},
    {"strides": None, "X": data(2, 4, 9), "kernel_shape": [3]},
    {"strides": None, "X": data(2, 4, 6, 6, 6), "kernel_shape": [2, 2, 2]},
]
"""Windows whose step is the default, for compilers that take another one where it is left out."""
SPACED: list[Change] = [
    {"X": data(2, 4, 9), "kernel_shape": [3], "strides": [1]},
    {"X": data(2, 4, 6, 6, 6), "kernel_shape": [2, 2, 2], "strides": [1, 1, 1]},
]
MIXED: list[Change] = [
    {"dilations": [1, 2]}, {"dilations": [2, 2], "strides": [2, 2]}, {"dilations": [2, 2], "pads": [1, 1, 1, 1]},
    {"dilations": [2, 2], "dims": "dynamic"}, {"dilations": [2, 2], "ceil_mode": 1}, {"ceil_mode": 1},
    {"ceil_mode": 1, "auto_pad": "SAME_UPPER", "strides": [2, 2]}, {"ceil_mode": 1, "auto_pad": "VALID", "strides": [2, 2]},
    {"ceil_mode": 1, "strides": [2, 1]}, {"ceil_mode": 1, "pads": [0, 0, 1, 1], "strides": [2, 2]}, {"pads": [1, 0, 1, 0]},
    {"pads": [1, 1, 1, 1], "dims": "dynamic"}, {"pads": [0, 0, 1, 1], "dims": "dynamic"}, {"pads": [0, 0, 1, 1], "dims": "batch"},
    {"auto_pad": "SAME_LOWER", "strides": [2, 2]}, {"auto_pad": "SAME_UPPER", "dims": "dynamic"}, {"auto_pad": "SAME_UPPER",
    "dims": "batch"}, {"kernel_shape": [2, 3]}, {"kernel_shape": [1, 1]}, {"kernel_shape": [9, 9]},
    *({**space, "dims": dims, **more} for space in SPACED for dims in ("static", "dynamic") for more in ({},
        {"ceil_mode": 1}, {"auto_pad": "SAME_LOWER"}, {"auto_pad": "SAME_UPPER"}, {"auto_pad": "VALID"})),
    *({**space, "T": dtype} for space in (*SPACED, {"strides": [2, 2]}, {"dims": "batch"}) for dtype in ("float16", "float64")),
    *({"X": data(2, 4, *[3] * (rank - 2)), "kernel_shape": [2] * (rank - 2), "strides": [1] * (rank - 2)} for rank in (6, 7)),
    {"X": data(0, 4, 9, 9)},
]  # fmt: skip
WINDOW = {"kernel_shape": [3, 3], "strides": [1, 1]}
DATA = {"X": data(2, 4, 9, 9)}
WHOLE: list[Change] = [{"X": data(2, 4, 9)}, {"X": data(2, 4, 5, 6, 5)}, {"X": data(1, 4, 9, 9)},
         {"X": data(2, 4, 9), "dims": "dynamic"}, {"X": data(2, 4, 9), "dims": "batch"},
         *({"X": data(2, 4, *[3] * (rank - 2)), "dims": dims} for rank in (2, 3, 4, 5, 6, 7) for dims in ("static", "dynamic")
             if rank < 6 or dims == "static"), {"X": data(0, 4, 9, 9)},
         *({"T": dtype, "X": data(*shape)} for dtype in ("float16", "float64") for shape in ((2, 4, 9), (2, 4, 5, 6,
             5)))]  # fmt: skip
OLDER: list[Change] = [
    {"strides": [2, 2], "pads": [1, 1, 1, 1]}, {"pads": [0, 0, 1, 1]}, {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    {"auto_pad": "VALID"}, *({**change, "dims": dims} for change in ({}, {"strides": [2, 2], "pads": [1, 1, 1, 1]}, *SPACED)
    for dims in ("static", "batch", "dynamic")), {"ceil_mode": 1, "strides": [2, 2]},
    {"ceil_mode": 1, "strides": [2, 2], "dims": "dynamic"}, {"kernel_shape": [2, 2], "strides": [2, 2]},
]  # fmt: skip
"""What exporters write in the opsets of most published models."""

def window(rank: int, size: int) -> Change:
    """A window as large as the data."""
    return {"X": data(1, 1, *[size] * rank), "kernel_shape": [size] * rank, "strides": [1] * rank}


LARGEST = [
    Limit("window", "the window of one spatial dim", lambda size: window(1, size), 3, 120_000),
    Limit("window", "the window of two spatial dims", lambda size: window(2, size), 3, 340),
    Limit("window", "the window of three spatial dims", lambda size: window(3, size), 3, 50),
    Limit("window", "the positions of a flat window", lambda size: {"X": data(1, 1, 1, size), "kernel_shape": [1, size]}, 3,
        120_000),
]  # fmt: skip
"""The largest window of three dims has more positions than any other, so that a limit of fewer dims is not taken for theirs."""

RESIZED: list[Change] = [
    {**more, "dims": dims} for dims in ("batch", "spatial", "dynamic")
    for more in ({}, {"strides": [2, 2]}, {"strides": [2, 2], "pads": [1, 1, 1, 1]}, {"strides": [2, 2], "kernel_shape": [3, 3]},
        {"strides": [2, 2], "kernel_shape": [3, 3], "pads": [1, 1, 1, 1]})
]  # fmt: skip
"""Windows of common networks over dims that are not fixed."""

NARROWING: list[Change] = [
    {"kernel_shape": kernel, "strides": strides, "pads": pads, "dims": dims, **more}
    for kernel, strides, pads in (([2, 2], [2, 1], [0, 1, 0, 1]), ([3, 3], [2, 1], [1, 1, 1, 1]), ([2, 3], [1, 2], [1, 1, 1, 1]),
                                  ([2, 2], [2, 1], [0, 0, 0, 0]), ([2, 2], [2, 2], [0, 1, 0, 1]))
    for dims in ("static", *DYNAMIC_DIMS) for more in ({}, {"T": "float16"})
]  # fmt: skip
"""Windows that make a line of text lower and keep its length."""

FORMS = [
    Form("MaxPool", DATA, WINDOW, limits=LARGEST,
         changes=[*WINDOWS, *MIXED, *RESIZED, *NARROWING, *aged(8, 10, 11, 12, changes=RESIZED),
         *aged(8, 10, 11, 12, changes=[*OLDER, {"dilations": [2, 2]}]),
             {"outputs": ("Y", "Indices")}, {"storage_order": 1},
             *({**change, "outputs": ("Y", "Indices")} for change in (*SPACED, {"strides": [2, 2]}, {"dilations": [2, 2]},
               {"ceil_mode": 1, "strides": [2, 2]}, {"pads": [1, 1, 1, 1]}, {"dims": "dynamic"}, {"T": "float16"}, {"T": "uint8"},
               {"strides": [2, 2], "storage_order": 1}, {"auto_pad": "SAME_UPPER"})),
             *({"T": dtype, **change} for dtype in ("uint8", "int8") for change in (*SPACED, {"strides": [2, 2]},
                 {"dims": "batch"})),
                                           {"outputs": ("Y", "Indices"), "storage_order": 1}, *IMPLIED]),
    Form("AveragePool", DATA, WINDOW, limits=LARGEST,
         changes=[*WINDOWS, *MIXED, {"count_include_pad": 1}, *RESIZED,
             *aged(7, 10, 11, 19, changes=RESIZED), *aged(7, 10, 11, 19, changes=[*OLDER,
                      *({**change, "count_include_pad": 1} for change in OLDER[:4])]),
                  *({**change, "count_include_pad": 1} for change in (*MIXED[::3], *SPACED)),
                  {"count_include_pad": 1, "pads": [1, 1, 1, 1], "dims": "dynamic"}, {"count_include_pad": 1, "pads": [1, 1, 1,
                      1]},
                  {"count_include_pad": 1, "pads": [0, 0, 1, 1]}, {"count_include_pad": 1, "auto_pad": "SAME_UPPER"},
                  {"count_include_pad": 1, "dims": "dynamic"}, {"count_include_pad": 1, "ceil_mode": 1, "strides": [2, 2]},
                  *IMPLIED]),
    Form("GlobalAveragePool", DATA, changes=WHOLE),
    Form("GlobalMaxPool", DATA, changes=WHOLE),
    Form("LpPool", DATA, WINDOW, limits=LARGEST, changes=[*WINDOWS, *MIXED, *each(p=[1, 2, 3]),
         *({**change, "p": p} for change in (*SPACED, {"ceil_mode": 1, "strides": [2, 2]}, {"dilations": [2, 2]},
             {"dims": "dynamic"})
           for p in (1, 3)), *IMPLIED]),
    Form("GlobalLpPool", DATA, changes=[*WHOLE, *each(p=[1, 2, 3])]),
    Form("MaxUnpool", {"X": data(1, 1, 2, 2), "I": Tensor((1, 1, 2, 2), "constant", (5, 7, 13, 15))},
        {"kernel_shape": [2, 2], "strides": [2, 2]},
         changes=[*({"output_shape": Tensor((4,), source, (1, 1, size, size)), "I.from": where} for source in ("constant",
             "runtime",
                    "folded", "shape") for size in (4, 5) for where in ("constant", "runtime")
                        if size == 5 or source == "constant"),
                  {"strides": None}, {"strides": [1, 1]}, {"pads": [0, 0, 0, 0]}, {"strides": [2, 1]},
                  {"X": data(1, 1, 3, 3), "I": Tensor((1, 1, 3, 3), "constant", tuple(range(9))), "pads": [1, 1, 1, 1]},
                  {"X": data(1, 1, 2), "I": Tensor((1, 1, 2), "constant", (1, 3)), "kernel_shape": [2], "strides": [2]},
                  {"X": data(1, 1, 2, 2, 2), "I": Tensor((1, 1, 2, 2, 2), "constant", tuple(range(0, 64, 8))),
                   "kernel_shape": [2] * 3, "strides": [2] * 3},
                  *({"T1": dtype, "output_shape": shape} for dtype in ("float16", "float64") for shape in (None, numbers(1, 1,
                      4, 4))),
                  *({"I.from": "runtime", "dims": dims} for dims in ("static", "dynamic"))]),
    Form("MaxRoiPool", {"X": data(1, 4, 9, 9), "rois": data(2, 5, low=0, high=0.9)}, {"pooled_shape": [2, 2]},
         changes=[*each(spatial_scale=[0.5], pooled_shape=[[1, 1], [3, 2]]), {"rois": weight(2, 5, low=0, high=0.9)},
                  {"X": data(2, 4, 9, 9)}, {"rois": data(1, 5, low=0, high=0.9)},
                  *({"dims": dims, "spatial_scale": 0.5} for dims in ("batch", "dynamic"))]),
]  # fmt: skip
