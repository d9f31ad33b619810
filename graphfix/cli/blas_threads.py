"""The import of onnx and numpy by commands that do no linear algebra: BLAS then starts a single thread."""

from __future__ import annotations

import importlib
import os

BLAS_THREADS = "OPENBLAS_NUM_THREADS"


def import_onnx() -> None:
    """Import what of onnx reading a model needs, and numpy with one thread of BLAS: idle ones cost much of a short run's time.

    The environment is restored, so that processes started later are not affected.
    """
    given = BLAS_THREADS in os.environ
    os.environ.setdefault(BLAS_THREADS, "1")
    try:
        importlib.import_module("graphfix.ir.lean_onnx").import_onnx()
    finally:
        if not given:
            os.environ.pop(BLAS_THREADS, None)
