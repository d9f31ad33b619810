"""What a table says of outputs that differ from ONNX's otherwise than by a number: other dims, infinities."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_DIMS = re.compile(r"\[[\d, ]*\]")
_ANOTHER_SHAPE = "returns … for …"
_SHAPE, _VALUES = "returns another shape", ", with "
_COUNTED = re.compile(r"\d+")


def sort_of_difference(said: str) -> str:
    """Return what a message says without its dims and numbers: "returns another shape, with equal values".

    Empty where it does not say how outputs differ.
    """
    if not said.startswith("returns "):
        return ""
    plain = _DIMS.sub("…", said)
    if plain.startswith(_ANOTHER_SHAPE):
        return plain.replace(_ANOTHER_SHAPE, _SHAPE, 1)
    return _COUNTED.sub("…", plain).replace("… outputs for …", "another number of outputs")


def common_difference(messages: Sequence[str]) -> str:
    """Return the most frequent of messages that all say the same but for dims and numbers; empty where they do not.

    Where all tell of another shape, and not the same of the values, nothing is said of values.
    """
    sorts = {sort_of_difference(said) for said in messages}
    if len(sorts) != 1:
        if not all(sort.startswith(_SHAPE) for sort in sorts):
            return ""
        messages = [said.partition(_VALUES)[0] for said in messages]
    counts = Counter(messages)
    return min(counts, key=lambda said: (-counts[said], said))
