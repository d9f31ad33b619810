"""Which facets are a matter of which targets: what a runtime that loads a model with 1 for free dims stumbles over is no other's.

Tables of the other targets are written and read without these facets: a facet that decides nothing would only offer itself as
a reason wherever it happens to go with one.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphfix.analysis.values import Facet

LOADERS = frozenset({"tflite"})
"""Targets whose runtime lays a model out before it has seen inputs, and whose converter asks plain inference."""

LATE = "late"
"""What probes vary that put something between the input and the node whose size only running decides."""


@functools.cache
def loading_facets() -> frozenset[str]:
    """Facets that say what becomes of dynamic dims where they are 1, and where plain inference is asked for sizes."""
    from graphfix.analysis.patterns.registry import PATTERNS  # imports onnx, which what reads no model does without

    return frozenset(name for pattern in PATTERNS if pattern.loading for name in pattern.usual)


def asked(target: str, varied: Collection[str]) -> bool:
    """Whether a probe that varies these is a question to the target: others fail over what makes a size so late, if at all."""
    return LATE not in varied or target.partition("@")[0] in LOADERS


def heeded(target: str, facets: dict[str, Facet]) -> dict[str, Facet]:
    """The facets without those that are no matter of the target, whose version may be part of its name."""
    if target.partition("@")[0] in LOADERS or loading_facets().isdisjoint(facets):
        return facets
    return {name: value for name, value in facets.items() if name not in loading_facets()}
