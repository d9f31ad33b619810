"""The facets that apply only to some targets.

A runtime that loads a model with 1 for dynamic dims fails on forms that no other target rejects, and a compiler without bytes
inside a model is the only one to ask where they are. Tables of the other targets are written and read without these facets:
a facet that decides nothing could otherwise appear in a condition because it happens to correlate with the deciding one.
Which of them apply to a target is in its target.toml.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.tables.versions import about_target, tables_folder

if TYPE_CHECKING:
    from graphfix.analysis.values import Facet

OWN_FACETS = frozenset(
    ("batches", "called", "elements", "filled", "folding", "constants.int8", "longer", "grows", "blanks", "trips", "scattered",
     "shifts", "spread", "inputs.elements", "implied", "counts.named", "windowed", "symbols", "bounds", "inputs.sizing",
     "inputs.formulas")
)  # fmt: skip
"""Facets of no pattern that apply only to targets that name them as `own_facets`: tract keeps symbolic sizes and reads names."""

LATE = "late"
"""The parameter of probes that put a node before the probed one whose output size is known only at run time."""

BORROWED = "borrows"
"""The parameter of probes whose loop takes constants from outside its body, which other targets do not tell from others."""

COUNTED = "counted positions"
"""The parameter of probes whose sizes NonZero makes, which targets `without_nonzero` reject before the probed node."""

PLAIN = ("ranked", "picked", "sized.by", "normalized", "multiples")
"""The facets of values that plain shape inference knows less of, and the parameters of the probes that vary them."""

UNNAMED = "unnamed axes"
"""The parameter of probes that slice several axes without `axes`, by bounds that other targets evaluate."""

MULTIPLES = "padded to multiples"
"""The parameter of probes whose pads are what sizes lack to a multiple, which the kernels of other targets do not mind."""

LOADING = frozenset((LATE, BORROWED, UNNAMED, MULTIPLES, *PLAIN))
"""The parameters of probes that apply only to loaders."""


@functools.cache
def _own() -> frozenset[str]:
    """Return the facets, and with them the parameters of probes, that apply only to targets that name them as `own_facets`."""
    from graphfix.analysis.patterns.registry import PATTERNS  # imports onnx, which what reads no model does without

    return OWN_FACETS.union(*(pattern.usual for pattern in PATTERNS if pattern.own))


@functools.cache
def loading_facets() -> frozenset[str]:
    """Facets that say what becomes of dynamic dims where they are 1, and where plain inference is asked for sizes."""
    from graphfix.analysis.patterns.registry import PATTERNS  # imports onnx, which what reads no model does without

    return frozenset(name for pattern in PATTERNS if pattern.loading for name in pattern.usual)


@functools.cache
def _about(target: str, home: Path) -> Mapping[str, Any]:
    return about_target(target, home=home)


def is_loader(target: str) -> bool:
    """Whether a target's runtime allocates tensors before it has inputs, and its converter uses ONNX's own shape inference."""
    return bool(_about(target, tables_folder()).get("loader"))


def own_facets(target: str) -> frozenset[str]:
    """Return the facets that apply to this target and to few others."""
    return frozenset(_about(target, tables_folder()).get("own_facets", ()))


def newest_opset(target: str) -> int:
    """Return the newest opset that a target reads, where its target.toml says so, else 0."""
    return int(_about(target.partition("@")[0], tables_folder()).get("newest_opset", 0))


@functools.cache
def _irrelevant(target: str, home: Path) -> frozenset[str]:
    """Return the facets that are no matter of a target."""
    about = _about(target, home)
    return _own().difference(about.get("own_facets", ())) | (frozenset() if about.get("loader") else loading_facets())


def applies_to_target(target: str, varied: Collection[str]) -> bool:
    """Whether a probe that varies these parameters applies to the target.

    Targets that are no loaders fail on the node that makes the size, if at all, not on the probed one.
    """
    name = target.partition("@")[0]
    if COUNTED in varied and _about(name, tables_folder()).get("without_nonzero"):
        return False
    if not is_loader(name) and not LOADING.isdisjoint(varied):
        return False
    return own_facets(name).issuperset(_own().intersection(varied))


def facets_for_target(target: str, facets: dict[str, Facet]) -> dict[str, Facet]:
    """The facets without those that are no matter of the target, whose version may be part of its name."""
    irrelevant = _irrelevant(target.partition("@")[0], tables_folder())
    return facets if irrelevant.isdisjoint(facets) else {name: value for name, value in facets.items() if name not in irrelevant}
