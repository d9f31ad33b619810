"""Matrix products and related operators."""

from typing import Any

from graphfix.probe.form import Form, Tensor, aged, data, each, numbers, scalar, weight
from graphfix.probe.forms.quantisation import pointed

PRODUCTS = [
    ((4,), (4,)), ((4,), (4, 5)), ((3, 4), (4,)), ((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)),
    ((2, 3, 4), (1, 4, 5)), ((3, 4), (2, 4, 5)),
    ((2, 2, 3, 4), (2, 2, 4, 5)), ((2, 2, 3, 4), (4, 5)), ((1, 2, 3, 4), (2, 1, 4, 5)), ((2, 2, 3, 4), (1, 2, 4, 5)),
    ((2, 3, 4), (4,)), ((2, 2, 2, 3, 4), (2, 2, 2, 4, 5)), ((1, 4), (4, 5)), ((4, 4), (4, 4)),
    ((1, 3, 4), (2, 4, 5)), ((2, 4, 4), (2, 4, 4)), ((2, 2, 4, 4), (2, 2, 4, 4)), ((1, 1), (1, 4)), ((3, 1), (1, 4)),
]  # fmt: skip
GEMM = {"A": data(3, 4), "B": weight(5, 4), "C": weight(5)}
QUANT = {"A": data(3, 4, low=0, high=9), "B": weight(4, 5, low=0, high=9), "a_zero_point": scalar(3),
    "b_zero_point": scalar(2)}


def small(*shape: int, source: str = "runtime") -> Tensor:
    """Return an operand with small integers."""
    return Tensor(shape, source, low=0, high=9)


QUANTISED = [((3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((2, 3, 4), (4, 5)), ((2, 2, 3, 4), (2, 2, 4, 5)), ((4,), (4, 5)),
             ((3, 4), (4,)), ((4,), (4,)), ((2, 2, 3, 4), (4, 5)), ((2, 2, 2, 3, 4), (4, 5))]  # fmt: skip
ALONE = {"a_scale": scalar(0.1), "a_zero_point": scalar(3), "b_scale": scalar(0.2), "b_zero_point": scalar(2),
         "y_scale": scalar(0.5), "y_zero_point": scalar(4)}  # fmt: skip
ROWS = {"a_scale": numbers(0.1), "a_zero_point": numbers(3), "b_scale": numbers(0.2), "b_zero_point": numbers(2),
        "y_scale": numbers(0.5), "y_zero_point": numbers(4)}  # fmt: skip
EQUATIONS: list[tuple[Any, ...]] = [
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), ("ij,jk->ik", (3, 4), (4, 5)), ("bhid,bhjd->bhij", (2, 3, 4, 5), (2, 3, 6, 5)),
    ("bij->bji", (2, 3, 4)), ("i,j->ij", (4,), (5,)), ("bij->b", (2, 3, 4)), ("ii->i", (4, 4)), ("ij->ji", (3, 4)),
    ("...ij,jk->...ik", (2, 3, 4), (4, 5)), ("ij->j", (3, 4)), ("ij->", (3, 4)), ("ii", (4, 4)), ("ii->", (4, 4)), ("->", ()),
    ("...->...", (2, 3)), ("...ii->...i", (2, 4, 4)), ("bii->bi", (2, 4, 4)), ("i,i->", (4,), (4,)), ("i,i", (4,), (4,)),
    ("i,i->i", (4,), (4,)), ("ij,ij->ij", (3, 4), (3, 4)), ("ij,ij->i", (3, 4), (3, 4)), ("ij,ij->", (3, 4), (3, 4)),
    ("ij,j->i", (3, 4), (4,)), ("ij,kj->ik", (3, 4), (5, 4)), ("ij,jk", (3, 4), (4, 5)), ("ji,jk->ik", (4, 3), (4, 5)),
    ("ijk,kl->ijl", (2, 3, 4), (4, 5)), ("bhij,bhjd->bhid", (2, 3, 4, 6), (2, 3, 6, 5)), ("bid,bjd->bij", (2, 3, 4), (2, 5, 4)),
    ("bthd,bshd->bhts", (2, 4, 3, 5), (2, 6, 3, 5)), ("bhts,bshd->bthd", (2, 3, 4, 6), (2, 6, 3, 5)),
    ("abcd,cde->abe", (2, 3, 4, 5), (4, 5, 6)), ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)), ("i,j,k->ijk", (2,), (3,), (4,)),
    ("bij,bj->bi", (2, 3, 4), (2, 4)), (",ij->ij", (), (3, 4)), ("...ij,...jk->...ik", (2, 3, 4), (2, 4, 5)),
    ("...i,...i->...", (2, 3), (2, 3)), ("ij->ij", (3, 4)), ("abcd->dcba", (2, 3, 4, 5)), ("abcde->abc", (2, 3, 2, 4, 2)),
    ("bchw,bkhw->bckhw", (1, 2, 3, 4), (1, 5, 3, 4)), ("bchw,bkc->bkhw", (1, 2, 3, 4), (1, 5, 2)), ("iij->j", (3, 3, 4)),
    ("nctkv,kvw->nctw", (1, 2, 3, 2, 4), (2, 4, 4)), ("i->i", (4,)), ("i->", (4,)), ("ab,cd->abcd", (2, 3), (4, 5)),
]  # fmt: skip

FORMS = [
    Form("MatMul", {"A": data(3, 4), "B": weight(4, 5)},
         changes=[*({"A": data(*a), "B": data(*b), "B.from": source} for a, b in PRODUCTS
             for source in ("constant", "runtime")),
                  *({"A": data(*a), "B": data(*b), "B.from": source, "dims": dims} for a, b in PRODUCTS if len(a) > 1
                      for source in ("constant", "runtime") for dims in ("batch", "spatial", "sequence", "dynamic")),
                  *({"A": data(*a), "B": data(*b), "B.from": "folded", "dims": dims} for a, b in PRODUCTS[3:6]
                      for dims in ("static", "batch", "spatial", "sequence", "dynamic")),
                      *({"A": weight(*a), "B": data(*b)} for a, b in PRODUCTS[3:7]),
                  *({"A": data(*a), "B": data(*b), "T": dtype, "B.from": source, "dims": dims} for a, b in PRODUCTS[3:6]
                      for dtype in ("float16", "int32", "int64") for source in ("constant", "runtime")
                      for dims in ("static", "batch")),
                  *({"A": data(*a), "B": data(*b)} for a, b in (((0, 4), (4, 5)), ((3, 0), (0, 5)), ((3, 4), (4, 0)), ((0,),
                      (0,)),
                      ((2, 0, 4), (4, 5)), ((2, 2, 2, 2, 3, 4), (4, 5)), ((2, 2, 2, 2, 3, 4), (2, 2, 2, 2, 4, 5)),
                      ((2, 2, 2, 2, 2, 3, 4), (4, 5)), ((2, 2, 2, 2, 2, 3, 4), (2, 2, 2, 2, 2, 4, 5)), ((4,), (2, 4, 5)), ((4,),
                          (2, 2, 4, 5)),
                      ((2, 2, 3, 4), (4,)), ((2, 2, 2, 3, 4), (4,)), ((4,), (2, 2, 2, 4, 5)), ((1, 3, 4), (4, 5)), ((4, 5), (3,
                          5, 4)))),
                  *({"A": data(*a), "B": data(*b), "dims": dims} for a, b in (((4,), (4, 5)), ((3, 4), (4,)), ((2, 3, 4), (4,)),
                      ((4,), (2, 4, 5))) for dims in ("batch", "dynamic")),
                  *({"A": data(*a), "B": data(*b), f"{name}.dims": dims} for a, b in PRODUCTS[3:6] for name in ("A", "B")
                      for dims in ("batch", "dynamic")),
]),
    Form("Gemm", GEMM, {"transB": 1}, ranks=(),
         changes=[*({"transA": a, "transB": b, "A": data(*((4, 3) if a else (3, 4))), "B": Tensor((5, 4) if b else (4, 5),
             source),
               "C": c, "dims": dims} for a in (0, 1) for b in (0, 1) for source in ("constant", "runtime")
               for c in (None, weight(5), data(5), data(3, 5)) for dims in ("static", "dynamic")
               if dims == "static" or c is None or c.shape == (5,)),
             *({"transA": a, "transB": b, "A": data(*((4, 3) if a else (3, 4))), "B": Tensor((5, 4) if b else (4, 5), source),
               "C": c, name: 0.5} for a in (0, 1) for b in (0, 1) for source in ("constant", "runtime")
               for c in (weight(5), data(3, 5)) for name in ("alpha", "beta")),
             *({"transB": b, "B": Tensor((5, 4) if b else (4, 5), source), "C": given, "alpha": 0.25, "beta": 0.35}
               for b in (0, 1) for source in ("constant", "runtime") for given in (data(3, 5), data(5), data(1, 5), data(1),
               data(),
               data(3, 1), None)),
             *({"T": dtype, "transB": b, "B": Tensor((5, 4) if b else (4, 5), source), "C": c} for dtype in ("float16", "int32")
                 for b in (0, 1)
               for source in ("constant", "runtime") for c in (weight(5), None)),
             {"A": weight(3, 4), "B": data(5, 4), "C": weight(5)}, {"A": data(0, 4)}, {"A": data(3, 0), "B": data(5, 0)},
             {"C": None}, {"transB": 0, "B": weight(4, 5)}, {"transA": 1, "A": data(4, 3)},
             {"transA": 1, "transB": 0, "A": data(4, 3), "B": weight(4, 5)}, *each(alpha=[0.5], beta=[0.5]), {"C": weight(1)},
             {"C": weight(1, 5)}, {"C": weight(3, 5)},
                  {"C": scalar(0.5)}, {"C": weight(3, 1)}, {"A": data(1, 4), "dims": "batch"},
                  {"transB": 0, "B": weight(4, 5), "dims": "batch"}, {"transB": 0, "B": weight(4, 5), "dims": "dynamic"},
                  {"C": None, "dims": "batch"}, {"C": None, "dims": "dynamic"},
                  {"transB": 0, "B": weight(4, 5), "B.from": "runtime"}, {"B.from": "runtime", "C.from": "runtime"},
                  {"B.from": "folded", "dims": "batch"}, {"transB": 0, "B": weight(4, 5), "C": None},
                  *aged(7, 9, 11, changes=[*({"transB": 0, "B": Tensor((4, 5), source), "C": given, "dims": dims}
                      for source in ("constant", "runtime") for given in (weight(5), data(5)) for dims in ("static", "batch")),
                      {"transA": 1, "A": data(4, 3)}, {"dims": "batch"}, {"dims": "dynamic"}, {"alpha": 0.5}, {"beta": 0.5}])]),
    Form("MatMulInteger", QUANT, types={"T1": "uint8", "T2": "uint8"},
         changes=[{"a_zero_point": None, "b_zero_point": None}, {"b_zero_point": None}, {"a_zero_point": small()},
             {"a_zero_point": small(), "dims": "dynamic"}, {"a_zero_point": small(), "dims": "batch"},
                  {"T2": "int8"}, {"T1": "int8", "T2": "int8"}, {"A": small(2, 3, 4)},
                  {"A": small(2, 3, 4), "a_zero_point": small(), "dims": "dynamic"},
                  {"A": small(2, 3, 4), "a_zero_point": small(), "T2": "int8", "b_zero_point": numbers(0, 0, 0, 0, 0)},
                  {"b_zero_point": scalar(0)}, {"a_zero_point": scalar(0)},
                  *({"A": small(*a), "B": small(*b, source=source), "T1": left, "T2": right, "a_zero_point": first,
                     "b_zero_point": second, "dims": dims} for a, b in QUANTISED[:2] for source in ("constant", "runtime")
                         for left, right in (("uint8", "uint8"), ("int8", "int8"), ("uint8", "int8"))
                      for first, second in ((None, None), (scalar(3), scalar(2)), (numbers(3), numbers(2)))
                      for dims in ("static", "dynamic")),
                  *({"A": small(*a), "B": small(*b)} for a, b in QUANTISED),
                  *({"a_zero_point": first, "b_zero_point": second, "T1": kind, "T2": kind} for kind in ("uint8", "int8")
                      for first, second in ((numbers(1, 2, 3), scalar(2)), (numbers(3, 3, 3), numbers(1, 2, 3, 4, 5)),
                      (scalar(3), numbers(1, 2, 3, 4, 5)), (numbers(1), numbers(0)), (numbers(0), numbers(1)), (scalar(1),
                          scalar(1)),
                      (small(1), small(1)), (numbers(0), numbers(0)), (small(), small()), (numbers(0, 0, 0), numbers(0, 0, 0, 0,
                          0)))),
                  {"A": small(0, 4)}, {"a_zero_point": scalar(-1), "T1": "int8"},
                  *({name: given for name, given in change.items() if name} for point, size in (("a", 3), ("b", 5))
                    for variables in (("T1", "T2"), ("T2",)) if point == "b" or len(variables) > 1
                    for change in pointed(f"{point}_zero_point", "", size, *variables))]),
    Form("QLinearMatMul", {"a": small(3, 4), "a_scale": scalar(0.1), "a_zero_point": scalar(3),
        "b": small(4, 5, source="constant"), "b_scale": scalar(0.2), "b_zero_point": scalar(2), "y_scale": scalar(0.5),
        "y_zero_point": scalar(4)},
         types={"T1": "uint8", "T2": "uint8", "T3": "uint8"},
         changes=[{"T1": "int8", "T2": "int8", "T3": "int8"}, {"T2": "int8"}, {"a": small(2, 3, 4)},
                  *({"a": small(*a), "b": small(*b, source=source), "T1": left, "T2": right, "T3": left, "TS": scale, **points,
                     "dims": dims} for a, b in QUANTISED[:2] for source in ("constant", "runtime") for left, right in (("uint8",
                         "uint8"), ("int8", "int8"), ("uint8", "int8"))
                      for scale in ("float32", "float16") for points in (ALONE, ROWS) for dims in ("static", "dynamic")
                      if scale == "float32" or dims == "static"),
                  *({"a": small(*a), "b": small(*b)} for a, b in QUANTISED), {"a": small(0, 4)},
                  {"b_scale": numbers(0.1, 0.2, 0.3, 0.1, 0.2), "b_zero_point": numbers(0, 0, 0, 0, 0), "T2": "int8"},
                  {"a_scale": numbers(0.1, 0.2, 0.3), "a_zero_point": numbers(1, 2, 3)}, *({"TS": scale} for scale in ("float16",
                  "bfloat16")), {f"{name}.from": "runtime" for name in (*ALONE, "b")},
                  *(change for point, size in (("a", 3), ("b", 5), ("y", 0))
                    for change in pointed(f"{point}_zero_point", f"{point}_scale", size, "T1", "T2", "T3")),
                  *pointed("b_zero_point", "b_scale", 5, "T2"),
                  *({"a_zero_point": scalar(a), "b_zero_point": scalar(b), "y_zero_point": scalar(y), "T1": left, "T2": right,
                     "T3": left} for left, right, a, b, y in (("uint8", "int8", 128, 0, 128), ("uint8", "uint8", 0, 0, 0),
                     ("int8", "int8", 0, 0, 0), ("int8", "int8", -128, 0, -128), ("uint8", "int8", 0, 0, 0)))]),
    Form("Einsum", {"Inputs": [data(2, 3, 4), data(2, 4, 5)]}, {"equation": "bij,bjk->bik"}, empties=(), changes=[
        *({"Inputs": [data(*shape) for shape in shapes], "equation": equation, **more} for equation, *shapes in EQUATIONS
          for more in ({}, {"dims": "dynamic"}, {"T": "int64"})),
        *({"Inputs": [data(*shape) for shape in shapes], "equation": equation.replace(",", " , ").replace("->", " -> ")}
          for equation, *shapes in EQUATIONS),
        *({"Inputs": [data(*shapes[0]), *(weight(*shape) for shape in shapes[1:])], "equation": equation, "dims": dims}
          for equation, *shapes in EQUATIONS if len(shapes) > 1 for dims in ("static", "batch")),
        *({"Inputs": [weight(*shapes[0]), *(data(*shape) for shape in shapes[1:])], "equation": equation, "dims": dims}
          for equation, *shapes in EQUATIONS if len(shapes) > 1 for dims in ("static", "batch")),
        *({"Inputs": [data(*shapes[0]), *(Tensor(shape, source) for shape in shapes[1:])], "equation": equation, "dims": dims}
          for equation, *shapes in EQUATIONS[:4] if len(shapes) > 1 for source in ("folded", "fixed-shape", "shape")
          for dims in ("static", "dynamic"))]),
    Form("Det", {"X": data(2, 3, 3)}, changes=[{"X": data(3, 3)}, {"X": data(1, 1)}, {"X": data(2, 2)},
         *({"X": data(*shape), "dims": dims} for shape in ((3, 3), (2, 3, 3), (2, 2, 3, 3), (2, 1, 2, 3, 3))
           for dims in ("static", "dynamic"))]),
]  # fmt: skip
