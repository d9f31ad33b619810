"""Runs of a model in onnxruntime on several inputs, given or seeded, to compare versions of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto

from graphfix.errors import ModelError
from graphfix.ir.bind_inputs import Dims
from graphfix.verify.feeds import Feed, seeded_feeds
from graphfix.verify.reference_run import run_reference
from graphfix.verify.runtime import brief, running

SEEDS = 4
"""The inputs that are drawn where none are given."""


def run_samples(model: ModelProto, feeds: Sequence[Feed]) -> list[list[Any]]:
    """Return the outputs of a model on every input."""
    with running(model) as loaded:
        return [list(loaded.run(None, feed)) for feed in feeds]


def seeded_samples(model: ModelProto, shapes: Mapping[str, Dims], values: Mapping[str, object], count: int = SEEDS) -> list[Feed]:
    """Return inputs that onnxruntime runs the model on, drawn at the sizes of the first that it runs on.

    Raises:
        ModelError: onnxruntime cannot run the model.
    """
    reference = run_reference(model, shapes, values)
    if not reference.feed:
        raise ModelError(f"onnxruntime does not run the model: {reference.trouble or 'it fails on all inputs that were tried'}")
    sizes: dict[str, Dims] = {name: list(array.shape) for name, array in reference.feed.items()}
    found = [reference.feed]
    for seed in range(1, 3 * count):
        feed = seeded_feeds(model, sizes, values, (1, 1), seed)
        if feed is None or len(found) >= count:
            break
        try:
            outputs = run_samples(model, [feed])[0]
        except Exception:  # onnxruntime has exceptions of its own; other values may be outside of what the model takes
            continue
        if all(not isinstance(one, np.ndarray) or one.dtype.kind not in "fc" or np.isfinite(one).all() for one in outputs):
            found.append(feed)
    return found


def check_samples(model: ModelProto, feeds: Sequence[Feed]) -> list[list[Any]]:
    """Return the outputs on inputs that the user gave; ModelError where onnxruntime does not run on one."""
    try:
        return run_samples(model, feeds)
    except Exception as error:
        raise ModelError(f"onnxruntime does not run the model on the data: {brief(error)}") from error
