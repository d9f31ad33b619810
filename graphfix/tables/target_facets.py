"""The facets that apply only to some targets.

A runtime that loads a model with 1 for dynamic dims fails on forms that no other target rejects, and a compiler without bytes
inside a model is the only one to ask where they are. Tables of the other targets are written and read without these facets:
a facet that decides nothing could otherwise appear in a condition because it happens to correlate with the deciding one.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphfix.analysis.values import Facet

LOADERS = frozenset({"tflite"})
"""Targets whose runtime allocates tensors before it has inputs, and whose converter uses ONNX's own shape inference."""

OWN_FACETS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("batches", "called", "elements", "filled", "folding"), frozenset({"tract"})),
    **dict.fromkeys(("constants.int8", "longer", "grows", "blanks", "trips"), frozenset({"tensorrt"})),
    **dict.fromkeys(("scattered", "shifts"), frozenset({"coreml"})),
    **dict.fromkeys(("spread", "inputs.elements"), frozenset({"openvino"})),
}
"""Facets of no pattern that were seen to decide on these targets only; tract keeps symbolic sizes and reads names."""

LATE = "late"
"""The parameter of probes that put a node before the probed one whose output size is known only at run time."""

BORROWED = "borrows"
"""The parameter of probes whose loop takes constants from outside its body, which other targets do not tell from others."""

COUNTED = "counted positions"
"""The parameter of probes whose sizes NonZero makes, which `WITHOUT_NONZERO` reject before they come to the probed node."""
WITHOUT_NONZERO = frozenset({"tensorrt"})

PLAIN = ("ranked", "picked", "sized.by")
"""The facets of values that plain shape inference knows less of, and the parameters of the probes that vary them."""

UNNAMED = "unnamed axes"
"""The parameter of probes that slice several axes without `axes`, by bounds that other targets evaluate."""

MULTIPLES = "padded to multiples"
"""The parameter of probes whose pads are what sizes lack to a multiple, which the kernels of other targets do not mind."""

PROBED_ON: Mapping[str, frozenset[str]] = {**dict.fromkeys((LATE, BORROWED, UNNAMED, MULTIPLES, *PLAIN), LOADERS), **OWN_FACETS}
"""The targets that probes which vary a parameter apply to; those of `_limited_patterns` too, others apply to all."""


@functools.cache
def _limited_patterns() -> Mapping[str, frozenset[str]]:
    """Return the targets of each facet of a pattern that applies only to some."""
    from graphfix.analysis.patterns.registry import PATTERNS  # imports onnx, which what reads no model does without

    return {name: pattern.targets for pattern in PATTERNS if pattern.targets for name in pattern.usual}


@functools.cache
def loading_facets() -> frozenset[str]:
    """Facets that say what becomes of dynamic dims where they are 1, and where plain inference is asked for sizes."""
    from graphfix.analysis.patterns.registry import PATTERNS  # imports onnx, which what reads no model does without

    return frozenset(name for pattern in PATTERNS if pattern.loading for name in pattern.usual)


@functools.cache
def _irrelevant(target: str) -> frozenset[str]:
    """Return the facets that are no matter of a target."""
    limited = (*_limited_patterns().items(), *OWN_FACETS.items())
    others = frozenset(name for name, told in limited if target not in told)
    return others if target in LOADERS else others | loading_facets()


def applies_to_target(target: str, varied: Collection[str]) -> bool:
    """Whether a probe that varies these parameters applies to the target.

    Targets without `LOADERS`' runtime fail on the node that makes the size, if at all, not on the probed one.
    """
    name = target.partition("@")[0]
    if COUNTED in varied and name in WITHOUT_NONZERO:
        return False
    targets = (PROBED_ON.get(parameter) or _limited_patterns().get(parameter) for parameter in varied)
    return all(name in told for told in targets if told)


def facets_for_target(target: str, facets: dict[str, Facet]) -> dict[str, Facet]:
    """The facets without those that are no matter of the target, whose version may be part of its name."""
    irrelevant = _irrelevant(target.partition("@")[0])
    return facets if irrelevant.isdisjoint(facets) else {name: value for name, value in facets.items() if name not in irrelevant}
