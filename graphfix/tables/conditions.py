"""The condition language of the support tables, evaluated on the facets of a node.

A condition maps each facet it names to one of four terms: a list of values, `{"not": [...]}`, `{"min": n}` or
`{"max": n}`. It holds when all of its terms hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphfix.analysis.facets.words import BOUNDED

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets
    from graphfix.analysis.values import Facet

Condition = Mapping[str, Any]


def holds(when: Condition, facets: Facets) -> bool | None:
    """Whether a condition holds; None when that depends on a facet whose value is unknown.

    A term about a facet that the node does not have at all (an attribute of another schema version) fails, unless it
    lists `absent` or False.
    """
    unknown = False
    for name, want in when.items():
        if name not in facets:
            if "absent" not in want and False not in want:
                return False
            continue
        value = facets[name]
        if value is None:
            unknown = True
        elif not _fits(want, value):
            return False
    return None if unknown else True


def without_bounded(facets: Facets) -> Facets:
    """Return the facets of a form, which the sizes of a node are no part of."""
    return facets if BOUNDED.isdisjoint(facets) else {name: value for name, value in facets.items() if name not in BOUNDED}


def _fits(want: Any, value: Facet) -> bool:
    if not isinstance(want, dict):
        return value in want
    if "not" in want:
        return value not in want["not"]
    if value is None or isinstance(value, str):
        return False
    return bool(want.get("min", value) <= value <= want.get("max", value))
