"""Casts, Clip, and operators that return their input unchanged."""

from itertools import product

from graphfix.probe.form import COMMON, RARE, Change, Form, Tensor, data, each, numbers, scalar
from graphfix.probe.operands import CODES

RANKS = tuple(range(8))
DIMS = ("batch", "spatial", "sequence", "dynamic")
BOUNDS = {"input": data(2, 3, 4, 5), "min": scalar(-0.5), "max": scalar(0.5)}
BOUNDED = ("float32", "float16", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
BOUNDS_GIVEN: list[Change] = [
    {"min": scalar(1), "max": scalar(3)}, {"min": None, "max": scalar(3)}, {"min": scalar(1), "max": None},
    {"min": None, "max": None}, {"min": data(low=0, high=1), "max": data(low=2, high=3)},
    {"min": data(low=0, high=1), "max": None}, {"min": None, "max": data(low=2, high=3)},
]  # fmt: skip
LARGE = ("float32", "float16", "int64", "int32")
"""Dtypes that are cast to and from all others."""
EIGHTS = ("float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz")
PAIRS = [*product(COMMON, LARGE), *product(LARGE, COMMON), *product(("bool", "int32", "float64"), repeat=2), *product(LARGE,
    RARE), *product(RARE, LARGE), *product(("uint8",), RARE), *product(RARE, ("uint8",))]  # fmt: skip
ROUNDED: list[Change] = [{"round_mode": how} for how in ("up", "down", "nearest")]
SHAPES = ((), (4,), (2, 4), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 4, 2))

FORMS = [
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
                  {"min": scalar(-2), "max": scalar(0)}, {"min": scalar(1), "max": scalar(2)},
             *({**one, "T": t} for t in BOUNDED for one in BOUNDS_GIVEN),
             *({**one, "dims": dims} for one in BOUNDS_GIVEN for dims in ("batch", "dynamic")),
             *({**one, "rank": rank} for one in BOUNDS_GIVEN for rank in (0, 1, 2)),
             *({"min": scalar(low), "max": scalar(high)} for low, high in ((0, 0), (-2, 1), (-1, 0), (1, 1))),
             {"min": numbers(0), "max": None}, {"min": data(1), "max": data(1)},
             *({"input": given, "min": low, "max": Tensor((), source, (3,)), "T": dtype} for source in ("shape", "fixed-shape")
               for given in (data(2, 3, 4), data(4)) for low in (None, scalar(0)) for dtype in ("int64", "float32")),
             *({"min": Tensor((), source, (0,)), "max": None, "T": "int64"} for source in ("shape", "fixed-shape"))]),
    Form("Identity", {"input": data(2, 3, 4)}, ranks=RANKS, arithmetic={},
         changes=[{"input": data(2, 3, 4, 5), "dims": "dynamic"},
                  *({"since": since, "V": dtype} for since in (1, 13)
                      for dtype in (*COMMON, "string", "complex64", "complex128"))]),
    Form("Cast", {"input": data(2, 3, 4)}, {"to": 1}, ranks=RANKS, arithmetic={},
         changes=[*({"to": code, "T1": dtype} for code in (1, 7, 6, 9, 10, 11, 2, 3, 16)
             for dtype in ("float32", "int64", "int32", "bool", "float16", "float64", "uint8")),
                  *({"to": to, "arithmetic": "shape", "T1": "int64"} for to in (1, 6, 7)),
                  *({"to": to, "arithmetic": "folded", "T1": "int64"} for to in (1, 6, 7)),
                  *({"to": to, "T1": "int64", "rank": rank} for to in (1, 6, 7, 9) for rank in (0, 1)),
                  *({"to": to, "T1": "float32", "rank": rank} for to in (6, 7, 9) for rank in (0, 1)),
                  *({"to": to, "T1": dtype, "dims": dims} for to in (1, 6, 7, 9) for dtype in ("float32", "int64", "bool")
                      for dims in DIMS),
                  *({"to": to, "foldable": True, "T1": dtype} for to in (1, 6, 7, 9)
                      for dtype in ("float32", "int64", "bool", "int32")),
                  *({"to": CODES[to], "T1": dtype} for dtype, to in PAIRS),
                  *({"to": CODES[to], "T1": dtype, "saturate": 0} for to in EIGHTS
                      for dtype in ("float32", "float16", "float64", "bfloat16")),
                  *({"to": CODES["float8e8m0"], "T1": dtype, **how} for how in ROUNDED
                      for dtype in ("float32", "float16", "float64", "bfloat16")),
                  {"saturate": 0}, {"saturate": 0, "T1": "int64"},
                  *({"to": to, "T1": dtype, "empty": 0} for to in (1, 6, 7, 9) for dtype in ("float32", "int64", "bool")),
                  *({"to": to, "T1": dtype, "rank": rank, "dims": dims} for to, dtype in ((1, "int64"), (7, "float32"),
                      (1, "bool"), (9, "float32"), (6, "int64")) for rank in (1, 2, 4) for dims in ("batch", "dynamic")),
                  {"input": data(0, low=0, high=1), "to": 7}]),
    Form("CastLike", {"input": data(2, 3, 4), "target_type": scalar(1)},
         types={"T1": "int64"}, ranks=RANKS,
         changes=[*each(T2=["float32", "int64", "bool", "float16", "float64", "int32"]),
             *({"T1": "float32", "T2": dtype} for dtype in ("float32", "float16", "float64", "bfloat16", "int64", "bool")),
                  *({"input": scalar(1), "target_type": data(*shape), "T1": dtype} for shape in SHAPES
                      for dtype in ("float32", "int64")),
                  *({"target_type": data(*shape)} for shape in SHAPES), {"input": scalar(1)},
                  *({"input": scalar(1), "target_type": data(*shape), "target_type.dims": dims, "T1": dtype, "T2": like}
                      for shape in SHAPES[1:5] for dims in DIMS for dtype, like in (("float32", "float32"), ("int64", "float32"),
                      ("float32", "float16"))),
                  *({"target_type": data(*shape), "target_type.dims": dims} for shape in SHAPES[1:5] for dims in DIMS),
                  *({"target_type": data(*shape), "T1": dtype, "T2": like} for shape in ((0,), (0, 4), (2, 0, 4), (2, 3, 4))
                      for dtype, like in (("float32", "float32"), ("float32", "int64"), ("int64", "float32"))),
                  *({"input": scalar(1), "target_type": data(0), "T1": dtype, "T2": like}
                      for dtype, like in product(("float32", "int64", "float16", "float64"), repeat=2)),
                  *({"T1": dtype, "T2": to, "target_type": data(0)} for dtype, to in PAIRS
                      if {dtype, to} & {"float32", "float16"}),
                  *({"T1": dtype, "T2": to, "target_type": data(0), "saturate": 0} for to in EIGHTS
                      for dtype in ("float32", "float16")),
                  *({"T1": dtype, "T2": "float8e8m0", "target_type": data(0), **how} for how in ROUNDED
                      for dtype in ("float32", "float16")),
                  *({"target_type": weight, "T2": dtype} for weight in (scalar(0), numbers(1, 2), scalar(-1), numbers(0, 1))
                      for dtype in ("float32", "int64")),
                  *({"input": given, "T1": dtype} for given in (scalar(0), numbers(1, 2)) for dtype in ("float32", "int64")),
                  {"input": numbers(1, 2)}]),
]  # fmt: skip
