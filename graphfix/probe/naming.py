"""What a distilled condition is called, and which kind of trouble it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphfix.structural import PATTERNS

TYPE_VARIABLE = re.compile(r"T\d*|Tind|T_?[A-Z0-9]\w*|B|V|tensor|in\d+\.dtype|value\.dtype|to|dtype|inputs\.dtypes")
FORM = {"foldable", "inputs", "constants", "broadcast", "branches", "captures", "subgraphs", "outputs"}
STRUCTURAL = {name: pattern.kind for pattern in PATTERNS for name in pattern.usual}
"""The kinds of facets that tell of patterns of nodes."""
ORDER = ("operand", "dtype", "attribute", "rank", "dynamic", "optional", "form", "function", "opset")
"""Which kind names a condition over facets of several kinds: the one a reader can do most about."""


def kind_of_facet(name: str) -> str:
    """The kind of trouble that one facet stands for."""
    if name in ("since", "opset", "ir", "domains"):
        return "opset"
    if name in STRUCTURAL:
        return STRUCTURAL[name]
    if name == "functions":
        return "function"
    if name in FORM:
        return "form"
    if TYPE_VARIABLE.fullmatch(name):
        return "dtype"
    if name.startswith("out."):
        return "optional"
    suffix = name.rpartition(".")[2]
    return {"rank": "rank", "dims": "dynamic", "from": "operand", "value": "operand"}.get(suffix, "attribute")


def kind_of(when: Mapping[str, Any]) -> str:
    """The kind of a condition: that of its facet which comes first in ORDER."""
    if not when:
        return "operator"
    return min((kind_of_facet(name) for name in when), key=ORDER.index)


def identifier(when: Mapping[str, Any]) -> str:
    """A kebab-case name for a condition, the same for the same condition."""
    if not when:
        return "unsupported"
    return "-".join(_part(name, want) for name, want in sorted(when.items()))


def _part(name: str, want: Any) -> str:
    values = want if isinstance(want, list) else [f"not-{'-'.join(map(_word, want.get('not', ())))}"]
    if len(values) > 3:
        values = [values[0], "and", len(values) - 1, "more"]
    stem = "dtype" if TYPE_VARIABLE.fullmatch(name) and len(name) <= 4 else name.removesuffix(".from")
    return _word("-".join([stem, *(_word(value) for value in values)]))


def _word(value: object) -> str:
    text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
