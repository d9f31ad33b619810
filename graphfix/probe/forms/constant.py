"""Constants of every kind."""

import numpy as np
from onnx import numpy_helper

from graphfix.probe.form import Form

TENSORS = [numpy_helper.from_array(np.asarray(value, name))
    for name in ("float32", "float16", "float64", "int64", "int32", "int8", "uint8", "bool")
           for value in (1, [1], [[1, 2], [3, 4]])]  # fmt: skip

FORMS = [
    Form("Constant", {}, {"value": TENSORS[1]},
         changes=[*({"value": tensor} for tensor in TENSORS), {"value": None, "value_float": 1.5},
             {"value": None, "value_int": 3}, {"value": None, "value_floats": [1.5, 2.5]},
             {"value": None, "value_ints": [1, 2]},
                  {"value": numpy_helper.from_array(np.zeros(0, np.float32))},
                  {"value": numpy_helper.from_array(np.zeros(0, np.int64))}]),
]  # fmt: skip
