"""Whether a model computes every row of its inputs on its own: then a batch gives what its rows give one after the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from onnx import ModelProto

from graphfix.ir.bind_inputs import Dims, interface
from graphfix.verify.compare import Tolerance, compare
from graphfix.verify.feeds import Feed, seeded_feeds
from graphfix.verify.runtime import beyond_memory, running

ROWS = 3
SEEDS = 2
CLOSE = Tolerance(ulps=1024)
"""Products of matrices with more rows may add up in another order."""


def has_independent_rows(model: ModelProto, batched: Collection[str]) -> bool:
    """Whether a batch of the inputs `batched`, by their first dim, gives the outputs of its rows, in their order.

    Found out in onnxruntime on seeded inputs; False where the model does not run on them.
    """
    if beyond_memory(model):
        return False
    shapes: dict[str, Dims] = {
        info.name: [ROWS, *(dim.dim_value for dim in info.type.tensor_type.shape.dim[1:])]
        for info in interface(model) if info.name in batched
    }  # fmt: skip
    try:
        with running(model) as session:
            names = [output.name for output in session.get_outputs()]
            return all(_agrees(session, names, batched, _feed(model, shapes, seed)) for seed in range(SEEDS))
    except Exception:  # onnxruntime has exceptions of its own
        return False


def _feed(model: ModelProto, shapes: Mapping[str, Dims], seed: int) -> Feed:
    feed = seeded_feeds(model, shapes, {}, (ROWS, ROWS), seed)
    if feed is None:
        raise TypeError("an input is not a tensor")
    return feed


def _agrees(session: Any, names: list[str], batched: Collection[str], feed: Feed) -> bool:
    """Whether the outputs on a feed are those of its rows, one after the other."""
    whole = session.run(None, feed)
    rows = [
        session.run(None, {name: array[at : at + 1] if name in batched else array for name, array in feed.items()})
        for at in range(ROWS)
    ]
    return all(
        np.ndim(together) > 0 and compare(name, together, np.concatenate(parts), CLOSE).reason is None
        for name, together, *parts in zip(names, whole, *rows, strict=True)
    )
