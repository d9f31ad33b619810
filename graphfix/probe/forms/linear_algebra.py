"""Matrix products and what belongs to them."""

from graphfix.probe.form import Form, Tensor, data, each, numbers, scalar, weight

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
    """Small whole numbers."""
    return Tensor(shape, source, low=0, high=9)



FORMS = [
    Form("MatMul", {"A": data(3, 4), "B": weight(4, 5)},
         changes=[*({"A": data(*a), "B": data(*b), "B.from": source} for a, b in PRODUCTS
             for source in ("constant", "runtime")),
                  *({"A": data(*a), "B": data(*b), "B.from": source, "dims": dims} for a, b in PRODUCTS if len(a) > 1
                      for source in ("constant", "runtime") for dims in ("batch", "spatial", "sequence", "dynamic")),
                  *({"A": data(*a), "B": data(*b), "B.from": "folded", "dims": dims} for a, b in PRODUCTS[3:6]
                      for dims in ("static", "batch", "spatial", "sequence", "dynamic")),
                      *({"A": weight(*a), "B": data(*b)} for a, b in PRODUCTS[3:7]),
]),
    Form("Gemm", GEMM, {"transB": 1},
         changes=[{"C": None}, {"transB": 0, "B": weight(4, 5)}, {"transA": 1, "A": data(4, 3)},
             {"transA": 1, "transB": 0, "A": data(4, 3), "B": weight(4, 5)}, *each(alpha=[0.5], beta=[0.5]), {"C": weight(1)},
             {"C": weight(1, 5)}, {"C": weight(3, 5)},
                  {"C": scalar(0.5)}, {"C": weight(3, 1)}, {"A": data(1, 4), "dims": "batch"},
                  {"transB": 0, "B": weight(4, 5), "dims": "batch"}, {"transB": 0, "B": weight(4, 5), "dims": "dynamic"},
                  {"C": None, "dims": "batch"}, {"C": None, "dims": "dynamic"},
                  {"transB": 0, "B": weight(4, 5), "B.from": "runtime"}, {"B.from": "runtime", "C.from": "runtime"},
                  {"B.from": "folded", "dims": "batch"}, {"transB": 0, "B": weight(4, 5), "C": None}]),
    Form("MatMulInteger", QUANT, types={"T1": "uint8", "T2": "uint8"},
         changes=[{"a_zero_point": None, "b_zero_point": None}, {"b_zero_point": None}, {"a_zero_point": small()},
             {"a_zero_point": small(), "dims": "dynamic"}, {"a_zero_point": small(), "dims": "batch"},
                  {"T2": "int8"}, {"T1": "int8", "T2": "int8"}, {"A": small(2, 3, 4)},
                  {"A": small(2, 3, 4), "a_zero_point": small(), "dims": "dynamic"},
                  {"A": small(2, 3, 4), "a_zero_point": small(), "T2": "int8", "b_zero_point": numbers(0, 0, 0, 0, 0)},
                  {"b_zero_point": scalar(0)}, {"a_zero_point": scalar(0)}]),
    Form("QLinearMatMul", {"a": small(3, 4), "a_scale": scalar(0.1), "a_zero_point": scalar(3),
        "b": small(4, 5, source="constant"), "b_scale": scalar(0.2), "b_zero_point": scalar(2), "y_scale": scalar(0.5),
        "y_zero_point": scalar(4)},
         types={"T1": "uint8", "T2": "uint8", "T3": "uint8"},
         changes=[{"T1": "int8", "T2": "int8", "T3": "int8"}, {"T2": "int8"}, {"a": small(2, 3, 4)}]),
    Form("Einsum", {"Inputs": [data(2, 3, 4), data(2, 4, 5)]}, {"equation": "bij,bjk->bik"},
         changes=[{"Inputs": [data(3, 4), data(4, 5)], "equation": "ij,jk->ik"},
             {"Inputs": [data(2, 3, 4, 5), data(2, 3, 6, 5)], "equation": "bhid,bhjd->bhij"},
             {"Inputs": [data(2, 3, 4)], "equation": "bij->bji"}, {"Inputs": [data(4), data(5)], "equation": "i,j->ij"},
                  {"Inputs": [data(2, 3, 4)], "equation": "bij->b"}, {"Inputs": [data(4, 4)], "equation": "ii->i"},
                  {"Inputs": [data(2, 3, 4), data(4, 5)], "equation": "...ij,jk->...ik"}]),
    Form("Det", {"X": data(2, 3, 3)}, changes=[{"X": data(3, 3)}]),
]  # fmt: skip
