"""How shapes write the names of dims: a model's own names apart from names that are made while shapes are inferred.

A dim is an int, or a str: a symbol, or a product such as `16*N`. A model's own symbol is opaque, whatever characters it
holds. So that one called `16*N` is no product, and one called `open__0` none that was made here, names that could be read
so stand between backquotes in shapes: `quoted` writes them, `shown` gives them back for messages and for models.
"""

from __future__ import annotations

import re

MADE_UP = "unk__"
"""Begins the names that onnx gives to dims which it cannot work out."""
FRESH = "open__"
"""Begins the names of dynamic dims that inference gave up on, which hold for one round of inference."""
UNTOLD = "__untold"
"""How such names end where two of them may be the same: an operator made the dim in a way of its own."""
WORD = re.compile(r"(?:`[^`]*`|[^*`])+")
QUOTED = re.compile(r"`((?:[^`]|``)*)`")


def quoted(name: str) -> str:
    """The name of a symbol as shapes write it: between backquotes where it could be read as something else."""
    if name.isidentifier() and not name.startswith((MADE_UP, FRESH)) and not name.endswith(UNTOLD):
        return name
    return "`" + name.replace("`", "``") + "`"


def shown(dim: str) -> str:
    """A dim as messages and models write it, with the model's own names for symbols."""
    if "`" not in dim:
        return dim
    alone = QUOTED.fullmatch(dim) is not None
    return QUOTED.sub(lambda found: (found[1] if alone else f"({found[1]})").replace("``", "`"), dim)


def is_fresh(dim: object) -> bool:
    """Whether a dim is, or is a multiple of, one that has its name for one round of inference only."""
    return isinstance(dim, str) and FRESH in dim and any(word.startswith(FRESH) for word in WORD.findall(dim))


def is_untold(dim: object) -> bool:
    """Whether a dim is, or is a multiple of, one that an operator made in a way of its own."""
    return isinstance(dim, str) and UNTOLD in dim and any(word.endswith(UNTOLD) for word in WORD.findall(dim))
