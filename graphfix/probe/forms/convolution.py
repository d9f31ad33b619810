"""Convolutions, and their integer and quantized forms."""

import math
from functools import partial

from graphfix.probe.form import Change, Form, Limit, Tensor, aged, data, each, numbers, scalar, weight
from graphfix.probe.forms.quantisation import pointed

PADDING: list[Change] = [
    {"pads": [1, 1, 1, 1]},
    {"pads": [0, 1, 0, 1]},
    {"pads": [0, 0, 1, 1]},
    {"pads": [1, 0, 2, 1]},
    {"auto_pad": "VALID"},
    {"auto_pad": "SAME_UPPER"},
    {"auto_pad": "SAME_LOWER"},
    {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    {"auto_pad": "SAME_UPPER", "strides": [2, 2], "dims": "batch"},
    {"auto_pad": "SAME_UPPER", "strides": [2, 2], "dims": "dynamic"},
    {"auto_pad": "SAME_UPPER", "dims": "dynamic"},
    {"auto_pad": "SAME_LOWER", "dims": "dynamic"},
    {"auto_pad": "VALID", "dims": "dynamic"},
    {"strides": [2, 2]},
    {"strides": [2, 1]},
    {"dilations": [2, 2]},
    {"dilations": [1, 2]},
    {"dilations": [2, 2], "strides": [2, 2], "pads": [1, 1, 1, 1]},
    {"kernel_shape": None},
]
SPACES: list[Change] = [
    {"X": data(2, 4, 9), "W": weight(6, 4, 3), "kernel_shape": [3]},
    {"X": data(2, 4, 9), "W": weight(6, 4, 3), "kernel_shape": [3], "pads": [1, 1], "strides": [2]},
    {"X": data(2, 4, 9), "W": weight(6, 4, 3), "kernel_shape": [3], "pads": [2, 0]},
    {"X": data(2, 4, 9), "W": weight(6, 4, 3), "kernel_shape": [3], "dilations": [2]},
    {"X": data(2, 4, 9), "W": weight(6, 4, 3), "kernel_shape": [3], "auto_pad": "SAME_UPPER"},
    {"X": data(2, 4, 9), "W": weight(6, 4, 3), "kernel_shape": [3], "dims": "dynamic"},
    {"X": data(2, 4, 9), "W": weight(6, 4, 3), "kernel_shape": [3], "dims": "batch"},
    {"X": data(2, 4, 5, 6, 5), "W": weight(6, 4, 3, 3, 3), "kernel_shape": [3, 3, 3]},
    {"X": data(2, 4, 5, 6, 5), "W": weight(6, 4, 3, 3, 3), "kernel_shape": [3, 3, 3], "pads": [1] * 6},
    {"X": data(2, 4, 5, 6, 5), "W": weight(6, 4, 3, 3, 3), "kernel_shape": [3, 3, 3], "dims": "dynamic"},
    {"X": data(2, 4, 5, 6, 5), "W": weight(6, 4, 3, 3, 3), "kernel_shape": [3, 3, 3], "strides": [2, 2, 2]},
]
GROUPS: list[Change] = [
    {"group": 4, "W": weight(4, 1, 3, 3), "B": weight(4)},
    {"group": 4, "W": weight(8, 1, 3, 3), "B": weight(8)},
    {"group": 2, "W": weight(6, 2, 3, 3)},
    {"group": 4, "W": weight(4, 1, 3, 3), "B": None, "dims": "dynamic"},
    {"group": 4, "W": weight(4, 1, 3, 3), "B": None, "dims": "batch"},
    {"group": 2, "W": weight(6, 2, 3, 3), "B": None, "dims": "dynamic"},
    {"group": 4, "W": weight(4, 1, 3, 3), "B": None, "pads": [1, 1, 1, 1], "strides": [2, 2]},
    {"group": 4, "W": weight(4, 1, 3, 3), "B": None, "auto_pad": "SAME_UPPER", "strides": [2, 2]},
    {"group": 4, "X": data(2, 4, 9), "W": weight(4, 1, 3), "B": weight(4), "kernel_shape": [3]},
    {"group": 2, "X": data(2, 4, 9), "W": weight(6, 2, 3), "kernel_shape": [3]},
]
UP: list[Change] = [
    {"pads": [1, 1, 1, 1]},
    {"pads": [0, 0, 1, 1]},
    {"strides": [2, 2]},
    {"strides": [2, 1]},
    {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
    {"strides": [2, 2], "pads": [1, 1, 1, 1]},
    {"strides": [2, 2], "output_shape": [18, 18]},
    {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
    {"strides": [2, 2], "auto_pad": "SAME_LOWER"},
    {"strides": [2, 2], "auto_pad": "VALID"},
    {"dilations": [2, 2]},
    {"group": 4, "W": weight(4, 1, 3, 3), "B": weight(4)},
    {"group": 2, "W": weight(4, 3, 3, 3)},
    {"kernel_shape": None},
    {"strides": [2, 2], "dims": "dynamic"},
    {"strides": [2, 2], "dims": "batch"},
    {"X": data(2, 4, 9), "W": weight(4, 6, 3), "kernel_shape": [3]},
    {"X": data(2, 4, 9), "W": weight(4, 6, 3), "kernel_shape": [3], "strides": [2], "pads": [1, 1]},
    {"X": data(2, 4, 9), "W": weight(4, 6, 3), "kernel_shape": [3], "strides": [2], "dims": "dynamic"},
    {"X": data(2, 4, 4, 5, 4), "W": weight(4, 6, 3, 3, 3), "kernel_shape": [3, 3, 3]},
]
SIZES = {"X": data(2, 4, 9, 9), "W": weight(6, 4, 3, 3), "B": weight(6)}
INTEGER = {
    "x": data(2, 4, 9, 9, low=0, high=9),
    "w": weight(6, 4, 3, 3, low=0, high=9),
    "x_zero_point": scalar(3),
    "w_zero_point": scalar(2),
}
WHOLE: list[Change] = [
    {}, {"x": data(2, 4, 9, low=0, high=9), "w": weight(6, 4, 3, low=0, high=9), "kernel_shape": [3]},
    {"x": data(2, 4, 5, 6, 5, low=0, high=9), "w": weight(6, 4, 3, 3, 3, low=0, high=9), "kernel_shape": [3, 3, 3]},
    {"group": 4, "w": weight(4, 1, 3, 3, low=0, high=9)}, {"group": 2, "w": weight(6, 2, 3, 3, low=0, high=9)},
    {"pads": [1, 1, 1, 1]}, {"strides": [2, 2], "pads": [1, 1, 1, 1]}, {"kernel_shape": None}, {"auto_pad": "SAME_UPPER"},
]  # fmt: skip
ONES = {"x_scale": 0.1, "x_zero_point": 3, "w_scale": 0.2, "y_scale": 0.5, "y_zero_point": 4}


def rows(pads: list[int], step: int, gap: int) -> int:
    """Return the number of output rows of a 3x3 kernel on 6x6 data."""
    return (6 + 2 * pads[0] - gap * 2 - 1) // step + 1


def area(block: tuple[int, ...]) -> int:
    """Return the number of elements in a block."""
    return math.prod(block)


def columns(image: tuple[int, ...], block: tuple[int, ...], pads: list[int], steps: list[int], gaps: list[int]) -> int:
    """Return the number of positions of a block in an image; 0 where it does not fit."""
    ends = zip(image, block, pads, pads[len(image) :], steps, gaps, strict=False)
    return math.prod(
        max(0, (size + low + high - gap * (width - 1) - 1) // step + 1) for size, width, low, high, step, gap in ends
    )


KERNELS = ((1, 120_000), (2, 340), (3, 50))
"""Numbers of spatial dims, and the largest kernel to try for each; that of three dims has most positions, as in pooling.py."""


def kernel(rank: int, size: int, image: int = 0) -> Change:
    """Return a kernel of one channel, over data as large or over a small image."""
    shape = [1, 1, *[size] * rank]
    return {"X": data(1, 1, *[image or size] * rank), "W": weight(*shape), "B": None, "kernel_shape": [size] * rank}


POINTED: list[Change] = [
    *({**change, **more} for name, size in (("x", 0), ("w", 6), ("y", 0)) for more in ({}, {"B": None})
      for change in pointed(f"{name}_zero_point", f"{name}_scale", size, "T1", "T2", "T3")),
    *pointed("w_zero_point", "w_scale", 6, "T2"),
    *({"x_zero_point": scalar(x), "w_zero_point": scalar(w), "y_zero_point": scalar(y), "T1": left, "T2": right, "T3": left}
      for left, right, x, w, y in (("uint8", "int8", 0, 0, 0), ("uint8", "int8", 128, 0, 128), ("uint8", "uint8", 0, 128, 0),
        ("int8", "int8", 0, 0, 0), ("int8", "int8", -128, 0, -128), ("int8", "int8", -128, 0, 3), ("uint8", "int8", 0, 0, 255),
        ("uint8", "uint8", 128, 128, 128))),
]  # fmt: skip
"""The zero points that quantizers give to data, weights and outputs."""

FORMS = [
    Form("Conv", SIZES, {"kernel_shape": [3, 3]}, limits=[
             Limit("window", f"the kernel of {rank} spatial dims", partial(kernel, rank), 3, high)
             for rank, high in KERNELS],
         changes=[{"B": None}, *PADDING, *SPACES, *GROUPS, {"W.from": "node"}, {"W.from": "runtime", "B": None},
                  {"X": data(1, 4, 9, 9)}, {"W": weight(6, 4, 1, 1), "kernel_shape": [1, 1]},
                  *({"since": 11, **change} for change in ({"dilations": [1, 2]}, {"dilations": [1, 2], "pads": [1, 1, 1, 1]})),
                  {"W.from": "folded", "dims": "dynamic", "B": None}, {"pads": [-1, 0, 0, 0]},
                  *({**change, "dims": dims} for change in (*SPACES, *GROUPS) for dims in ("batch", "dynamic")),
                  *({**change, "B": None} for change in SPACES), *({**change, "W.from": "runtime"} for change in SPACES),
                  *({**change, "W.from": "runtime"} for change in GROUPS[:3]),
                  *({**change, "dims": "dynamic"} for change in PADDING),
                  *({"T": dtype, **change} for dtype in ("float16", "float64") for change in (SPACES[0], SPACES[7], GROUPS[0],
                      {"B": None},
                    {"W.from": "runtime"}, {"dims": "batch"})),
                  *({"X": data(2, 4, *[3] * (rank - 2)), "W": weight(6, 4, *[2] * (rank - 2)), "kernel_shape": [2] * (rank - 2)}
                    for rank in (6, 7)),
                  *aged(1, 11, changes=[*({**change, "dims": dims} for change in ({}, SPACES[0], SPACES[7], GROUPS[0], GROUPS[2],
                      PADDING[5], PADDING[17]) for dims in ("static", "batch", "dynamic")), {"B": None}, {"W.from": "runtime"},
                      {"kernel_shape": None}]),
                  {"X": data(0, 4, 9, 9)}, {"X": data(2, 4), "W": weight(6, 4), "kernel_shape": []},
                  {"auto_pad": "SAME_LOWER", "strides": [2, 2]}, {"auto_pad": "SAME_UPPER", "dilations": [2, 2]},
                  {"auto_pad": "VALID", "strides": [2, 2]}, {"kernel_shape": None, "dims": "dynamic"}]),
    Form("ConvTranspose", {"X": data(2, 4, 9, 9), "W": weight(4, 6, 3, 3), "B": weight(6)}, {"kernel_shape": [3, 3]}, limits=[
             Limit("window", f"the kernel of {rank} spatial dims", partial(kernel, rank, image=2), 3, high)
             for rank, high in KERNELS],
         changes=[{"B": None}, *UP, *({**change, "dims": dims} for change in UP for dims in ("batch", "dynamic")),
                  *({**change, "W.from": "runtime"} for change in (*UP[:3], *UP[11:13], *UP[-4:])),
                  *aged(1, 11, changes=[*({**change, "dims": dims} for change in ({}, *UP[2:7]) for dims in ("static",
                      "dynamic")), {"B": None}, {"W.from": "runtime"}]),
                  {"strides": [2, 2], "output_padding": [1, 1]}, {"strides": [2, 2], "output_padding": [1, 0]},
                  {"output_padding": [0, 0]}, {"strides": [2, 2], "output_padding": [0, 0]},
                  {"strides": [2, 2], "pads": [1] * 4, "output_padding": [0, 0]}, {"group": 2, "output_padding": [0, 0]},
                  *({"strides": [2, 2], "output_padding": [0, 0], "dims": dims} for dims in ("batch", "spatial", "dynamic")),
                  {"output_padding": [0, 0], "W.from": "runtime"}, {"dilations": [2, 2], "output_padding": [0, 0]},
                  {"X": data(2, 4, 9), "W": weight(4, 6, 3), "kernel_shape": [3], "output_padding": [0]},
                  {"strides": [2, 2], "pads": [0, 1, 0, 1]}, {"dilations": [1, 2]}, {"dilations": [2, 2], "strides": [2, 2]},
                  {"strides": [2, 2], "output_shape": [20, 20]}, {"strides": [2, 2], "output_shape": [19, 18],
                      "auto_pad": "SAME_UPPER"},
                  *({"strides": [2, 2], "output_shape": [size] * 2, "auto_pad": pad, **kernel, **more}
                      for pad in (None, "SAME_UPPER", "SAME_LOWER") for size, kernel in ((17, {}), (18, {}),
                      (18, {"W": weight(4, 6, 1, 1), "kernel_shape": [1, 1]})) for more in ({}, {"dims": "dynamic"})),
                  *aged(1, 11, changes=[{"strides": [2, 2], "output_shape": [size] * 2, "auto_pad": pad, **kernel}
                      for pad in (None, "SAME_UPPER") for size, kernel in ((17, {}), (18, {}), (18, {"W": weight(4, 6, 1, 1),
                      "kernel_shape": [1, 1]}))]),
                  {"strides": [2, 2], "auto_pad": "SAME_LOWER", "output_padding": [1, 1]}, {"output_shape": [11, 11]},
                  {"group": 4, "W": weight(4, 1, 3, 3), "B": None, "strides": [2, 2], "pads": [1, 1, 1, 1],
                      "output_padding": [1, 1]},
                  {"group": 2, "W": weight(4, 3, 3, 3), "strides": [2, 2], "dims": "dynamic"},
                  *({"group": 2, "W": weight(4, 3, 3, 3), **more} for more in ({"strides": [2, 2]},
                    {"strides": [2, 2], "pads": [1] * 4}, {"strides": [2, 2], "pads": [1] * 4, "output_padding": [1, 1]},
                    {"strides": [2, 2], "output_padding": [1, 1]}, {"pads": [1] * 4}, {"dilations": [2, 2]},
                    {"strides": [2, 2], "dilations": [2, 2]}, {"strides": [2, 2], "B": None}, {"strides": [2, 1]})),
                  *aged(1, 11, changes=[{"group": 2, "W": weight(4, 3, 3, 3), **more} for more in ({}, {"strides": [2, 2]},
                    {"strides": [2, 2], "pads": [1] * 4, "output_padding": [1, 1]})]),
                  {"X": data(2, 4, 9), "W": weight(4, 1, 3), "B": weight(4), "kernel_shape": [3], "group": 4},
                  {"X": data(2, 4, 9), "W": weight(4, 6, 3), "kernel_shape": [3], "strides": [2], "output_padding": [1]},
                  {"X": data(2, 4, 4, 5, 4), "W": weight(4, 6, 3, 3, 3), "kernel_shape": [3, 3, 3], "strides": [2, 2, 2],
                   "pads": [1] * 6, "output_padding": [1, 1, 1]},
                  *({"strides": strides, "dilations": dilations} for strides, dilations in (([1, 2], [1, 2]), ([2, 1], [1, 2]),
                      ([2, 2], [1, 2]), ([1, 2], [2, 2]), ([2, 1], [2, 1]), ([1, 2], [1, 1]), ([3, 3], [2, 2]))),
                  *({"X": data(2, 4, 9), "W": weight(4, 6, 3), "kernel_shape": [3], **change} for change in ({"dilations": [2]},
                      {"strides": [2]}, {"strides": [2], "dilations": [2]}, {"strides": [3], "dilations": [2]},
                      {"strides": [2], "dilations": [2], "pads": [1, 1]}, {"strides": [2], "dilations": [2], "B": None},
                      {"strides": [2], "dilations": [2], "dims": "dynamic"})),
                  *({"group": 2, "W": weight(4, 3, 3, 3), **change} for change in ({"strides": [2, 2], "B": None},
                      {"strides": [2, 1]}, {"strides": [2, 2], "dilations": [2, 2]})),
                  {"X": data(2, 4, 4, 5, 4), "W": weight(4, 1, 3, 3, 3), "B": weight(4), "kernel_shape": [3, 3, 3], "group": 4},
                  *({"T": dtype, **change} for dtype in ("float16", "float64") for change in UP[:4]), {"X": data(0, 4, 9, 9)}]),
    Form("ConvInteger", INTEGER, {"kernel_shape": [3, 3]}, {"T1": "uint8", "T2": "uint8"},
         changes=[*PADDING, {"x_zero_point": data(low=0, high=9)}, {"w_zero_point": None},
                  *({**change, "x_zero_point": x, "w_zero_point": w, "T1": left, "T2": right, "dims": dims}
                    for change in WHOLE for x, w in ((None, None), (scalar(3), scalar(2)))
                    for left, right in (("uint8", "uint8"), ("int8", "int8"), ("uint8", "int8")) for dims in ("static", "dynamic")
                    if dims == "static" or right == "uint8"), {"w.from": "runtime"}, {"x_zero_point": numbers(3),
                    "w_zero_point": numbers(2)}, {"x_zero_point": scalar(1)},
                  {"x": data(0, 4, 9, 9, low=0, high=9)}, {"w_zero_point": scalar(1)}, {"w_zero_point": scalar(-1), "T2": "int8"},
                  {"kernel_shape": None, "x_zero_point": None, "w_zero_point": None},
                  {"x_zero_point": data(low=0, high=9), "dims": "dynamic"},
                  {"x_zero_point": data(low=0, high=9), "dims": "batch"},
                  {"x_zero_point": None, "w_zero_point": None}, {"T1": "int8", "T2": "int8"},
                  {"w": weight(6, 4, 3, 3, low=1, high=9)}, {"w_zero_point": scalar(0)}, {"x_zero_point": scalar(0)},
                  {"w_zero_point": numbers(1, 2, 3, 4, 5, 6)},
                  *(change for change in pointed("x_zero_point", "", 0, "T1") if "" not in change),
                  *({name: given for name, given in change.items() if name}
                      for variables in (("T2",), ("T1", "T2")) for change in pointed("w_zero_point", "", 6, *variables)),
                  {"group": 4, "w": weight(4, 1, 3, 3, low=0, high=9)},
                  {"x": data(2, 4, 9, low=0, high=9), "w": weight(6, 4, 3, low=0, high=9), "kernel_shape": [3]}]),
    Form("QLinearConv", {"x": data(2, 4, 9, 9, low=0, high=9), "x_scale": scalar(0.1), "x_zero_point": scalar(3),
                         "w": weight(6, 4, 3, 3, low=0, high=9), "w_scale": scalar(0.2), "w_zero_point": scalar(2),
                         "y_scale": scalar(0.5), "y_zero_point": scalar(4), "B": weight(6, low=0, high=50)},
         {"kernel_shape": [3, 3]}, {"T1": "uint8", "T2": "uint8", "T3": "uint8", "T4": "int32"},
         changes=[*PADDING[:8], {"B": None}, {"T2": "int8"}, {"T1": "int8", "T2": "int8", "T3": "int8"},
                  {"w_scale": numbers(0.1, 0.2, 0.3, 0.1, 0.2, 0.3), "w_zero_point": numbers(0, 0, 0, 0, 0, 0), "T2": "int8"},
                  {"T1": "int8", "T2": "int8", "T3": "int8", "w_zero_point": scalar(0), "x_zero_point": scalar(0)},
                  {"group": 4, "w": weight(4, 1, 3, 3, low=0, high=9), "B": None},
                  *({**change, "B": bias, "T1": left, "T2": right, "T3": left, "dims": dims} for change in WHOLE
                    for bias in ((None,) if "group" in change else (None, weight(6, low=0, high=50)))
                    for left, right in (("uint8", "uint8"), ("int8", "int8"), ("uint8", "int8")) for dims in ("static", "dynamic")
                    if dims == "static" or right == "uint8"), *({"w_scale": Tensor((6,), source, (0.1, 0.2, 0.3, 0.1, 0.2,
                    0.3)), "w_zero_point": Tensor((6,), source,
                      (zero,) * 6),
                     "T1": left, "T2": right, "T3": left, "B": bias} for source in ("constant", "runtime") for zero in (0, 1)
                    for left, right in (("uint8", "uint8"), ("int8", "int8"), ("uint8", "int8"))
                    for bias in (None, weight(6, low=0, high=50))),
                  *({**{name: numbers(value) for name, value in ONES.items()}, "w": weight(*shape, low=0, high=9), "B": None,
                     "kernel_shape": kernel, "w_zero_point": numbers(zero), "T2": kind} for shape, kernel in (((1, 4, 3, 3), [3,
                         3]),
                     ((1, 4, 1, 1), None), ((6, 4, 3, 3), [3, 3]), ((1, 4, 3, 3), None)) for zero in (0, 2, 255)
                         for kind in ("uint8", "int8")
                    if kind == "uint8" or zero < 128),
                  {f"{name}.from": "runtime" for name in ("w", "w_scale", "w_zero_point", "x_scale", "x_zero_point", "y_scale",
                   "y_zero_point")}, *PADDING[8:], {"x": data(0, 4, 9, 9, low=0, high=9)},
                  {"w.from": "runtime", "B": None}, {"B": weight(6, low=-9, high=50)}, {"x_zero_point": scalar(0)},
                  {"y_zero_point": scalar(0)}, {"w_zero_point": scalar(0)}, *POINTED]),
    Form("DeformConv", {"X": data(1, 1, 3, 3), "W": weight(1, 1, 2, 2), "offset": data(1, 8, 4, 4), "B": None, "mask": None},
         {"kernel_shape": [2, 2], "pads": [1, 1, 1, 1]},
         changes=[{"mask": data(1, 4, 4, 4)}, {"B": weight(1)}, {"offset_group": 1}, {"kernel_shape": None},
                  *({"X": data(2, 4, 6, 6), "W": weight(6, 4 // group, 3, 3), "kernel_shape": [3, 3], "pads": pads,
                      "strides": [step] * 2,
                     "dilations": [gap] * 2, "group": group, "offset_group": bands,
                     "offset": data(2, bands * 18, rows(pads, step, gap), rows(pads, step, gap)), "B": weight(6)
                         if biased else None,
                     "mask": data(2, bands * 9, rows(pads, step, gap), rows(pads, step, gap), low=0) if masked else None}
                    for pads in ([0] * 4, [1] * 4) for step in (1, 2) for gap in (1, 2) for group, bands in ((1, 1), (2, 1), (1,
                    2),
                    (1, 4)) for biased, masked in ((0, 0), (1, 1), (0, 1)) if gap == 1 or group == bands == 1),
                  *({"mask": data(1, 4, 4, 4), "B": weight(1), "dims": dims} for dims in ("batch", "spatial", "dynamic"))]),
    Form("Col2Im", {"input": data(1, 5, 5), "image_shape": numbers(5, 5), "block_shape": numbers(1, 5)},
         changes=[*each(pads=[[0, 0, 0, 0]], strides=[[1, 1]], dilations=[[1, 1]]),
             *({"input": data(1, channels * area(block), columns(image, block, pads, steps, gaps)),
                 "image_shape": numbers(*image),
                "block_shape": numbers(*block), "pads": pads, "strides": steps, "dilations": gaps, "dims": dims, "T": dtype}
               for image, block in (((5, 5), (1, 5)), ((5, 5), (2, 2)), ((6, 4), (3, 2)), ((6,), (3,)), ((4, 4, 4), (2, 2, 2)),
               ((1, 5), (1, 1)), ((2, 3, 2, 3), (1, 2, 1, 2)))
               for pads, steps, gaps in (([0], [1], [1]), ([1], [1], [1]), ([0], [2], [1]), ([0], [1], [2]), ([1], [2], [2]))
               for dims in ("static", "dynamic") for dtype in ("float32", "float16") for channels in (1, 2)
               if (pads, steps, gaps) == ([0], [1], [1]) or (dims, dtype, channels) == ("static", "float32", 1)
               for pads, steps, gaps in ((pads * 2 * len(image), steps * len(image), gaps * len(image)),)
               if columns(image, block, pads, steps, gaps) > 0),
             *({"input": data(1, 4, columns((6, 6), (2, 2), pads, steps, gaps)), "image_shape": numbers(6, 6),
                 "block_shape": numbers(2, 2),
                "pads": pads, "strides": steps, "dilations": gaps} for pads, steps, gaps in (([1, 0, 1, 0], [1, 1], [1, 1]),
                ([1, 0, 0, 0], [1, 1], [1, 1]), ([0, 0, 0, 1], [1, 2], [1, 1]), ([0] * 4, [2, 1], [1, 1]), ([0] * 4, [1, 1], [1,
                    2]))),
             *({"image_shape.from": a, "block_shape.from": b} for a in ("constant", "runtime", "folded", "shape")
               for b in ("constant", "runtime", "folded")), {"input": data(0, 5, 5)}, {"input": data(5, 5)}]),
]  # fmt: skip
