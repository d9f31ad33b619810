"""Names without the numbers that exporters assign, and digests that stay the same from one export to the next.

Exporters number nodes and values that have no name (`Conv_12`, `onnx::Add_345`, `val_7`, `If_0_else_branch__Inline_0__`),
and one more node at the front renumbers all that follow. Numbers that belong to a module's path (`layers.3`, `layer1`)
are the author's and stay, except in the last part of a path, which exporters number as well (`/layer1/Relu_1_output_0`).
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

_COUNTER = re.compile(r"_+\d+(?![^\W\d_])")
"""A number after underscores; the underscores are removed too, since the first of a series often has neither."""
_LAST = re.compile(r"\.\d+$|\d+")
"""Numbers in the last part of a path: at its end after a dot, as in the names of traced values, or anywhere."""


@functools.lru_cache(4096)
def unnumbered(name: str) -> str:
    """A value's or node's name without the numbers that an exporter assigned."""
    path, slash, last = name.rpartition("/")
    last = _LAST.sub(lambda found: "" if found[0].startswith(".") else "#", _COUNTER.sub("", last))
    return _COUNTER.sub("", path) + slash + last


def signature(inputs: Sequence[tuple[str, str, int | None]], outputs: Sequence[str]) -> str:
    """16 hex digits of a digest of a model's interface: names, dtypes and ranks of inputs, and names of outputs."""
    parts = [f"{unnumbered(name)}:{dtype}:{rank}" for name, dtype, rank in inputs]
    parts += ["->", *map(unnumbered, outputs)]
    return digits(parts)


def digits(parts: Iterable[str]) -> str:
    """The first 16 hex digits of SHA-256 over several strings."""
    return _sha256()("\0".join(parts).encode()).hexdigest()[:16]  # type: ignore[no-any-return]


@functools.cache
def _sha256() -> Any:
    """Return Python's own SHA-256: `hashlib` would load OpenSSL for it, which takes more time than a report has digests."""
    for name in ("_sha2", "_sha256"):  # from Python 3.12 on, and before
        with contextlib.suppress(ImportError):
            return importlib.import_module(name).sha256
    return importlib.import_module("hashlib").sha256
