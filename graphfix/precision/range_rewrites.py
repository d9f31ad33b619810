"""Applying the rewrites that keep a model inside a narrow range of numbers."""

from __future__ import annotations

from collections.abc import Collection

from onnx import ModelProto

from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Key, Rewrite, apply_with_locations

PACKAGE = "graphfix.rewrites.precision."
BESIDE = ("sum-over-size-to-mean",)
"""Rewrites made for other reasons that keep numbers in range as well."""
TAKEN_APART = {"LayerNormalization": "decompose-layer-normalization", "RMSNormalization": "decompose-layer-normalization"}
"""Operators whose squares overflow inside, and the rewrite that shows them to the others."""


def range_rewrites() -> list[Rewrite]:
    """Return the rewrites that keep numbers in range, those made for nothing else last."""
    own = [rewrite for rewrite in registry().values() if type(rewrite).__module__.startswith(PACKAGE)]
    return [*(registry()[name] for name in BESIDE), *own]


def apply_range_rewrites(model: ModelProto, at: Collection[str] = ()) -> tuple[ModelProto, list[tuple[str, tuple[str, ...]]]]:
    """Return the rewritten model, and the rewrites that changed it with the nodes they changed.

    `at` are first outputs of nodes at which a range was left: operators among them are taken apart where they must be.
    """
    fired: list[tuple[str, tuple[str, ...]]] = []
    wanted: dict[str, set[Key]] = {}
    for node in model.graph.node:
        name = TAKEN_APART.get(node.op_type)
        if name is not None and node.output[0] in at:
            wanted.setdefault(name, set()).add(((), node.output[0]))
    steps = [(registry()[name], frozenset(keys)) for name, keys in wanted.items()]
    for rewrite, keys in [*steps, *((rewrite, None) for rewrite in range_rewrites())]:
        outcome = apply_with_locations(rewrite, model, keys)
        if outcome.model is not None:
            model = outcome.model
            fired.append((rewrite.name, outcome.changed))
    return model, fired
