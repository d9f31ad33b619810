"""Elementwise operators of one operand, and the Softmax family; casts and bounds are in casting.py."""

from graphfix.probe.form import Change, Form, Tensor, aged, data, each, scalar

RANKS = tuple(range(8))
SMOOTH = ("Relu", "Sigmoid", "Tanh", "Erf", "Exp", "Abs", "Ceil", "Floor", "Round", "Sign", "Neg", "Sin", "Cos", "Tan",
    "Atan",
          "Sinh", "Cosh", "Asinh", "Softplus", "Softsign", "HardSwish", "Mish", "Asin", "Acos", "Atanh")  # fmt: skip
POSITIVE = ("Sqrt", "Log", "Reciprocal", "Acosh")
NAMES = {"Sqrt": "X", "Reciprocal": "X", "Relu": "X", "Sigmoid": "X", "Abs": "X", "Ceil": "X", "Floor": "X", "Round": "X",
    "Neg": "X",
         "Softplus": "X", "HardSwish": "X", "Mish": "X"}  # fmt: skip
ARITHMETIC = {"Abs", "Neg", "Floor", "Ceil", "Sqrt", "Sign", "Round", "Relu"}
AXES: list[Change] = [*({"axis": axis, "rank": rank} for rank in (1, 2, 3, 4, 5) for axis in range(-rank, rank)),
                      *({"axis": axis, "rank": rank} for rank in (6, 7) for axis in (0, 1, 2, -1))]
SOFT: list[Change] = [*AXES, *({"axis": axis, "dims": dims} for axis in (1, 2, -1)
    for dims in ("batch", "spatial", "sequence", "dynamic")),
        *({"axis": axis, "dims": dims, "rank": rank} for rank in (1, 2, 4, 5) for axis in (-1, 0, 1) if axis < rank
            for dims in ("batch", "dynamic")), {"axis": None},
        *({"axis": axis, "T": dtype} for axis in (-1, 1) for dtype in ("float16", "float64", "bfloat16")),
        *aged(1, 11, changes=[*({"axis": axis, "rank": rank} for rank in (1, 2, 3, 4) for axis in (None, 0, 1, 2, 3, -1)
            if axis is None or axis < rank), *({"axis": axis, "rank": rank, "dims": dims} for rank in (2, 3, 4)
            for axis in (None, 1, -1) for dims in ("batch", "dynamic")), {"axis": 1, "T": "float16"}])]  # fmt: skip
"""Before version 13 data is flattened to two dims at the axis, which is 1 by default."""


def unary(op: str, low: float = -0.9, high: float = 0.9) -> Form:
    """Return the form of an operator without attributes."""
    name = NAMES.get(op, "input")
    return Form(op, {name: data(2, 3, 4, low=low, high=high)}, ranks=RANKS, arithmetic={} if op in ARITHMETIC else None,
                changes=[{name: data(1)}, {name: data(2, 3, 4, 5), "dims": "dynamic"},
                    {name: data(2, 3, 4, 5), "dims": "batch"},
                         {name: data(2, 4), "dims": "batch"}, {name: data(4), "dims": "dynamic"}])  # fmt: skip


def tunable(op: str, **options: object) -> Form:
    """Return the form of an operator with numeric attributes."""
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
    Form("Shrink", {"input": data(2, 3, 4)}, {"lambd": 0.3}, changes=each(bias=[0.2], lambd=[None]), ranks=RANKS),
    Form("Gelu", {"X": data(2, 3, 4)}, ranks=RANKS,
         changes=[*each(approximate=["tanh", "none"]), *({"approximate": "tanh", "dims": dims} for dims in ("batch", "dynamic")),
                  *({"approximate": "tanh", "rank": rank} for rank in (0, 1, 2, 4))]),
    Form("Softmax", {"input": data(2, 3, 4)}, {"axis": -1}, ranks=RANKS[1:], changes=SOFT),
    Form("LogSoftmax", {"input": data(2, 3, 4)}, {"axis": -1}, ranks=RANKS[1:], changes=[*SOFT,
        *({"axis": None, "rank": rank, "dims": dims} for rank in (1, 2, 3, 4) for dims in ("static", "batch", "dynamic"))]),
    Form("Hardmax", {"input": data(2, 3, 4)}, {"axis": -1}, ranks=RANKS[1:], changes=SOFT),
    Form("Not", {"X": data(2, 3, 4)}, types={"T": "bool"}, ranks=RANKS),
    Form("BitwiseNot", {"X": data(2, 3, 4)}, types={"T": "int32"}, ranks=RANKS, arithmetic={}),
    Form("IsNaN", {"X": data(2, 3, 4)}, ranks=RANKS),
    Form("IsInf", {"X": data(2, 3, 4)}, ranks=RANKS,
         changes=[*each(detect_negative=[0], detect_positive=[0]), {"detect_negative": 0, "detect_positive": 0}]),
    Form("Dropout", {"data": data(2, 3, 4)}, ranks=RANKS, changes=[{"ratio": scalar(0.3)}, {"outputs": ("output", "mask")},
         {"ratio": scalar(0.3), "training_mode": scalar(False)}, {"ratio": data(low=0, high=0.5)},
            {"ratio": scalar(0.0), "training_mode": scalar(True)},
            *({"ratio": scalar(ratio), "training_mode": scalar(mode)} for ratio in (0.0, 0.3, 1.0) for mode in (True, False)),
            *({"ratio": scalar(0.3), "T1": dtype} for dtype in ("float16", "float64", "bfloat16")),
            *({"ratio": scalar(0.3), "training_mode": Tensor((), source, (False,))} for source in ("folded", "shape", "runtime")),
            *({"ratio": Tensor((), source, (0.3,))} for source in ("folded", "shape")),
            *({"outputs": ("output", "mask"), "dims": dims} for dims in ("batch", "dynamic")),
            {"outputs": ("output", "mask"), "T": "float16"}, {"seed": 1},
            {"ratio": data(low=0, high=0), "training_mode": Tensor((), "runtime", (False,))}]),
]  # fmt: skip
