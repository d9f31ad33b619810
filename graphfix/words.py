"""Facets and conditions in words, for messages and documentation."""

from __future__ import annotations

from typing import Any

from graphfix.facets import Facet, Facets
from graphfix.table import Condition, Entry, Evidence

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


def in_words(when: Condition, facets: Facets) -> str:
    """What about a node meets a condition, such as `mode = cubic, rank 3 of X`; empty for a condition without terms."""
    return ", ".join(phrase(name, facets.get(name)) for name in when)


def phrase(name: str, value: Facet) -> str:
    """One facet and its value in words."""
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


def allowance(evidence: Evidence, entry: Entry | None) -> str:
    """The values that were measured to work where one facet alone decides, such as `float16, float32`; else empty."""
    if entry is None or len(evidence.when) != 1:
        return ""
    ((name, want),) = evidence.when.items()
    refused = _values(want, entry.axes.get(name, frozenset()))
    for other in entry.rejects:
        if set(other.when) == {name}:
            refused |= _values(other.when[name], entry.axes.get(name, frozenset()))
    good = sorted(entry.axes.get(name, frozenset()) - refused, key=str)
    if not good or len(good) > 8:
        return ""
    words = [phrase(name, value) for value in good]
    same = words[0].split(" ")[:-1]
    if len(words) > 1 and all(word.split(" ")[:-1] == same for word in words):
        return " ".join([*same, "/".join(word.split(" ")[-1] for word in words)])
    return " or ".join(words)


def _values(want: Any, axis: frozenset[Facet]) -> frozenset[Facet]:
    if isinstance(want, dict):
        if "not" in want:
            return axis - frozenset(want["not"])
        low, high = want.get("min", float("-inf")), want.get("max", float("inf"))
        return frozenset(v for v in axis if not isinstance(v, str) and v is not None and low <= v <= high)
    return frozenset(want)


def condition_in_words(when: Condition) -> str:
    """A condition in words without a node at hand, such as `dtype float64/int8, rank other than 4 of X`."""
    return ", ".join(_term(name, want) for name, want in when.items())


def _term(name: str, want: Any) -> str:
    if isinstance(want, dict):
        if "not" in want:
            return f"{_either(name, want['not'])} not given" if not want["not"] else f"anything but {_either(name, want['not'])}"
        bounds = [f"{word} {want[key]}" for key, word in (("min", "at least"), ("max", "at most")) if key in want]
        return f"{name} {' and '.join(bounds)}"
    return _either(name, want)


def _either(name: str, values: Any) -> str:
    words = [phrase(name, value) for value in values]
    heads = {word.rpartition(" ")[0] for word in words}
    if len(words) > 1 and len(heads) == 1:
        return f"{heads.pop()} {'/'.join(word.rpartition(' ')[2] for word in words)}"
    return " or ".join(words)
