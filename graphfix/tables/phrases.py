"""Facets and conditions in words, for messages and documentation."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from graphfix.analysis.facets.words import DIMS, FACETS, NUMBERED, NUMBERS, OPTIONAL, PLACES, SOURCES, UNKNOWN
from graphfix.analysis.patterns.words import WORDS
from graphfix.analysis.surroundings import BEFORE, BEHIND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphfix.analysis.facets.node import Facets
    from graphfix.analysis.values import Facet
    from graphfix.tables.conditions import Condition

Phrase = tuple[str, str, str]
"""A phrase in three parts, of which the middle one alone depends on the value."""
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
BOOLEAN = {"cond", "condition", "training_mode"}
"""Operands that hold booleans."""
ALTERNATIVES = 3
"""The number of alternatives that a sentence lists before it counts the rest."""
_OPEN = frozenset({"batch", "spatial", "sequence", "dynamic"})
_COMPUTED = frozenset({"shape", "cast-shape"})
_SETS: Mapping[str, Sequence[tuple[frozenset[Facet], str]]] = {
    "axes": (
        (frozenset({"one", "one-negative"}), "one axis"),
        (frozenset({"several", "several-negative"}), "several axes"),
        (frozenset({"all", "all-negative"}), "all axes"),
    ),
    "from": (
        (frozenset({"folded", "fixed-shape", "runtime", *_COMPUTED}), "computed instead of constant"),
        (frozenset({"fixed-shape", "runtime", *_COMPUTED}), "computed from dims or at run time"),
        (frozenset({"fixed-shape", *_COMPUTED}), "computed from dims"),
        (frozenset({"runtime", *_COMPUTED}), "non-constant"),
        (_COMPUTED, "computed from dynamic dims"),
    ),
    "dims": (
        (_OPEN, "any dynamic dim"),
        (_OPEN - {"batch"}, "dynamic dims beyond the batch dim"),
    ),
    "foldable": (
        (frozenset({True, "fixed-shape", *_COMPUTED}), "no input computed at run time"),
        (frozenset({"fixed-shape", *_COMPUTED}), "only inputs computed from dims"),
        (frozenset({True, "fixed-shape"}), "only inputs computed from constants and fixed dims"),
        (frozenset({False, *_COMPUTED}), "a non-constant input"),
        (_COMPUTED, "only inputs computed from dynamic dims"),
    ),
}  # fmt: skip
"""Sets of values that one phrase covers, the largest first."""


def operand_noun(operand: str) -> str:
    """Return an operand's formal name as a noun: `axes` in backticks; `the second input` where no schema names it."""
    if operand.startswith("in") and operand[2:].isdigit():
        at = int(operand[2:])
        return f"the {ORDINALS[at]} input" if at < len(ORDINALS) else f"input {at}"
    return {"inputs": "the inputs", "scanned": "the scan input"}.get(operand, f"`{operand}`")


def phrase(name: str, value: Facet) -> str:
    """One facet and its value in words, as they follow `with`: `rank 3 of X`."""
    return "".join(parts(name, value))


@functools.lru_cache(maxsize=None, typed=True)  # 1 and True are different values
def parts(name: str, value: Facet) -> Phrase:
    """One facet and its value in words, in three parts: `rank `, `3`, ` of X`."""
    operand, _, aspect = name.rpartition(".")
    for known, words in FACETS.get(name, {}).items():
        if known == value and isinstance(known, bool) is isinstance(value, bool):  # 1 and True are equal
            return _split(words)
    if name in NUMBERED:
        return _split(NUMBERED[name].format(value))
    if name in (BEFORE, BEHIND):
        return "a ", f"`{value}`" if value not in ("other", "absent") else "another operator", f" {name} it"
    if operand == "out":
        return f"its output `{aspect}` ", "used" if value == "used" else "unused", ""
    if operand and aspect in _OPERANDS:
        return _OPERANDS[aspect](operand, value)
    if (name, value) in WORDS:
        return "", WORDS[name, value], ""
    if name[:1].isupper() and not operand:
        return "dtype ", str(value), "" if name in ("T", "V") else f" (`{name}`)"
    return _attribute(name, value)


def _split(words: str) -> Phrase:
    """Return the parts of a phrase around the one that depends on the value, which `|` separates."""
    before, bar, rest = words.partition("|")
    middle, _, after = rest.partition("|")
    return (before, middle, after) if bar else ("", words, "")


def _rank(operand: str, value: Facet) -> Phrase:
    return "rank ", str(value), f" of {operand_noun(operand)}"


def _dims(operand: str, value: Facet) -> Phrase:
    words = " or ".join(DIMS.get(each, each) for each in str(value).split("|"))
    return "", words, f" in {operand_noun(operand)}"


def _from(operand: str, value: Facet) -> Phrase:
    return f"{operand_noun(operand)} ", SOURCES.get(value, str(value)), ""


def _value(operand: str, value: Facet) -> Phrase:
    words = {"zeros": "false", "ones": "true"}.get(str(value)) if operand in BOOLEAN else None
    return f"{operand_noun(operand)} ", words or NUMBERS.get(value, str(value)), ""


def _dtype(operand: str, value: Facet) -> Phrase:
    return "dtype ", str(value), f" of {operand_noun(operand)}"


_OPERANDS = {"rank": _rank, "dims": _dims, "from": _from, "value": _value, "dtype": _dtype}
"""The facets that every operand has."""


def _attribute(name: str, value: Facet) -> Phrase:
    """A plain attribute and its value, as they are written in code."""
    if value in OPTIONAL and not isinstance(value, bool):
        return f"`{name}` ", OPTIONAL[value], ""
    if value == "other":
        return f"`{name}` ", "outside -1 to 2", ""
    return f"`{name}=", f'"{value}"' if isinstance(value, str) and name not in ("to", "dtype") else str(value), "`"


def describe_match(when: Condition, facets: Facets) -> str:
    """Describe the facets of a node that meet a condition, after its operator: ` inside a branch of an If with rank 3 of X`."""
    return with_words([phrase(name, facets.get(name)) for name in when])


def with_words(phrases: Iterable[str]) -> str:
    """Return phrases as they follow an operator's name, those about places first; empty without phrases."""
    told = list(dict.fromkeys(phrases))
    places = sorted((words for words in told if words.startswith(PLACES)), key=lambda words: not words.startswith("in its "))
    others = [words for words in told if not words.startswith(PLACES)]
    return "".join(f" {words}" for words in places) + (f" with {listed(others)}" if others else "")


def following(words: str) -> str:
    """Return a condition in words as it follows what it limits: ` with rank 3 of X`, ` inside a branch of an If`."""
    return f"{' ' if words.startswith(PLACES) else ' with '}{words}" if words else ""


def unknown_facet(name: str) -> str:
    """Say which fact is unknown, as a noun: `the rank of X`."""
    operand, _, aspect = name.rpartition(".")
    if name in UNKNOWN:
        return UNKNOWN[name]
    nouns = {"rank": "the rank", "dims": "the dims", "value": "the value", "dtype": "the dtype", "from": "the origin"}
    if operand and aspect in nouns:
        return f"{nouns[aspect]} of {operand_noun(operand)}"
    if name[:1].isupper() and not operand:
        return "the dtype" if name in ("T", "V") else f"the dtype `{name}`"
    return f"`{name}`"


def unknown_facts(names: Sequence[str]) -> str:
    """Say which facts are unknown: `the rank of X is not known`."""
    nouns = list(dict.fromkeys(map(unknown_facet, names)))
    return f"{listed(nouns)} {'is' if len(nouns) == 1 and not nouns[0].startswith('the dims') else 'are'} not known"


_TOLD = frozenset(name for name, _ in WORDS)
"""The facets that have words of their own."""


@functools.cache
def facet_title(name: str) -> str:
    """Return a facet as the title of a list of its values: `rank of X`; empty where its values say what they are."""
    operand, _, aspect = name.rpartition(".")
    derived = (name in FACETS and name not in UNKNOWN) or name in NUMBERED or name in _TOLD
    titled = name in UNKNOWN or (operand and aspect in _OPERANDS) or not operand
    return unknown_facet(name).removeprefix("the ") if titled and not derived else ""


def facet_order(value: Facet) -> tuple[bool, int, str]:
    """Return the key by which values are sorted: numbers in their order, then words."""
    return isinstance(value, str), value if isinstance(value, int) else 0, str(value)


def values_in_words(name: str, values: Iterable[Facet]) -> list[str]:
    """Return a facet's values in words, for a list under its title: `3` and `4` for ranks."""
    found = [parts(name, value) for value in values]
    alike = len({(before, after) for before, _, after in found}) == 1 and bool(found[0][0] + found[0][2])
    return [middle if alike and facet_title(name) else before + middle + after for before, middle, after in found]


def condition_in_words(when: Condition) -> str:
    """Describe a condition in words, without a node: `dtype float64 or int8, and anything but rank 4 of X`."""
    terms = list(dict.fromkeys(_term(name, want) for name, want in when.items()))
    return ", and ".join(terms) if any(" or " in term or ", " in term for term in terms) else listed(terms)


def _term(name: str, want: Any) -> str:
    if not isinstance(want, dict):
        return either(name, want)
    if "not" in want:
        return _neither(name, want["not"]) if want["not"] else f"any {unknown_facet(name).removeprefix('the ')}"
    bounds = " and ".join(f"{word} {want[key]}" for key, word in (("min", "at least"), ("max", "at most")) if key in want)
    before, _, after = parts(name, want.get("min", want.get("max")))
    return f"{before}{bounds}{after}" if before else f"`{name}` {bounds}"


def _neither(name: str, values: Sequence[Facet]) -> str:
    """Say that a facet has none of some values: `axes not constant or left out`, `anything but rank 4 of X`."""
    before = parts(name, values[0])[0]
    said = either(name, values)
    if before.startswith("in "):
        return f"not {said}"
    return f"{before}not {said.removeprefix(before)}" if before.startswith(("`", "the ", "its ")) else f"anything but {said}"


def either(name: str, values: Iterable[Facet], most: int | None = None) -> str:
    """Join the phrases of one facet's values, with what they share written once: `rank 2 or 3 of X`.

    With `most` no more alternatives are listed, and the others are counted.
    """
    wanted = list(dict.fromkeys(values))
    groups: dict[tuple[str, str], list[str]] = {}
    for before, middle, after in _covered(name, wanted):
        groups.setdefault((before, after), []).append(middle)
    left = most if most is not None else len(wanted)
    said, hidden = [], 0
    for (before, after), middles in groups.items():
        shown = _ranges(_shortened(list(dict.fromkeys(middles))))
        hidden += len(shown[left:])
        if shown[:left]:
            said.append(f"{before}{(', '.join if shown[left:] else _or)(shown[:left])}{after}")
        left = max(left - len(shown), 0)
    return f"{', '.join(said)} and {hidden} more form{'s' if hidden > 1 else ''}" if hidden else _or(said)


def _covered(name: str, values: list[Facet]) -> list[Phrase]:
    """Return the phrases of values; those that one phrase covers together have only that one."""
    operand, _, aspect = name.rpartition(".")
    out: list[Phrase] = []
    for covered, words in _SETS.get(aspect, ()) if operand or name in ("axes", "foldable") else ():
        if covered <= set(values):
            before, _, after = parts(name, next(iter(covered))) if operand else ("", "", "")
            out.append((before, words, after))
            values = [value for value in values if value not in covered]
    return [*out, *(parts(name, value) for value in values)]


def _shortened(words: list[str]) -> list[str]:
    """Return alternatives of which several are `computed`, those last and the word said once; `equal to 0` likewise."""
    for shared in ("computed ", "equal to "):
        same = [word for word in words if word.startswith(shared)]
        if len(same) > 1:
            words = [*(word for word in words if word not in same), same[0], *(word.removeprefix(shared) for word in same[1:])]
    return words


def _ranges(words: list[str]) -> list[str]:
    """Return numbers of which three or more follow each other as one range, `2 to 5`; other words as they are."""
    if len(words) < ALTERNATIVES or not all(word.isdigit() for word in words):
        return words
    numbers = sorted(map(int, words))
    out: list[str] = []
    while numbers:
        end = next((at for at, number in enumerate(numbers) if number != numbers[0] + at), len(numbers))
        out += [f"{numbers[0]} to {numbers[end - 1]}"] if end >= ALTERNATIVES else map(str, numbers[:end])
        numbers = numbers[end:]
    return out


def _or(words: Sequence[str]) -> str:
    return " or ".join([*([", ".join(words[:-1])] if words[:-1] else []), *words[-1:]])


def listed(words: Sequence[str]) -> str:
    """Join words as a list in a sentence: `a, b and c`."""
    return " and ".join([*([", ".join(words[:-1])] if words[:-1] else []), *words[-1:]])
