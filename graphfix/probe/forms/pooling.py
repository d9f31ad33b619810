"""Pooling over windows and over everything."""

from graphfix.probe.form import Change, Form, Tensor, data, each

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
WINDOW = {"kernel_shape": [3, 3], "strides": [1, 1]}
DATA = {"X": data(2, 4, 9, 9)}
WHOLE: list[Change] = [{"X": data(2, 4, 9)}, {"X": data(2, 4, 5, 6, 5)}, {"X": data(1, 4, 9, 9)},
         {"X": data(2, 4, 9), "dims": "dynamic"}, {"X": data(2, 4, 9), "dims": "batch"}]  # fmt: skip

FORMS = [
    Form("MaxPool", DATA, WINDOW, changes=[*WINDOWS, {"outputs": ("Y", "Indices")}, {"storage_order": 1},
                                           {"outputs": ("Y", "Indices"), "storage_order": 1}]),
    Form("AveragePool", DATA, WINDOW,
         changes=[*WINDOWS, {"count_include_pad": 1}, {"count_include_pad": 1, "pads": [1, 1, 1, 1]},
                  {"count_include_pad": 1, "pads": [0, 0, 1, 1]}, {"count_include_pad": 1, "auto_pad": "SAME_UPPER"},
                  {"count_include_pad": 1, "dims": "dynamic"}, {"count_include_pad": 1, "ceil_mode": 1, "strides": [2, 2]}]),
    Form("GlobalAveragePool", DATA, changes=WHOLE),
    Form("GlobalMaxPool", DATA, changes=WHOLE),
    Form("LpPool", DATA, WINDOW, changes=[*WINDOWS[:12], *each(p=[1, 2, 3])]),
    Form("GlobalLpPool", DATA, changes=[*WHOLE, *each(p=[1, 2, 3])]),
    Form("MaxUnpool", {"X": data(1, 1, 2, 2), "I": Tensor((1, 1, 2, 2), "constant", (5, 7, 13, 15))},
        {"kernel_shape": [2, 2], "strides": [2, 2]}),
    Form("MaxRoiPool", {"X": data(1, 4, 9, 9), "rois": data(2, 5, low=0, high=0.9)}, {"pooled_shape": [2, 2]}),
]  # fmt: skip
