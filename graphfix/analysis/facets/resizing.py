"""Facets of Resize: whether antialiasing has something to do, which it has only where a dim gets smaller."""

from __future__ import annotations

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.facets.attributes import Facet
from graphfix.analysis.patterns.fractional_scales import constant_scales
from graphfix.analysis.values import NodeFacts

Facets = dict[str, Facet]


def resize(node: NodeFacts) -> Facets:
    """Return what antialiasing is asked for.

    antialiased  no | shrunk | grown | open: without the attribute; with it where a dim gets smaller; where none does; where
                 the sizes do not tell
    """
    if not attribute(node.proto, "antialias", 0):
        return {"antialiased": "no"}
    factors = _factors(node)
    if factors is None:
        return {"antialiased": "open"}
    return {"antialiased": "shrunk" if any(factor < 1 for factor in factors) else "grown"}


def _factors(node: NodeFacts) -> list[float] | None:
    """The factors of the dims that are resized, as far as `scales` or both shapes tell them."""
    if scales := constant_scales(node.proto, node.inputs):
        return scales
    data, made = (values[0] if values else None for values in (node.inputs, node.outputs))
    if data is None or made is None or not data.fixed or not made.fixed or data.rank != made.rank:
        return None
    return [new / old for old, new in zip(data.shape or (), made.shape or (), strict=True) if old]  # type: ignore[operator]
