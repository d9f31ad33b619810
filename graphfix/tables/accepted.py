"""The forms of a node that a compiler was measured to accept instead of the one it rejects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from graphfix.analysis.facets.words import PLACES
from graphfix.tables.phrases import ALTERNATIVES, condition_in_words, either
from graphfix.tables.target_facets import facets_for_target

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets
    from graphfix.analysis.values import Facet
    from graphfix.tables.entry import Entry
    from graphfix.tables.evidence import Evidence

USUAL = (
    "static",
    "batch",
    "float32",
    "float16",
    "int32",
    "int64",
    "bool",
    "uint8",
    "int8",
    "float64",
    "left out",
    "absent",
    "constant",
)
"""Values in the order in which they are named; others follow."""
DEPENDENT = frozenset({"foldable", "since", "opset", "ir", "left", "heads", "counted", "followed", "clashes",
                       "postponed"})  # fmt: skip
"""Facets that follow from the node's other facts, and are said to be accepted only where they alone decide."""
FUNCTION = frozenset({"axis", "axes", "axis.negative", "perm", "out.rank", "cuts", "states", "inputs", "outputs", "broadcast",
                      "target", "first", "scanned", "captures", "carried", "steps", "sizes", "feeds", "feeds.by"})  # fmt: skip
"""Facets that say what a node computes, so that another value of them is another node."""
ENOUGH: Mapping[str, Facet] = {
    "inside": "nothing", "inputs.symbols": "usual", "branches": "same", "annotations": "agreeing", "squeezed": "ones",
    "carried": "same", "extents": "same", "inputs.dims": "static",
}  # fmt: skip
"""The value of a facet that is named alone where it is supported."""
CONSEQUENCES: Mapping[str, Facets] = {"inputs.dims": {"inputs.symbols": "none", "inputs.repeat": False, "placeholders": False}}
"""Facets that change with another: a model with fixed dims has no names of dims."""


def accepted_forms(target: str, entry: Entry | None, evidence: Evidence, facets: Facets, subject: str) -> str:
    """Say which other values of the deciding facets make this very node supported, a few of them; empty where none does.

    Each is looked up in the table with the node's other facets, so that nothing is said to be accepted that another
    measurement rejects.
    """
    if entry is None:
        return ""
    said, left = [], ALTERNATIVES
    for name, want in evidence.when.items():
        if isinstance(want, dict) and "min" in want:
            limit = want["min"] - 1
            within = entry.rule(facets_for_target(target, {**facets, name: limit}))
            if within.verdict == "supported" and within.wrong is None:
                said.append(condition_in_words({name: {"max": limit}}))
                left -= 1
            continue
        alone = name not in DEPENDENT or len(evidence.when) == 1
        computes = name in FUNCTION or name.endswith(".value")
        values = _supported(target, entry, name, facets) if alone and not computes and left > 0 else []
        if not values:
            continue
        enough = "constant" if name.endswith(".from") else ENOUGH.get(name)
        if enough in values:
            values = [enough]
        words = either(name, values, left)
        of_it = "" if words.startswith(PLACES) else "with " if words.startswith("no ") else None
        said.append(words if of_it is None else f"{subject} {of_it}{words}")
        left -= len(values)
    return " or ".join(said)


def _supported(target: str, entry: Entry, name: str, facets: Facets) -> list[Facet]:
    """Return the probed values of one facet with which a node is supported, the most usual first; not several in one."""
    probed = (value for value in entry.axes.get(name, ()) if value not in (None, "empty", facets.get(name)))
    found = [value for value in probed if "|" not in str(value)]
    kept = facets_for_target(target, facets)
    also = {key: value for key, value in CONSEQUENCES.get(name, {}).items() if key in kept}
    rulings = [(value, entry.rule({**kept, name: value, **(also if value == "static" else {})})) for value in found]
    supported = [value for value, ruling in rulings if ruling.verdict == "supported" and ruling.wrong is None]
    return sorted(supported, key=_place)


def _place(value: Facet) -> tuple[int, int, str]:
    word = str(value)
    return USUAL.index(word) if word in USUAL else len(USUAL), value if isinstance(value, int) else 0, word
