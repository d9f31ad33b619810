"""Operators that compute each element by itself."""

from __future__ import annotations

from typing import Any

from graphfix.probe.aten.form import FLOATS, Change, DType, Form, Tensor, data, index, weight

RANKS = (0, 1, 2, 4, 5)
WHOLE = ("int64", "int32", "int8", "uint8", "bool")
X = data(2, 3, 4)
POSITIVE = data(2, 3, 4, low=0.5)
INSIDE = data(2, 3, 4, low=-0.9, high=0.9)

OF_ANY = {
    "abs": X,
    "neg": X,
    "sign": X,
    "relu": X,
    "exp": X,
    "sin": X,
    "cos": X,
    "tan": X,
    "sinh": X,
    "cosh": X,
    "tanh": X,
    "atan": X,
    "asinh": X,
    "erf": X,
    "expm1": X,
    "sigmoid": X,
    "isinf": X,
    "isnan": X,
    "logical_not": X,
    "ceil": X,
    "floor": X,
    "round": X,
    "trunc": X,
    "log": POSITIVE,
    "log10": POSITIVE,
    "log1p": POSITIVE,
    "log2": POSITIVE,
    "sqrt": POSITIVE,
    "rsqrt": POSITIVE,
    "reciprocal": POSITIVE,
    "acos": INSIDE,
    "asin": INSIDE,
    "atanh": INSIDE,
    "acosh": data(2, 3, 4, low=1.1, high=3.0),
}
OF_FLOATS = ("gelu", "elu", "leaky_relu", "hardtanh", "hardswish", "silu", "mish", "softplus", "hardsigmoid", "log_sigmoid")
CHANGES: dict[str, list[Change]] = {
    "gelu": [("tanh", {"approximate": "tanh"})],
    "elu": [("alpha", {"1": 0.5}), ("scale", {"2": 1.5}), ("input scale", {"3": 0.5})],
    "leaky_relu": [("slope", {"1": 0.2}), ("no slope", {"1": 0}), ("negative slope", {"1": -0.5})],
    "hardtanh": [("six", {"1": 0.0, "2": 6.0}), ("wide", {"1": -3.0, "2": 3.0})],
}
SCALARS: list[Change] = [
    ("whole", {"1": 2}),
    ("one", {"1": 1}),
    ("zero", {"1": 0}),
    ("half", {"1": 0.5}),
    ("negative", {"1": -3}),
    *((f"{name} and whole", {"dtype": name, "1": 7}) for name in WHOLE),
]


def _pair(other: Tensor) -> dict[str, Any]:
    return {"1": other}


BROADCAST: list[Change] = [
    ("number", {"1": 2.5}),
    ("scalar", _pair(data())),
    ("constant scalar", _pair(weight())),
    ("one", _pair(data(1))),
    ("row", _pair(data(4))),
    ("constant row", _pair(weight(4))),
    ("column", _pair(data(2, 1, 4))),
    ("both", {"0": data(1, 3, 4), "1": data(2, 1, 4)}),
    ("other dtype", _pair(data(2, 3, 4, dtype="int64"))),
    ("float other", _pair(data(2, 3, 4, dtype="float32"))),
    ("wide other", _pair(data(2, 3, 4, dtype="float64"))),
]
PROMOTED: list[Change] = [
    (f"{name} and {what}", {"dtype": name, "1": other})
    for name in WHOLE
    for what, other in (("number", 2.5), ("float", data(2, 3, 4, low=0.5, dtype="float32")))
]


def _binary(name: str, *, first: Tensor = X, other: Tensor = X, **more: Any) -> Form:
    changes = [*BROADCAST, *more.pop("changes", [])]
    return Form(f"aten.{name}", (first, other), ranks=RANKS, changes=changes, **more)


ALPHA: list[Change] = [
    ("alpha part", {"alpha": 0.25}),
    ("number first", {"0": 2.5}),
    ("alpha", {"alpha": 2}),
    ("alpha one", {"alpha": 1.0}),
]
MODES: list[Change] = [("trunc", {"rounding_mode": "trunc"}), ("no mode", {"rounding_mode": None})]
FORMS = [
    *(Form(f"aten.{name}.default", (one,), ranks=RANKS) for name, one in OF_ANY.items()),
    *(Form(f"aten.{name}.default", (X,), dtypes=FLOATS, ranks=RANKS, changes=CHANGES.get(name, [])) for name in OF_FLOATS),
    _binary("add.Tensor", changes=[*ALPHA, *PROMOTED]),
    _binary("sub.Tensor", changes=[*ALPHA, *PROMOTED]),
    _binary("mul.Tensor", changes=PROMOTED),
    _binary("div.Tensor", other=POSITIVE, changes=PROMOTED),
    _binary("div.Tensor_mode", other=data(2, 3, 4, low=1), named={"rounding_mode": "floor"}, changes=MODES),
    _binary("pow.Tensor_Tensor", first=POSITIVE),
    _binary("fmod.Tensor", other=data(2, 3, 4, low=1)),
    _binary("remainder.Tensor", other=data(2, 3, 4, low=1)),
    _binary("atan2.default"),
    *(_binary(f"{name}.default") for name in ("maximum", "minimum", "logical_and", "logical_or", "logical_xor")),
    *(_binary(f"{name}.Tensor") for name in ("eq", "ne", "ge", "gt", "le", "lt")),
    *(_binary(f"bitwise_{name}.Tensor", dtypes=WHOLE) for name in ("and", "or", "xor")),
    Form("aten.bitwise_not.default", (X,), dtypes=WHOLE, ranks=RANKS),
    *(Form(f"aten.{name}.Scalar", (X, 1.5), ranks=RANKS, changes=SCALARS) for name in ("add", "sub", "mul", "eq", "ne", "ge")),
    *(Form(f"aten.{name}.Scalar", (X, 1.5), ranks=RANKS, changes=SCALARS) for name in ("gt", "le", "lt")),
    *(
        Form(f"aten.{name}.Scalar", (X, 1.5), ranks=RANKS, changes=[one for one in SCALARS if one[0] != "zero"])
        for name in ("div", "fmod", "remainder")
    ),
    *(Form(f"aten.bitwise_{name}.Scalar", (X, 3), dtypes=WHOLE, ranks=RANKS) for name in ("and", "or", "xor")),
    Form(
        "aten.pow.Tensor_Scalar",
        (POSITIVE, 2),
        ranks=RANKS,
        changes=[*SCALARS, ("three", {"1": 3}), ("two point", {"1": 2.0}), ("inverse", {"1": -1}), ("part", {"1": 1.25})],
    ),
    Form("aten.pow.Scalar", (2, X), ranks=RANKS),
    Form(
        "aten.clamp.default",
        (X, -1.0, 1.0),
        ranks=RANKS,
        changes=[
            ("least", {"2": None}),
            ("most", {"1": None, "2": 1.0}),
            ("whole", {"1": -1, "2": 1}),
            ("zero", {"1": 0.0, "2": None}),
            ("six", {"1": 0.0, "2": 6.0}),
        ],
    ),
    Form("aten.clamp.Tensor", (X, weight(4, high=0.0), weight(4, low=0.1)), ranks=(1, 2), changes=[("least", {"2": None})]),
    Form(
        "aten.where.self",
        (data(2, 3, 4, dtype="bool"), X, X),
        ranks=(1, 2, 4),
        changes=[("scalar", {"2": weight()}), ("row", {"1": data(4)}), ("condition", {"0": data(4, dtype="bool")})],
    ),
    *(
        Form("aten._to_copy.default", (X,), {"dtype": DType(name)}, ranks=(0,), dims={"batch": (0,)}, empty=False)
        for name in ("float32", "int64", "int32", "bool", "float16", "float64", "uint8", "bfloat16")
    ),
    Form("aten.masked_fill.Scalar", (X, data(2, 3, 4, dtype="bool"), 0.5), ranks=(1, 2)),
    Form("aten.prelu.default", (data(2, 3, 4, 4), weight(3)), dtypes=FLOATS, changes=[("one", {"1": weight(1)})]),
    Form("aten.bucketize.Tensor", (X, weight(4)), dtypes=("float32",), changes=[("right", {"right": True})]),
    Form("aten.copysign.Tensor", (X, X), dtypes=("float32",)),
    Form("aten.gather.default", (X, 2, index(2, 3, 2, most=4)), changes=[("first", {"1": 0, "2": index(2, 3, 2, most=2)})]),
]
