"""Operators that decomposition leaves and that are not in ExecuTorch's core set, or make numbers by chance."""

from __future__ import annotations

from typing import Any

from graphfix.probe.aten.form import DType, Form, data, index

X = data(4, 4)
SQUARE = data(3, 3)
COMPLEX = data(2, 3, 4, dtype="complex64")
LONE: dict[str, Any] = {"dtypes": ("float32", "float64"), "ranks": (3,)}
FORMS = [
    Form("aten._fft_r2c.default", (data(2, 8), [1], 0, True), dtypes=("float32",), changes=[("two-sided", {"3": False})]),
    Form("aten._fft_c2r.default", (data(2, 5, dtype="complex64"), [1], 2, 8), dtypes=("float32",)),
    Form("aten._fft_c2c.default", (data(2, 8, dtype="complex64"), [1], 0, True), dtypes=("float32",)),
    *(
        Form(f"aten.{name}.default", (SQUARE,), **LONE)
        for name in ("linalg_inv_ex", "linalg_cholesky_ex", "linalg_qr", "linalg_det")
    ),
    Form("aten._linalg_svd.default", (SQUARE,), **LONE),
    Form("aten._linalg_eigh.default", (SQUARE,), **LONE),
    *(Form(f"aten.{name}.default", (X,), **LONE) for name in ("lgamma", "digamma", "erfinv", "i0", "frac", "special_erfcx")),
    Form("aten.cummax.default", (X, 1), dtypes=("float32",)),
    Form("aten.logcumsumexp.default", (X, 1), dtypes=("float32",)),
    Form("aten.kthvalue.default", (X, 2), dtypes=("float32",)),
    Form("aten.median.dim", (X, 1), dtypes=("float32",)),
    Form("aten.mode.default", (X,), dtypes=("float32",)),
    Form("aten.unique_consecutive.default", (index(6, most=3),), dtypes=("float32",), dims={}, empty=False),
    Form("aten._unique2.default", (index(6, most=3),), dtypes=("float32",), dims={}, empty=False),
    Form("aten.bincount.default", (index(6, most=3),), dtypes=("float32",), dims={}, empty=False),
    Form("aten.histc.default", (X,), dtypes=("float32",)),
    Form("aten.searchsorted.Tensor", (data(4), X), dtypes=("float32",)),
    Form("aten.multinomial.default", (data(4, low=0.1), 2), dtypes=("float32",)),
    Form("aten.complex.default", (X, X), dtypes=("float32",)),
    Form("aten.view_as_real.default", (data(2, 4, dtype="complex64"),), dtypes=("float32",), dims={}, empty=False),
    Form("aten.view_as_complex.default", (data(2, 4, 2),), dtypes=("float32",), dims={}, empty=False),
    Form("aten.abs.default", (COMPLEX,), dtypes=("float32",), dims={}, empty=False),
    *(
        Form(
            f"aten.{name}.Tensor",
            (COMPLEX, COMPLEX),
            dtypes=("float32",),
            dims={},
            empty=False,
            changes=[("number", {"1": 2.5}), ("real other", {"1": data(2, 3, 4)}), ("real first", {"0": data(2, 3, 4)})],
        )
        for name in ("add", "sub", "mul", "div")
    ),
    Form("aten.masked_select.default", (X, data(4, 4, dtype="bool")), dtypes=("float32",)),
    Form("aten._local_scalar_dense.default", (data(),), dtypes=("float32",), dims={}, empty=False),
    Form("aten.nan_to_num.default", (X,), dtypes=("float32",)),
    Form("aten.take.default", (X, index(3, most=9)), dtypes=("float32",)),
    Form("aten.bernoulli.default", (data(4, low=0, high=1),), dtypes=("float32",)),
    Form("aten.arange.start_step", (0, 4, 1), {"dtype": DType("float32")}, dtypes=("float32",), dims={}, empty=False),
    Form("aten._ctc_loss.default", (data(5, 1, 4), index(1, 2, most=3), [5], [2]), dtypes=("float32",), dims={}, empty=False),
]
