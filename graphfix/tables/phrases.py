"""Facets and conditions in words, for messages and documentation."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets
    from graphfix.analysis.values import Facet
    from graphfix.tables.conditions import Condition
    from graphfix.tables.table import Entry, Evidence

SOURCES = {
    "constant": "a constant", "folded": "computed from constants", "shape": "computed from dims that are not fixed",
    "fixed-shape": "computed from fixed dims",
    "cast-shape": "computed from dims that are not fixed by way of another dtype",
    "runtime": "computed at run time", "absent": "left out",
}  # fmt: skip
DIMS = {
    "static": "fixed dims", "batch": "a free batch dim", "spatial": "free dims after the channels",
    "sequence": "free leading dims", "dynamic": "dims that are not fixed", "empty": "an empty dim",
}  # fmt: skip

PHRASES: dict[tuple[str, Facet], str] = {
    ("annotations", "contradicting"): "value_info that contradicts what follows from the inputs",
    ("placeholders", True): "one placeholder name for several dims of an input",
    ("squeezed", "assumed"): "no axes and a batch size that only a recurrent node's initial state tells",
    ("extents", "differ"): "open dims that were made in different ways",
    ("outputs.sizes", True): "an int64 output that is computed from a size or a cast to int64",
    ("against", "negative"): "negative constants on one side",
    ("cut", "odd"): "an output shape that cuts off an odd number of rows or columns",
    ("cut", "even"): "an output shape that cuts off as much on both sides",
    ("cut", "less"): "an output shape larger than what the kernel reaches",
    ("unranked", True): "several axes that are only read, so that the rank left is unknown",
    ("value.dtype", "absent"): "no value of its own",
}
"""Facets that a name and a value would not explain; those of patterns are in the files of the patterns."""


@functools.cache
def phrases() -> dict[tuple[str, Facet], str]:
    """Facets that a name and a value would not explain."""
    from graphfix.analysis.patterns.registry import PATTERNS  # imports onnx, which what reads no model does without

    return PHRASES | {told: words for pattern in PATTERNS for told, words in pattern.words.items()}


def describe_match(when: Condition, facets: Facets) -> str:
    """Describe the facets of a node that meet a condition: `mode = cubic, rank 3 of X`; empty for one without terms."""
    return ", ".join(phrase(name, facets.get(name)) for name in when)


def phrase(name: str, value: Facet) -> str:
    """One facet and its value in words."""
    if (name, value) in phrases():
        return phrases()[name, value]
    operand, _, aspect = name.rpartition(".")
    if name == "since":
        return f"its version {value} form"
    if name == "foldable":
        return "constant operands only" if value else "operands not known before run time"
    if operand == "out":
        return f"output {aspect} {'used' if value == 'used' else 'left out'}"
    if aspect == "rank" and operand:
        return f"rank {value} of {operand}"
    if aspect == "dims":
        return f"{DIMS.get(str(value), str(value))} in {operand}"
    if aspect == "from":
        return f"{operand} {SOURCES.get(str(value), str(value))}"
    if aspect == "dtype" or (name[:1].isupper() and not operand) or name in ("to", "dtype"):
        return f"{name} = {value}" if operand or name in ("to", "dtype") else f"dtype {value}"
    return f"{name} = {value}"


def accepted_values(evidence: Evidence, entry: Entry | None) -> str:
    """Describe the supported values where one facet alone decides, such as `dtype float16/float32`; else empty."""
    if entry is None or len(evidence.when) != 1:
        return ""
    ((name, want),) = evidence.when.items()
    rejected = _values(want, entry.axes.get(name, frozenset()))
    for other in entry.rejects:
        if set(other.when) == {name}:
            rejected |= _values(other.when[name], entry.axes.get(name, frozenset()))
    supported = sorted(entry.axes.get(name, frozenset()) - rejected, key=str)
    if not supported or len(supported) > 8:
        return ""
    words = [phrase(name, value) for value in supported]
    same = words[0].split(" ")[:-1]
    if len(words) > 1 and all(word.split(" ")[:-1] == same for word in words):
        return " ".join([*same, "/".join(word.split(" ")[-1] for word in words)])
    return " or ".join(words)


def _values(want: Any, axis: frozenset[Facet]) -> frozenset[Facet]:
    """Return the probed values of a facet that meet a term of a condition."""
    if isinstance(want, dict):
        if "not" in want:
            return axis - frozenset(want["not"])
        low, high = want.get("min", float("-inf")), want.get("max", float("inf"))
        return frozenset(v for v in axis if not isinstance(v, str) and v is not None and low <= v <= high)
    return frozenset(want)


def condition_in_words(when: Condition) -> str:
    """Describe a condition in words, without a node: `dtype float64/int8, and anything but rank 4 of X`."""
    return ", and ".join(_term(name, want) for name, want in when.items())


def _term(name: str, want: Any) -> str:
    if isinstance(want, dict):
        if "not" in want:
            return f"{_either(name, want['not'])} not given" if not want["not"] else f"anything but {_either(name, want['not'])}"
        bounds = " and ".join(f"{word} {want[key]}" for key, word in (("min", "at least"), ("max", "at most")) if key in want)
        operand, _, aspect = name.rpartition(".")
        return f"rank {bounds} of {operand}" if aspect == "rank" and operand else f"{name} {bounds}"
    return _either(name, want)


def _either(name: str, values: Any) -> str:
    """Join the phrases of one facet's values, with their common first and last words written once: `rank 2/3 of X`."""
    phrases = [phrase(name, value).split(" ") for value in values]
    if len(phrases) < 2:
        return " ".join(phrases[0]) if phrases else ""
    head = _common_length(phrases)
    tail = _common_length([words[head:][::-1] for words in phrases])
    if any(len(words) <= head + tail for words in phrases):  # one phrase is a part of another
        head, tail = min(head, 1), 0
    middles = [" ".join(words[head : len(words) - tail]) for words in phrases]
    glue = " or " if any(" " in middle for middle in middles) else "/"
    return " ".join([*phrases[0][:head], glue.join(middles), *phrases[0][len(phrases[0]) - tail :]])


def _common_length(lists: list[list[str]]) -> int:
    """Return the number of first words that all of the lists share."""
    return next((at for at, words in enumerate(zip(*lists, strict=False)) if len(set(words)) > 1), min(map(len, lists)))


def listed(words: Sequence[str]) -> str:
    """Join words as a list in a sentence: `a, b and c`."""
    return " and ".join([*([", ".join(words[:-1])] if words[:-1] else []), *words[-1:]])
