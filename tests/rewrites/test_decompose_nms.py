"""decompose-nms keeps the boxes that onnxruntime keeps, in its order: chains of overlaps, equal scores, limits and batches."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import ModelProto

from graphfix.rewrites.indexing.decompose_nms import DecomposeNms

CASES = list(itertools.product((1, 2, 5, 2**63 - 1), (0.0, 0.3, 0.9), (0, 1)))


def suppression(dims: tuple[int, int, int], most: int, overlap: float, center: int, least: float | None) -> ModelProto:
    batch, classes, count = dims
    more = ", least" if least is not None else ""
    text = f"""<ir_version: 8, opset_import: ["" : 17]> g (float[{batch}, {count}, 4] b, float[{batch}, {classes}, {count}] s)
               => (int64[K, 3] y)
               <int64[1] most = {{{most}}}, float[1] overlap = {{{overlap}}}, float[1] least = {{{least or 0}}}> {{
                 y = NonMaxSuppression<center_point_box = {center}>(b, s, most, overlap{more}) }}"""
    return onnx.parser.parse_model(text)


def run(model: ModelProto, feed: Mapping[str, Any]) -> Any:
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, dict(feed))[0]


@pytest.mark.parametrize(("most", "overlap", "center"), CASES)
@pytest.mark.parametrize("dims", [(1, 1, 17), (2, 3, 8), (1, 2, 1)])
def test_the_same_boxes_are_kept_in_the_same_order(dims: tuple[int, int, int], most: int, overlap: float, center: int) -> None:
    random = np.random.default_rng([most % 97, int(overlap * 10), center, *dims])
    kept = 0
    for least in (None, 0.4):
        model = suppression(dims, most, overlap, center, least)
        made = DecomposeNms().apply(model).model
        assert made is not None
        for few in (False, True):
            boxes, scores = random.random((dims[0], dims[2], 4)) * 3, random.random(dims)
            if few:  # equal scores, equal boxes and boxes that touch
                boxes, scores = np.floor(boxes), np.floor(scores * 4) / 4
            feed = {"b": boxes.astype(np.float32), "s": scores.astype(np.float32)}
            before = run(model, feed)
            assert np.array_equal(before, run(made, feed))
            kept += len(before)
    assert kept


def test_a_long_chain_of_overlaps_is_followed_to_its_end() -> None:
    """Every box overlaps the next one only, so that each depends on all before it."""
    count = 40
    model = suppression((1, 1, count), 2**63 - 1, 0.2, 0, None)
    made = DecomposeNms().apply(model).model
    assert made is not None
    at = np.arange(count, dtype=np.float32) * 0.6
    boxes = np.stack([at * 0, at, at * 0 + 1, at + 1], axis=1)[None]
    feed = {"b": boxes, "s": np.linspace(1, 0, count, dtype=np.float32)[None, None]}
    assert run(model, feed)[:, 2].tolist() == list(range(0, count, 2))
    assert np.array_equal(run(made, feed), run(model, feed))
