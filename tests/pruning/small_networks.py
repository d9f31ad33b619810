"""Small networks with weights of our own, in which tests plant what is dead."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, numpy_helper

from graphfix.pruning.prune import Pruned, PruneOptions, prune_model
from graphfix.verify.sample_runs import seeded_samples

Weights = dict[str, Any]


def network(text: str, weights: Weights, opset: int = 17) -> ModelProto:
    """Return the model of a graph in ONNX text, with these arrays as weights."""
    model = onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["": {opset}]>\n{text}')
    for name, value in weights.items():
        array = np.asarray(value)
        model.graph.initializer.append(
            numpy_helper.from_array(array.astype(np.float32) if array.dtype == np.float64 else array, name)
        )
    onnx.checker.check_model(model, full_check=True)
    return model


def weights(seed: int = 0, **shapes: tuple[int, ...]) -> Weights:
    """Return arrays of these shapes by name, without a 0 among them."""
    random = np.random.default_rng(seed)
    return {name: random.standard_normal(shape) + np.sign(random.standard_normal(shape)) for name, shape in shapes.items()}


def shapes(model: ModelProto) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a model's weights by name."""
    return {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}


def pruned(model: ModelProto) -> Pruned:
    """The model without dead units; `prune_model` itself compares the outputs."""
    before = model.SerializeToString()
    found = prune_model(model, seeded_samples(model, {}, {}, 3), PruneOptions())
    assert model.SerializeToString() == before
    assert found.exact.relative <= 8 * np.finfo(np.float32).eps
    return found


def removed(model: ModelProto) -> dict[str, int]:
    """How many units were removed, by kind."""
    counts: dict[str, int] = {}
    for layer in pruned(model).layers:
        counts[layer.kind] = counts.get(layer.kind, 0) + layer.removed
    return counts
