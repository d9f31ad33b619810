"""The notation of dim names in shapes, which separates a model's own names from names made during shape inference.

A dim is an int, or a str: a symbol, or a product such as `16*N`. A model's own symbol is opaque, whatever characters it
holds. A model's own symbol called `16*N` must not be read as a product, nor one called `open__0` as a name made here, so such
names are written between backquotes in shapes: `quoted` adds the backquotes, `shown` removes them for messages and models.
"""

from __future__ import annotations

import re

MADE_UP = "unk__"
"""The prefix of the names that onnx gives to dims it cannot infer."""
FRESH = "open__"
"""The prefix of the names of dynamic dims that onnx could not infer; such names are valid for one round of inference."""
UNTOLD = "__untold"
"""The suffix of such names where two of them may be equal: the operator's effect on the dim is not modelled."""
WORD = re.compile(r"(?:`[^`]*`|[^*`])+")
QUOTED = re.compile(r"`((?:[^`]|``)*)`")


def quoted(name: str) -> str:
    """Return the name of a symbol as shapes write it: between backquotes where it is ambiguous."""
    if name.isidentifier() and not name.startswith((MADE_UP, FRESH)) and not name.endswith(UNTOLD):
        return name
    return "`" + name.replace("`", "``") + "`"


def shown(dim: str) -> str:
    """Return a dim as messages and models write it, with the model's own names for symbols."""
    if "`" not in dim:
        return dim
    alone = QUOTED.fullmatch(dim) is not None
    return QUOTED.sub(lambda found: (found[1] if alone else f"({found[1]})").replace("``", "`"), dim)


def is_fresh(dim: object) -> bool:
    """Return whether a dim is, or is a multiple of, a dim whose name is valid for one round of inference only."""
    return isinstance(dim, str) and FRESH in dim and any(word.startswith(FRESH) for word in WORD.findall(dim))


def is_untold(dim: object) -> bool:
    """Return whether a dim is, or is a multiple of, a dim made by an operator whose effect on it is not modelled."""
    return isinstance(dim, str) and UNTOLD in dim and any(word.endswith(UNTOLD) for word in WORD.findall(dim))
