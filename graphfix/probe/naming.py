"""Ids and kinds of distilled conditions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphfix.analysis.patterns.registry import PATTERNS

TYPE_VARIABLE = re.compile(r"T\d*|Tind|T_?[A-Z0-9]\w*|B|V|tensor|in\d+\.dtype|value\.dtype|to|dtype|inputs\.dtypes")
FORM_FACETS = {"foldable", "inputs", "constants", "broadcast", "branches", "captures", "subgraphs", "outputs"}
STRUCTURAL = {name: pattern.kind for pattern in PATTERNS for name in pattern.usual}
"""The kinds of facets that tell of patterns of nodes."""
ORDER = ("operand", "dtype", "attribute", "rank", "dynamic", "optional", "form", "function", "opset")
"""The order in which a kind is chosen for a condition over facets of several kinds: what a user can change most easily first."""


def kind_of_facet(name: str) -> str:
    """Return the kind of condition for one facet."""
    if name in ("since", "opset", "ir", "domains"):
        return "opset"
    if name in STRUCTURAL:
        return STRUCTURAL[name]
    if name == "functions":
        return "function"
    if name in FORM_FACETS:
        return "form"
    if TYPE_VARIABLE.fullmatch(name):
        return "dtype"
    if name.startswith("out."):
        return "optional"
    suffix = name.rpartition(".")[2]
    return {"rank": "rank", "dims": "dynamic", "from": "operand", "value": "operand", "dtype": "dtype"}.get(suffix, "attribute")


def kind_of(when: Mapping[str, Any]) -> str:
    """Return the kind of a condition: the kind among those of its facets that is first in ORDER."""
    if not when:
        return "operator"
    return min((kind_of_facet(name) for name in when), key=ORDER.index)


def identifier(when: Mapping[str, Any]) -> str:
    """Return a kebab-case id, the same for equal conditions."""
    if not when:
        return "unsupported"
    return "-".join(_facet_name(name, want) for name, want in sorted(when.items()))


def _facet_name(name: str, want: Any) -> str:
    if isinstance(want, dict) and "min" in want:
        return _word(f"{name}-from-{want['min']}")
    values = want if isinstance(want, list) else [f"not-{'-'.join(map(_word, want.get('not', ())))}"]
    if len(values) > 3:
        values = [values[0], "and", len(values) - 1, "more"]
    stem = "dtype" if TYPE_VARIABLE.fullmatch(name) and len(name) <= 4 else name.removesuffix(".from")
    return _word("-".join([stem, *(_word(value) for value in values)]))


def _word(value: object) -> str:
    text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
