"""Decoders with caches of a fixed number of rows, against the same decoders whose caches grow, over several steps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, numpy_helper

import graphfix
from graphfix.errors import UsageError
from graphfix.linter.diagnostics import Result
from graphfix.rewrites.interface import fixed_length
from graphfix.rewrites.interface.requests import requested_interface
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.pipeline import FixResult, fix_model
from graphfix.verify.runtime import session

ROWS = 20
DECODER = """<ir_version: 8, opset_import: ["" : 17]>
    g (int64[1, S] ids, int64[1, T] mask, float[1, 2, P, 3] pk, float[1, 2, P, 3] pv)
    => (float[1, S, 6] y, float[1, 2, Q, 3] k, float[1, 2, Q, 3] v)
    <int64 zero = {0}, int64 one = {1}, int64 two = {2}, int64[1] ahead = {1}, int64[2] inner = {1, 2}, float lowest = {-10000},
     float unit = {1}, int64[4] apart = {1, -1, 2, 3}, int64[3] flat = {1, -1, 6}> {
      e = Gather(table, ids)
      length = Shape(pk)
      p = Gather(length, two)
      given = Shape(ids)
      s = Gather(given, one)
      t = Add(p, s)
      places = Range(p, t, one)
      angle = Gather(positions, places)
      h = Add(e, angle)
      hq = MatMul(h, wq)  rq = Reshape(hq, apart)  q = Transpose<perm = [0, 2, 1, 3]>(rq)
      hk = MatMul(h, wk)  rk = Reshape(hk, apart)  nk = Transpose<perm = [0, 2, 1, 3]>(rk)
      hv = MatMul(h, wv)  rv = Reshape(hv, apart)  nv = Transpose<perm = [0, 2, 1, 3]>(rv)
      k = Concat<axis = 2>(pk, nk)
      v = Concat<axis = -2>(pv, nv)
      kt = Transpose<perm = [0, 1, 3, 2]>(k)
      w = MatMul(q, kt)
      all = Range(zero, t, one)
      row = Unsqueeze(places, ahead)
      later = Greater(all, row)
      w1 = Where(later, lowest, w)
      seen = Cast<to = 1>(mask)
      unseen = Sub(unit, seen)
      far = Mul(unseen, lowest)
      far4 = Unsqueeze(far, inner)
      w2 = Add(w1, far4)
      a = Softmax<axis = -1>(w2)
      o = MatMul(a, v)
      back = Transpose<perm = [0, 2, 1, 3]>(o)
      y = Reshape(back, flat) }"""


def decoder(text: str = DECODER) -> ModelProto:
    model, draw = onnx.parser.parse_model(text), np.random.default_rng(0)
    for name, shape in {"table": (9, 6), "positions": (32, 6), "wq": (6, 6), "wk": (6, 6), "wv": (6, 6)}.items():
        model.graph.initializer.append(numpy_helper.from_array(draw.standard_normal(shape).astype(np.float32), name))
    return model


def static(model: ModelProto, steps: int = 1, rows: int = ROWS, **shapes: Any) -> FixResult:
    return fix_model(
        model, lambda _: [Result("", "demo", "1")],
        FixOptions(interface=requested_interface(model, static_cache=rows), shapes={"ids": [1, steps], **shapes}),
    )  # fmt: skip


def decode(model: ModelProto, ids: str, steps: int, count: int, *, rows: int = 0) -> list[np.ndarray[Any, Any]]:
    """The outputs of several steps, each on the caches that the step before gave; `rows` are those of fixed caches."""
    draw, made, length = np.random.default_rng(1), [], 0
    with session(model) as loaded:
        given = {info.name: info for info in loaded.get_inputs()}
        mask = next(name for name in given if "mask" in name)
        past = [name for name in given if name not in (ids, mask, "cache_position")]
        caches = {
            name: np.full((1, given[name].shape[1], rows, given[name].shape[3]), 7, np.float32) for name in past
        }  # what a cache holds beyond its rows is nobody's business
        for _ in range(count):
            seen = np.zeros((1, rows or length + steps), np.int64)
            seen[:, 1 if length else 0 : length + steps] = 1  # the first token is padding for all but itself
            feed: dict[str, Any] = {ids: draw.integers(0, 9, (1, steps)), mask: seen, **caches}
            if rows:
                feed["cache_position"] = np.asarray([length], np.int64)
            first, *rest = loaded.run(None, feed)
            made.append(first)
            caches = dict(zip(past, rest, strict=True))
            length += steps
    return made


def assert_same_steps(before: ModelProto, after: ModelProto, ids: str, steps: int, rows: int) -> None:
    was, now = decode(before, ids, steps, 5), decode(after, ids, steps, 5, rows=rows)
    for old, new in zip(was, now, strict=True):
        np.testing.assert_allclose(new, old, rtol=0, atol=1e-6 * np.abs(old).max())
    assert np.abs(was[-1] - was[-2]).max() > 1e-3


@pytest.mark.parametrize("steps", [1, 3])
def test_the_same_tokens_come_out_with_caches_that_do_not_grow(steps: int) -> None:
    model = decoder()
    result = static(model, steps)
    assert result.verification.passed
    dims = {info.name: [dim.dim_value for dim in info.type.tensor_type.shape.dim] for info in result.model.graph.input}
    assert dims == {"ids": [1, steps], "mask": [1, ROWS], "pk": [1, 2, ROWS, 3], "pv": [1, 2, ROWS, 3], "cache_position": [1]}
    assert [dim.dim_value for dim in result.model.graph.output[1].type.tensor_type.shape.dim] == [1, 2, ROWS, 3]
    assert not {"Shape", "Range", "ScatterND", "Concat"} & {node.op_type for node in result.model.graph.node}
    assert_same_steps(model, result.model, "ids", steps, ROWS)


def test_rows_that_are_not_masked_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    unmasked = DECODER.replace("later = Greater(all, row)", "never = Less(all, zero)  later = And(never, never)")
    unmasked = unmasked.replace("far4 = Unsqueeze(far, inner)", "none = Sub(far, far)  far4 = Unsqueeze(none, inner)")
    assert static(decoder(unmasked)).verification.passed
    monkeypatch.setattr(fixed_length, "NEUTRAL", {})
    with pytest.raises(UsageError, match="computes something else"):
        static(decoder(unmasked))


@pytest.mark.parametrize(
    ("change", "shapes", "rows", "says"),
    [
        (("1, S] ids", "B, S] ids"), {"ids": ["B", 1]}, ROWS, "needs sizes: --shape ids=Bx1 with a number for B"),
        (("", ""), {}, 3, "3 rows are too few for 1 new at a step"),
        (("o = MatMul(a, v)", "r = Relu(pv)  o = MatMul(a, v)"), {}, ROWS, "the cache `pv` is read by `Relu`"),
        (("a = Softmax<axis = -1>(w2)", "a0 = Softmax<axis = -1>(w2)  a, i = TopK(a0, size)"), {}, ROWS, "`TopK` follows"),
        (("float[1, 2, Q, 3] v)", "float[1, 2, Q, 3] v, float[1, 2, S, T] a)"), {}, ROWS, "the output `a` has a row for each"),
    ],
)  # fmt: skip
def test_what_cannot_be_fixed_is_said(change: tuple[str, str], shapes: dict[str, Any], rows: int, says: str) -> None:
    if "TopK" in change[1]:
        change = change[0], change[1].replace("size)", "last)").replace("a0 =", "last = Slice(given, ahead, inner, zero1)  a0 =")
    text = DECODER.replace(*change) if change[0] else DECODER
    text = text.replace("int64 zero = {0},", "int64 zero = {0}, int64[1] zero1 = {0},")
    with pytest.raises(UsageError, match=says.replace("[", "\\[")):
        static(decoder(text), rows=rows, **shapes)


def test_a_request_without_rows_is_refused() -> None:
    with pytest.raises(UsageError, match="0 is no number of rows"):
        requested_interface(decoder(), static_cache=0)


@pytest.mark.framework
@pytest.mark.parametrize("exporter", ["script", "dynamo"])
@pytest.mark.parametrize("name", ["rotary", "shared", "table"])
def test_exported_decoders_give_the_same_tokens_and_suit_every_target(name: str, exporter: str, tmp_path: Path) -> None:
    path, program = tmp_path / "decoder.onnx", Path(__file__).parent / "torch_decoders.py"
    subprocess.run([sys.executable, str(program), name, exporter, str(path)], check=True, capture_output=True, timeout=300)
    asked = requested_interface(onnx.load(path), static_cache=ROWS)
    targets = ["coreml", "tflite", "tensorrt", "openvino", "tract"]
    fixed = graphfix.fix(path, targets, reforms=asked, shapes={"input_ids": "1x1"}, confirm=False)
    assert {result.verdict for result in fixed.report.results} == {"accepted"}
    assert_same_steps(onnx.load(path), fixed.model, "input_ids", 1, ROWS)
