"""Fourier transforms as products and convolutions, against NumPy's transforms in float64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import ModelProto

from graphfix.rewriting.registry import registry
from graphfix.verify.runtime import session

Array = npt.NDArray[np.floating]


def rewritten(name: str, text: str) -> ModelProto:
    model = registry()[name].apply(onnx.parser.parse_model(text)).model
    assert model is not None
    assert not {node.op_type for node in model.graph.node} & {"DFT", "STFT"}
    return model


def run(model: ModelProto, x: Array) -> Array:
    with session(model) as loaded:
        made: Array = loaded.run(None, {"x": x})[0]
    return made


def pairs(values: npt.NDArray[np.complexfloating]) -> Array:
    return np.stack([values.real, values.imag], -1)


def assert_close(got: Array, wanted: Array) -> None:
    assert got.shape == wanted.shape
    assert np.abs(got - wanted).max() <= 2e-6 * np.abs(wanted).max()


@pytest.mark.parametrize("given", [1001, 900])
def test_a_long_inverse_of_a_real_signal_takes_two_products_and_fills_up_bins(given: int) -> None:
    model = rewritten(
        "dft-by-matmul",
        f"""<ir_version: 8, opset_import: ["" : 20]> g (float[3, {given}, 2] x) => (float[3, 2000, 1] y) <int64 n = {{2000}}> {{
             y = DFT<inverse = 1, onesided = 1>(x, n) }}""",
    )
    assert [node.op_type for node in model.graph.node].count("MatMul") == 3
    assert sum(np.prod(tensor.dims) for tensor in model.graph.initializer) < 50_000
    x = np.random.default_rng(0).standard_normal((3, given, 2)).astype(np.float32)
    assert_close(run(model, x), np.fft.irfft(x[..., 0] + 1j * x[..., 1], 2000)[..., None])


@pytest.mark.parametrize(("length", "given"), [(4096, 4096), (3000, 2500), (2025, 2100)])
def test_a_long_transform_of_any_leading_dims_takes_two_products(length: int, given: int) -> None:
    model = rewritten(
        "dft-by-matmul",
        f"""<ir_version: 8, opset_import: ["" : 20]> g (float[A, B, {given}, 2] x) => (float[A, B, {length}, 2] y)
           <int64 n = {{{length}}}> {{ y = DFT(x, n) }}""",
    )
    x = np.random.default_rng(0).standard_normal((2, 3, given, 2)).astype(np.float32)
    assert_close(run(model, x), pairs(np.fft.fft(x[..., 0] + 1j * x[..., 1], length)))


@pytest.mark.parametrize(("length", "step"), [(400, 160), (2048, 512), (2048, 600), (4096, 1024)])
@pytest.mark.parametrize("signal", [8192, 8333])
def test_frames_of_a_signal_of_any_length(length: int, step: int, signal: int) -> None:
    model = rewritten(
        "stft-by-conv",
        f"""<ir_version: 8, opset_import: ["" : 17]> g (float[B, L, 1] x) => (float[B, F, {length // 2 + 1}, 2] y)
           <int64 n = {{{length}}}, int64 s = {{{step}}}> {{
             w = HannWindow(n)
             y = STFT(x, s, w, n) }}""",
    )
    assert sum(np.prod(tensor.dims) for tensor in model.graph.initializer) <= 1 << 22
    x = np.random.default_rng(0).standard_normal((2, signal, 1)).astype(np.float32)
    starts = range(0, signal - length + 1, step)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    frames = np.stack([x[:, start : start + length, 0] for start in starts], 1) * window
    assert_close(run(model, x), pairs(np.fft.rfft(frames)))
