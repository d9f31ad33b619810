"""One operand, number by number, and the soft maxima."""

from graphfix.probe.form import Change, Form, Tensor, data, each, numbers, scalar

RANKS = (0, 1, 2, 3, 4, 5)
SMOOTH = ("Relu", "Sigmoid", "Tanh", "Erf", "Exp", "Abs", "Ceil", "Floor", "Round", "Sign", "Neg", "Sin", "Cos", "Tan",
    "Atan",
          "Sinh", "Cosh", "Asinh", "Softplus", "Softsign", "HardSwish", "Mish", "Asin", "Acos", "Atanh")  # fmt: skip
POSITIVE = ("Sqrt", "Log", "Reciprocal", "Acosh")
NAMES = {"Sqrt": "X", "Reciprocal": "X", "Relu": "X", "Sigmoid": "X", "Abs": "X", "Ceil": "X", "Floor": "X", "Round": "X",
    "Neg": "X",
         "Softplus": "X", "HardSwish": "X", "Mish": "X"}  # fmt: skip
ARITHMETIC = {"Abs", "Neg", "Floor", "Ceil", "Sqrt", "Sign", "Round", "Relu"}
AXES: list[Change] = [{"axis": axis, "rank": rank} for rank in (1, 2, 3, 4, 5) for axis in range(-rank, rank)]
SOFT: list[Change] = [*AXES, *({"axis": axis, "dims": dims} for axis in (1, 2, -1)
    for dims in ("batch", "spatial", "sequence", "dynamic")),
        *({"axis": -1, "dims": "dynamic", "rank": rank} for rank in (2, 4)), {"axis": None}]  # fmt: skip
BOUNDS = {"input": data(2, 3, 4, 5), "min": scalar(-0.5), "max": scalar(0.5)}


def unary(op: str, low: float = -0.9, high: float = 0.9) -> Form:
    """An operator without attributes."""
    name = NAMES.get(op, "input")
    return Form(op, {name: data(2, 3, 4, low=low, high=high)}, ranks=RANKS, arithmetic={} if op in ARITHMETIC else None,
                changes=[{name: data(1)}, {name: data(2, 3, 4, 5), "dims": "dynamic"},
                    {name: data(2, 3, 4, 5), "dims": "batch"},
                         {name: data(2, 4), "dims": "batch"}, {name: data(4), "dims": "dynamic"}])  # fmt: skip


def tunable(op: str, **options: object) -> Form:
    """An operator with number attributes."""
    changes = [{k: v, **more} for k, v in options.items() for more in ({}, {"dims": "dynamic"}, {"dims": "batch"})]
    return Form(op, {"X": data(2, 3, 4)}, ranks=RANKS, changes=[*changes, options])


FORMS = [
    *(unary(op) for op in SMOOTH),
    *(unary(op, 1, 3) for op in POSITIVE),
    tunable("LeakyRelu", alpha=0.3),
    tunable("Elu", alpha=0.7),
    tunable("Selu", alpha=1.5, gamma=1.2),
    tunable("Celu", alpha=0.7),
    tunable("ThresholdedRelu", alpha=0.3),
    tunable("HardSigmoid", alpha=0.16666667, beta=0.4),
    tunable("Swish", alpha=0.7),
    Form("Shrink", {"input": data(2, 3, 4)}, {"lambd": 0.3}, changes=each(bias=[0.2], lambd=[None]), ranks=(1, 2, 4)),
    Form("Gelu", {"X": data(2, 3, 4)}, ranks=RANKS, changes=each(approximate=["tanh", "none"])),
    Form("Softmax", {"input": data(2, 3, 4)}, {"axis": -1}, ranks=(1, 2, 3, 4, 5), changes=SOFT),
    Form("LogSoftmax", {"input": data(2, 3, 4)}, {"axis": -1}, ranks=(1, 2, 3, 4, 5), changes=SOFT),
    Form("Hardmax", {"input": data(2, 3, 4)}, {"axis": -1}, ranks=(1, 2, 3, 4, 5), changes=SOFT[:14]),
    Form("Clip", BOUNDS, ranks=RANKS, arithmetic={"min": scalar(0), "max": scalar(9)},
         changes=[{"min": None}, {"max": None}, {"min": None, "max": None},
             *({"min": None, "max": None, "T": t} for t in ("int8", "int64", "int32", "float16", "float64")),
            *({**one, "T": t} for one in ({"min": None, "max": scalar(3)}, {"min": scalar(0), "max": None})
                for t in ("int8", "int64", "int32", "float16")), {"min": scalar(0), "max": scalar(6)},
                  {"min": scalar(0), "max": None}, {"min": scalar(1e-5), "max": None}, {"min": scalar(0), "max": scalar(1)},
                  {"min": None, "max": scalar(1)}, {"min": scalar(-1), "max": scalar(1)},
                  {"min": scalar(0), "max": scalar(6), "dims": "dynamic"},
                  {"min": scalar(0), "max": scalar(6), "dims": "batch"}, {"min": scalar(0), "max": scalar(3), "T": "int64"},
                  {"min": scalar(0), "max": scalar(3), "T": "int32"}, {"min": scalar(0), "max": None, "T": "int64"},
                  {"min": numbers(0), "max": numbers(1)}, {"min.from": "node", "max.from": "node"},
                  {"min": scalar(0), "max": scalar(3), "T": "int64", "dims": "batch"}, {"min": scalar(-2), "max": scalar(-1)},
                  {"min": scalar(-2), "max": scalar(0)}, {"min": scalar(1), "max": scalar(2)}]),
    Form("Not", {"X": data(2, 3, 4)}, types={"T": "bool"}, ranks=RANKS),
    Form("BitwiseNot", {"X": data(2, 3, 4)}, types={"T": "int32"}),
    Form("IsNaN", {"X": data(2, 3, 4)}, ranks=RANKS),
    Form("IsInf", {"X": data(2, 3, 4)}, changes=each(detect_negative=[0], detect_positive=[0]), ranks=RANKS),
    Form("Identity", {"input": data(2, 3, 4)}, ranks=(0, 1, 2, 3, 4, 5, 6), arithmetic={},
         changes=[{"input": data(2, 3, 4, 5), "dims": "dynamic"}, {"V": "int64"}, {"V": "string"}]),
    Form("Cast", {"input": data(2, 3, 4)}, {"to": 1}, ranks=RANKS, arithmetic={},
         changes=[*({"to": code, "T1": dtype} for code in (1, 7, 6, 9, 10, 11, 2, 3, 16)
             for dtype in ("float32", "int64", "int32", "bool", "float16", "float64", "uint8")),
                  *({"to": to, "arithmetic": "shape", "T1": "int64"} for to in (1, 6, 7)),
                  *({"to": to, "arithmetic": "folded", "T1": "int64"} for to in (1, 6, 7)),
                  *({"to": to, "T1": "int64", "rank": rank} for to in (1, 6, 7, 9) for rank in (0, 1)),
                  *({"to": to, "T1": "float32", "rank": rank} for to in (6, 7, 9) for rank in (0, 1)),
                  *({"to": to, "T1": dtype, "dims": dims} for to in (1, 6, 7, 9) for dtype in ("float32", "int64", "bool")
                      for dims in ("batch", "spatial", "sequence", "dynamic")),
                  *({"to": to, "foldable": True, "T1": dtype} for to in (1, 6, 7, 9)
                      for dtype in ("float32", "int64", "bool", "int32")),
                  *({"to": code} for code in (4, 5, 12, 13, 17, 18, 19, 20, 21, 22, 23)),
                  *({"to": 1, "T1": dtype} for dtype in ("float8e4m3fn", "float8e5m2", "int4", "uint4")),
                  {"input": data(0, low=0, high=1), "to": 7}]),
    Form("CastLike", {"input": data(2, 3, 4), "target_type": scalar(1)},
         types={"T1": "int64"}, ranks=RANKS,
         changes=[*each(T2=["float32", "int64", "bool", "float16", "float64", "int32"]),
             *({"T1": "float32", "T2": dtype} for dtype in ("float32", "float16", "float64", "bfloat16", "int64", "bool")),
                  *({"input": scalar(1), "target_type": data(*shape), "T1": dtype}
                      for shape in ((), (4,), (2, 4), (2, 3, 4), (2, 3, 4, 5)) for dtype in ("float32", "int64")),
                  *({"target_type": data(*shape)} for shape in ((), (4,), (2, 4), (2, 3, 4))), {"input": scalar(1)},
                  {"input": numbers(1, 2)}]),
    Form("Dropout", {"data": data(2, 3, 4)}, ranks=RANKS, changes=[{"ratio": scalar(0.3)}, {"outputs": ("output", "mask")},
         {"ratio": scalar(0.3), "training_mode": scalar(False)}, {"ratio": data(low=0, high=0.5)},
            {"ratio": scalar(0.0), "training_mode": scalar(True)},
            {"ratio": data(low=0, high=0), "training_mode": Tensor((), "runtime", (False,))}]),
]  # fmt: skip
