"""Models as verification runs them in onnxruntime: transforms in double precision, indices in int64."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from graphfix.verify.runtime import session
from graphfix.verify.wide_operands import with_wide_operands


@pytest.mark.parametrize("dtype", ["float16", "float", "double"])
def test_a_transform_of_any_length_is_exact_to_a_few_roundings(dtype: str) -> None:
    model = onnx.parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : 17]> g ({dtype}[1, 1000, 1] x) => ({dtype}[1, 1000, 2] y) {{
             y = DFT<axis = 1>(x) }}"""
    )
    x = np.random.default_rng(0).standard_normal((1, 1000, 1)).astype({"float": "float32", "double": "float64"}.get(dtype, dtype))
    with session(model) as loaded:
        got = loaded.run(None, {"x": x})[0]
    bins = np.fft.fft(x[0, :, 0].astype(np.float64))
    wanted = np.stack([bins.real, bins.imag], -1)
    assert got.dtype == x.dtype
    assert np.abs(got[0] - wanted).max() <= max(2 * np.finfo(x.dtype).eps, 1e-11) * np.abs(wanted).max()


def test_a_short_time_transform_within_a_branch_is_widened_and_its_window_too() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17]> g (bool p, float[1, 40, 1] x) => (float[1, 5, 11, 2] y)
           <float[20] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, int64 s = {5}> {
             y = If (p) <
               then_branch = t () => (float[1, 5, 11, 2] a) { a = STFT(x, s, w) },
               else_branch = e () => (float[1, 5, 11, 2] b) { z = STFT(x, s, w)  b = Neg(z) }> }"""
    )
    wide = with_wide_operands(model)
    inner = [node.op_type for item in wide.graph.node[0].attribute for node in item.g.node]
    assert inner == ["Cast", "Cast", "STFT", "CastLike", "Cast", "Cast", "STFT", "CastLike", "Neg"]
    assert [node.op_type for item in model.graph.node[0].attribute for node in item.g.node] == ["STFT", "STFT", "Neg"]
    feed = {"x": np.random.default_rng(0).standard_normal((1, 40, 1)).astype(np.float32)}
    with session(model) as loaded:
        then, otherwise = (loaded.run(None, {"p": np.asarray(p), **feed})[0] for p in (True, False))
    assert np.array_equal(then, -otherwise)


def test_a_model_without_transforms_is_not_copied() -> None:
    model = onnx.parser.parse_model('<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) { y = Relu(x) }')
    assert with_wide_operands(model) is model


def test_indices_that_onnx_does_not_allow_are_widened() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17]> g (float[4] x, int32[2, 1] j) => (float[2] y, float[2] z)
           <int32[2, 1] i = {3, 0}> { y = GatherND(x, i)  z = GatherND(x, j) }"""
    )
    with session(model) as loaded:
        y, z = loaded.run(None, {"x": np.arange(4, dtype=np.float32), "j": np.asarray([[1], [2]], np.int32)})
    assert [y.tolist(), z.tolist()] == [[3, 0], [1, 2]]
    assert [node.op_type for node in model.graph.node] == ["GatherND", "GatherND"]


def test_indices_made_of_narrow_ones_are_widened() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17]> g (float[6] x, float[4] u) => (float[6] y)
           <int32[6] range = {0, 1, 2, 3, 4, 5}, int64[2, 2] places = {0, 1, 1, 2}, int64[1] flat = {-1}, int64[1] last = {-1}> {
             picked = Gather(range, places)
             row = Reshape(picked, flat)
             i = Unsqueeze(row, last)
             y = ScatterND<reduction = "add">(x, i, u) }"""
    )
    with session(model) as loaded:
        y = loaded.run(None, {"x": np.zeros(6, np.float32), "u": np.asarray([1, 2, 3, 4], np.float32)})[0]
    assert y.tolist() == [1, 5, 4, 0, 0, 0]
