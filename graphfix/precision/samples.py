"""The inputs of a measurement: the user's arrays, one sample or several, or seeded ones that the model runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto

from graphfix.errors import ModelError, UsageError
from graphfix.ir.bind_inputs import Dims, interface
from graphfix.verify.feeds import Feed, given_feeds
from graphfix.verify.reference_run import run_reference

SEEDED = 3
"""Seeded inputs that are drawn: one of usual magnitudes as the reference run has it, and others beside it."""


def input_samples(model: ModelProto, data: Mapping[str, Any] | None, shapes: Mapping[str, Dims]) -> list[Feed]:
    """Return inputs on which the model runs; ModelError where it runs on none, UsageError for data without a sample or with NaN.

    Arrays with one dim more than their input, or with more rows than a batch of fixed size, hold several samples.
    """
    if data is not None:
        feeds = [feed for sample in _split(model, data) for feed in given_feeds(model, sample, {})]
        for name, array in (pair for feed in feeds for pair in feed.items()):
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise UsageError(
                    f"the data for `{name}` holds NaN or infinite values", hint="no errors can be computed from them"
                )
            if not array.size:
                raise UsageError(f"the data for `{name}` holds no numbers")
        return feeds
    found = run_reference(model, shapes)
    if found.trouble or not found.feed:
        raise ModelError(f"onnxruntime does not run it: {found.trouble or 'no input was found on which it runs'}",
                         hint="give inputs with --data FILE.npz")  # fmt: skip
    random = np.random.default_rng(5)
    feeds = [dict(found.feed)]
    for _ in range(SEEDED - 1):
        feeds.append(
            {
                name: np.asarray(random.standard_normal(array.shape)).astype(array.dtype) if array.dtype.kind == "f" else array
                for name, array in found.feed.items()
            }
        )
    return feeds


def _split(model: ModelProto, data: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the samples that arrays hold."""
    stated = {info.name: info.type.tensor_type.shape.dim for info in interface(model)}
    ranks = {name: len(dims) for name, dims in stated.items()}
    batch = {name: max(0, dims[0].dim_value) for name, dims in stated.items() if dims}  # -1 is a dynamic dim, too
    if not data or any(name not in ranks for name in data):
        return [data]
    arrays = {name: np.asarray(array) for name, array in data.items()}
    counts = {array.shape[0] for array in arrays.values() if array.ndim}
    if all(array.ndim == ranks[name] + 1 for name, array in arrays.items()):
        if len(counts) != 1:
            raise UsageError(f"the arrays hold different numbers of samples: {sorted(counts)}")
        return [{name: array[at] for name, array in arrays.items()} for at in range(counts.pop())]
    rows = {batch.get(name, 0) for name in arrays}
    if len(rows) == len(counts) == 1 and (size := rows.pop()) and (count := counts.pop()) > size and count % size == 0:
        return [{name: array[at : at + size] for name, array in arrays.items()} for at in range(0, count, size)]
    return [data]
