"""What a rewrite makes of a model, the origins of the nodes it replaces handed on."""

from __future__ import annotations

from onnx import ModelProto

from graphfix.inheritance import inherit
from graphfix.rewrite import Key, Outcome, Rewrite


def rewritten(rewrite: Rewrite, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
    """What a rewrite makes of a model, whose new nodes have the origins of those that they stand for."""
    outcome = rewrite.apply(model, wanted)
    if outcome.model is not None and outcome.model is not model:
        inherit(model, outcome.model)
    return outcome
