"""Names without the numbers that exporters give out, and digests that stay the same from one export to the next.

Exporters number what has no name of its own (`Conv_12`, `onnx::Add_345`, `val_7`, `If_0_else_branch__Inline_0__`), and
one node more at the front renumbers all that follow. Numbers that belong to a module's path (`layers.3`, `layer1`) are
the author's and stay, but for the last part of a path, which exporters number as well (`/layer1/Relu_1_output_0`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence

_COUNTER = re.compile(r"_+\d+(?![^\W\d_])")
"""A number behind underscores, which go with it: the first of a kind often has none."""
_LAST = re.compile(r"\.\d+$|\d+")
"""Numbers in the last part of a path: at its end behind a dot, as traced values have them, or anywhere."""


@functools.lru_cache(4096)
def unnumbered(name: str) -> str:
    """A value's or node's name without the numbers that an exporter gave out."""
    path, slash, last = name.rpartition("/")
    last = _LAST.sub(lambda found: "" if found[0].startswith(".") else "#", _COUNTER.sub("", last))
    return _COUNTER.sub("", path) + slash + last


def signature(inputs: Sequence[tuple[str, str, int | None]], outputs: Sequence[str]) -> str:
    """16 hex digits for a model's interface: names, dtypes and ranks of its inputs, and the names of its outputs."""
    parts = [f"{unnumbered(name)}:{dtype}:{rank}" for name, dtype, rank in inputs]
    parts += ["->", *map(unnumbered, outputs)]
    return digits(parts)


def digits(parts: Iterable[str]) -> str:
    """16 hex digits of SHA-256 over some words."""
    import hashlib  # which brings a library of ciphers with it, and few reports tell fingerprints

    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
