"""The facets that apply only to some targets.

A runtime that loads a model with 1 for dynamic dims fails on forms that no other target rejects. Tables of the other
targets are written and read without these facets: a facet that decides nothing could otherwise appear in a condition
because it happens to correlate with the deciding one.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphfix.analysis.values import Facet

LOADERS = frozenset({"tflite"})
"""Targets whose runtime allocates tensors before it has inputs, and whose converter uses ONNX's own shape inference."""

LATE = "late"
"""The parameter of probes that put a node before the probed one whose output size is known only at run time."""


@functools.cache
def loading_facets() -> frozenset[str]:
    """Facets that say what becomes of dynamic dims where they are 1, and where plain inference is asked for sizes."""
    from graphfix.analysis.patterns.registry import PATTERNS  # imports onnx, which what reads no model does without

    return frozenset(name for pattern in PATTERNS if pattern.loading for name in pattern.usual)


def applies_to_target(target: str, varied: Collection[str]) -> bool:
    """Whether a probe that varies these parameters applies to the target.

    Targets without `LOADERS`' runtime fail on the node that makes the size, if at all, not on the probed one.
    """
    return LATE not in varied or target.partition("@")[0] in LOADERS


def facets_for_target(target: str, facets: dict[str, Facet]) -> dict[str, Facet]:
    """The facets without those that are no matter of the target, whose version may be part of its name."""
    if target.partition("@")[0] in LOADERS or loading_facets().isdisjoint(facets):
        return facets
    return {name: value for name, value in facets.items() if name not in loading_facets()}
