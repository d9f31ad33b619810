"""Quantising, and back."""

from graphfix.probe.form import Form, data, each, numbers, scalar, weight

FORMS = [
    Form("DynamicQuantizeLinear", {"x": data(2, 3, 4, 5)}, outputs=3, ranks=(0, 1, 2, 3, 4, 5)),
    Form("QuantizeLinear", {"x": data(2, 3, 4, 4), "y_scale": scalar(0.1), "y_zero_point": scalar(3)}, {"axis": 1},
        types={"T3": "uint8"}, ranks=(1, 2, 3, 5),
         changes=[{"y_zero_point": None}, {"y_scale": numbers(0.1, 0.2, 0.3), "y_zero_point": numbers(0, 0, 0)},
             {"T3": "int8"}, {"T3": "int8", "y_zero_point": scalar(0)}, {"axis": 0}, {"axis": -1}, {"T3": "uint16"},
             {"T3": "int16"}, {"axis": None}, {"y_scale": numbers(0.1, 0.2, 0.3), "y_zero_point": numbers(0, 0, 0),
             "T3": "int8"}]),
    Form("DequantizeLinear", {"x": data(2, 3, 4, 4, low=0, high=9), "x_scale": scalar(0.1), "x_zero_point": scalar(3)},
        {"axis": 1}, types={"T1": "uint8"}, ranks=(1, 2, 3, 5),
         changes=[{"x_zero_point": None}, {"x_scale": numbers(0.1, 0.2, 0.3), "x_zero_point": numbers(0, 0, 0)},
             {"T1": "int8"}, {"T1": "int32", "x_zero_point": None}, {"T1": "int32", "x_zero_point": scalar(0)}, {"axis": 0},
             {"axis": -1}, {"axis": None},
                  {"T1": "int8", "x": weight(4, 3, low=0, high=9), "axis": 0, "x_scale": numbers(0.1, 0.2, 0.3, 0.1),
                      "x_zero_point": numbers(0, 0, 0, 0)}, {"T1": "int8", "foldable": True},
                      {"T1": "int32", "x": weight(4, low=0, high=99), "x_zero_point": scalar(0)},
                      *each(T1=["uint16", "int16"])]),
]  # fmt: skip
