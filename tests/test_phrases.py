"""Facets and conditions in words: every condition of every table reads as a sentence without the names of facets."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import onnx
import pytest

from graphfix.analysis.facets.words import DIMS, FACETS, NUMBERED, NUMBERS, OPTIONAL, SOURCES
from graphfix.analysis.patterns.words import WORDS
from graphfix.linter.support import distinguishing_facets, operators, tables
from graphfix.tables.accepted import accepted_forms
from graphfix.tables.conditions import holds
from graphfix.tables.entry import Entry
from graphfix.tables.evidence import Evidence
from graphfix.tables.phrases import condition_in_words, either, facet_title, parts, phrase, unknown_facet, with_words
from graphfix.tables.placement import placements
from graphfix.tables.table import Table

ASPECTS = ("rank", "dims", "from", "value", "dtype")
VALUES = {**OPTIONAL, "other": ""}


@functools.cache
def entries() -> list[tuple[Table, str, Entry]]:
    """Every entry of every table, of fallbacks too."""
    found = []
    for table in tables(every=True):
        for among in (table, placements(table)):
            for name in operators([among]) if among is not None else ():
                domain, _, op = name.rpartition(".")
                entry = among.entry(op, domain) if among is not None else None
                if entry is not None:
                    found.append((table, name, entry))
    return found


def conditions() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every condition that a table holds, with the operator's name: of rejections, wrong numerics, fixes and exceptions."""
    for _, name, entry in entries():
        for evidence in (*entry.rejects, *entry.wrong):
            yield name, dict(evidence.when)
            yield from ((name, dict(fix.when)) for fix in evidence.fixed_by)
        yield from ((name, dict(distinguishing_facets(facets, entry))) for facets, *_ in entry.exceptions)


@functools.cache
def attributes() -> frozenset[str]:
    """The names of the attributes of every operator that ONNX defines."""
    return frozenset(name for schema in onnx.defs.get_all_schemas_with_history() for name in schema.attributes)


def faults(words: str, name: str = "") -> list[str]:
    """What is wrong with the words of a condition; nothing in good ones."""
    found = []
    if not words.strip() or words != words.strip():
        found.append("empty, or spaces around")
    bare = re.sub(r"`[^`]*`", "`x`", words)
    if "=" in bare or "|" in bare or "_" in bare or re.search(r"\b(True|False|None)\b", bare):
        found.append("syntax of facets")
    for code in re.findall(r"`([^`]*)`", words):
        key, equals, value = code.partition("=")
        if equals and (key not in attributes() or not value or value in ("True", "False", "None", '"other"')):
            found.append(f"`{code}` is no attribute")
        if "." in code and code.rpartition(".")[2] in ASPECTS and code != "ai.onnx.ml":
            found.append(f"the facet `{code}`")
    terms = re.split(r",? and (?!fixed dims|-1|\d)", words)
    if len(set(terms)) < len(terms):
        found.append("a part twice")
    for term in terms:
        alternatives = re.split(
            r",? or |, ", re.sub(r"`[^`]*`", lambda code: code[0].replace(", ", ";").replace(" or ", ";"), term)
        )
        if len(set(alternatives)) < len(alternatives):
            found.append(f"an alternative twice in `{term}`")
    if re.search(r"\b(\w+) \1\b", words):
        found.append("a word twice")
    return [f"{name}: {fault}: {words}" for fault in found]


def test_every_condition_of_every_table_reads_as_words() -> None:
    said = {(name.rpartition(".")[2], condition_in_words(when)): name for name, when in conditions() if when}
    assert len(said) > 2000
    assert [fault for (_, words), name in said.items() for fault in faults(words, name)] == []


@pytest.mark.parametrize(
    "words",
    ["", "X.rank = 3", "`mode=True`", "`X.rank` 3", "`opens=divided`", "rank 3 of X and rank 3 of X", "a or a", "inside = branch",
     "constant operands only or constant operands only", "feeds_by none", "the the rank", "thins False"],
)  # fmt: skip
def test_the_test_itself_can_fail(words: str) -> None:
    assert faults(words)


def test_every_value_that_was_probed_has_a_phrase_of_its_own() -> None:
    known = {told for told, _ in WORDS}
    axes: dict[str, set[Any]] = {}
    for _, _, entry in entries():
        for name, values in entry.axes.items():
            axes.setdefault(name, set()).update(value for value in values if value is not None)
    unknown = []
    for name, values in axes.items():
        operand, _, aspect = name.rpartition(".")
        for value in values:
            listed = value in FACETS.get(name, {}) or name in NUMBERED or (name, value) in WORDS
            family = {"from": SOURCES, "dims": DIMS, "value": NUMBERS}.get(aspect) if operand else None
            if not (listed or (name in attributes() and name not in known) or _of_family(operand, aspect, value, family)):
                unknown.append((name, value))
    assert unknown == []


def test_values_of_one_facet_are_told_apart() -> None:
    for _, op, entry in entries():
        for name, values in entry.axes.items():
            said = [phrase(name, value) for value in values if value is not None]
            assert len(set(said)) == len(said), (op, name, sorted(said))


def _of_family(operand: str, aspect: str, value: Any, family: Any) -> bool:
    if family is not None:
        return all(part in family for part in str(value).split("|"))
    return (bool(operand) and (aspect in ("rank", "dtype") or operand == "out")) or (not operand and aspect[:1].isupper())


def test_no_condition_says_the_same_for_what_it_covers_and_what_it_does_not() -> None:
    for _, name, entry in entries():
        for evidence in entry.rejects:
            for facet, want in evidence.when.items():
                axis = entry.axes.get(facet, frozenset())
                rest = [value for value in axis - frozenset(want) if value is not None]
                if rest and set(want) <= axis:
                    assert either(facet, want) != either(facet, rest), (name, facet)


def test_what_is_said_to_be_accepted_is_never_what_is_rejected() -> None:
    told = 0
    for table, name, entry in entries()[::7]:
        for evidence in entry.rejects:
            facets = _a_node(entry, evidence)
            if facets is None:
                continue
            forms = accepted_forms(table.target, entry, evidence, facets, "`Op`")
            rejected = {phrase(facet, facets[facet]) for facet in evidence.when}
            assert forms == "" or forms not in rejected, (table.target, name, evidence.id)
            assert not faults(forms) or not forms, (table.target, name, faults(forms))
            assert len(re.findall(r" or |, ", re.sub(r"`[^`]*`", "", forms))) <= 6, forms
            told += bool(forms)
    assert told > 100


def _a_node(entry: Entry, evidence: Evidence) -> dict[str, Any] | None:
    """Facets of a node that a condition rejects: the usual value of each facet, or the rejected one."""
    facets: dict[str, Any] = {}
    for name, values in entry.axes.items():
        known = [value for value in values if value is not None]
        facets[name] = next((value for value in known if value in ("float32", "static", "runtime", False, "absent")), *known[:1])
    facets.update({name: next(iter(want)) for name, want in evidence.when.items()})
    return facets if holds(evidence.when, facets) else None


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ({"X.rank": [2, 3]}, "rank 2 or 3 of `X`"),
        ({"X.rank": [5, 6, 7]}, "rank 5 to 7 of `X`"),
        ({"X.rank": {"min": 6}}, "rank at least 6 of `X`"),
        ({"X.rank": {"not": [4]}}, "anything but rank 4 of `X`"),
        ({"s.from": {"not": ["constant", "folded"]}}, "`s` not constant or computed from constants"),
        ({"since": [1, 6]}, "in its opset 1 or 6 form"),
        ({"since": {"not": [1, 6]}}, "not in its opset 1 or 6 form"),
        ({"since": [0]}, "no definition in ONNX"),
        ({"s.from": ["absent", "runtime"]}, "`s` left out or computed at run time"),
        ({"s.from": ["cast-shape", "shape"]}, "`s` computed from dynamic dims"),
        ({"s.from": ["cast-shape", "shape", "runtime"]}, "`s` non-constant"),
        ({"s.from": ["folded", "runtime"]}, "`s` computed from constants or at run time"),
        ({"X.dims": ["batch", "dynamic"]}, "a dynamic batch dim or dynamic dims in `X`"),
        ({"X.dims": ["batch", "dynamic", "sequence", "spatial"]}, "any dynamic dim in `X`"),
        ({"mode": ["cubic", "linear"], "T": ["int8"]}, '`mode="cubic" or "linear"`, and dtype int8'),
        ({"mode": ["cubic"], "T": ["int8"]}, '`mode="cubic"` and dtype int8'),
        ({"in2.value": ["zeros"]}, "the third input equal to 0"),
        ({"inside": ["branch"]}, "inside a branch of an `If`"),
        ({"foldable": [True]}, "only constant inputs"),
        ({"foldable": [True, "fixed-shape"]}, "only inputs computed from constants and fixed dims"),
        ({"ceil_mode": [1]}, "`ceil_mode=1`"),
        ({"block_size": ["other", 2]}, "`block_size` outside -1 to 2 or `block_size=2`"),
        ({"T1": ["int8"], "T2": ["int8"]}, "dtype int8 (`T1`) and dtype int8 (`T2`)"),
        ({"opens": ["divided"]}, "dynamic dims that are divided by a size"),
        ({"annotations": ["contradicting", "formula"]},
         "`value_info` that contradicts shape inference or with formulas as dims"),
    ],
)  # fmt: skip
def test_conditions_in_words(when: dict[str, Any], words: str) -> None:
    assert condition_in_words(when) == words


def test_alternatives_are_counted_beyond_a_few() -> None:
    assert either("T", ["float32", "float16", "int8", "int16", "bool"], 3) == "dtype float32, float16, int8 and 2 more forms"
    assert either("T", ["float32", "float16"], 3) == "dtype float32 or float16"


def test_true_and_one_are_different_values() -> None:
    assert phrase("inputs", 1) == "one input"
    assert phrase("spatial", 1) == "1 spatial dim"
    assert (phrase("captures", True), phrase("keepdims", 1)) == ("a subgraph that reads outer values", "`keepdims=1`")


def test_places_follow_the_operator_before_what_it_has() -> None:
    assert with_words(["rank 3 of `X`", "inside a branch of an `If`", "in its opset 7 form"]) == (
        " in its opset 7 form inside a branch of an `If` with rank 3 of `X`"
    )
    assert with_words([]) == ""


@pytest.mark.parametrize(
    ("name", "noun", "title"),
    [
        ("X.rank", "the rank of `X`", "rank of `X`"), ("T", "the dtype", "dtype"), ("T1", "the dtype `T1`", "dtype `T1`"),
        ("mode", "`mode`", "`mode`"), ("branches", "the shape of its branches", "shape of its branches"),
        ("thins", "`thins`", ""),
        ("in1.dims", "the dims of the second input", "dims of the second input"), ("opset", "`opset`", ""),
    ],
)  # fmt: skip
def test_a_facet_that_is_unknown_or_a_title(name: str, noun: str, title: str) -> None:
    assert (unknown_facet(name), facet_title(name)) == (noun, title)


def test_no_phrase_has_an_empty_middle() -> None:
    assert [(name, value) for name, values in FACETS.items() for value in values if not parts(name, value)[1]] == []
