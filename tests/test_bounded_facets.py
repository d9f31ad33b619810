"""Sizes as facets: what nodes have, and what tables with bounds say about them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphfix.analysis.facets.node import Facets, facets
from graphfix.analysis.facts import Facts
from graphfix.linter.example import Example
from graphfix.tables.accepted import accepted_forms
from graphfix.tables.entry import Entry
from graphfix.tables.phrases import condition_in_words


def of(nodes: str, **more: str) -> Facets:
    """The facets of the last node of a small model."""
    return facets(Facts.of(Example(nodes, **more).model).nodes[-1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("node", "inputs", "weights", "window"),
    [
        ("y = MaxPool <kernel_shape = [3, 5]> (x)", "float[1,1,8,8] x", "", 15),
        ("y = AveragePool <kernel_shape = [7]> (x)", "float[1,1,8] x", "", 7),
        ("y = Conv (x, w)", "float[1,1,8,8] x", "float[1,1,2,4] w = {1, 1, 1, 1, 1, 1, 1, 1}", 8),
        ("y = Conv (x, w)", "float[1,1,8,8] x, float[1,1,n,m] w", "", None),
        ("y = Conv <kernel_shape = [2, 2]> (x, w)", "float[1,1,8,8] x, float[1,1,n,m] w", "", 4),
    ],
)
def test_a_window_has_as_many_positions_as_its_kernel(node: str, inputs: str, weights: str, window: int | None) -> None:
    assert of(node, inputs=inputs, weights=weights).get("window") == window


def test_a_constant_k_is_a_facet_and_one_that_comes_at_run_time_is_none() -> None:
    assert of("v, y = TopK (x, k)", inputs="float[2,9] x", weights="int64[1] k = {4}")["k"] == 4
    assert of("s = Shape <start = 1> (x)\nv, y = TopK (x, s)", inputs="float[2,9] x")["k"] == 9
    assert "k" not in of("v, y = TopK (x, k)", inputs="float[2,9] x, int64[1] k")


def test_the_size_of_an_lrn_is_even_or_odd() -> None:
    found = of("y = LRN <size = 4> (x)", inputs="float[1,8,2,2] x")
    assert (found["size"], found["size.even"]) == (4, True)


def entry(folder: Path, **more: object) -> Entry:
    """A table that rejects a `k` of 3841 and more, and was measured up to 5000."""
    rule = {"id": "k", "kind": "attribute", "when": {"k": {"min": 3841}}, "stage": "build", "said": "too large",
            "probes": {"for": 3, "against": 0}}  # fmt: skip
    data = {
        "op": "TopK", "domain": "", "measured": {"compiler": "c 1", "on": "2026-01-01", "probes": 9},
        "axes": {"k": [3, 5000], "since": [11], "largest": [0, 1]}, "rejects": [rule], "exceptions": [], **more,
    }  # fmt: skip
    path = folder / "TopK.json"
    path.write_text(json.dumps(data))
    return Entry.read(path)


@pytest.mark.parametrize(("k", "verdict"), [(1, "supported"), (3840, "supported"), (3841, "rejected"), (90_000, "rejected")])
def test_a_bound_decides_about_sizes_that_were_never_probed(k: int, verdict: str, tmp_path: Path) -> None:
    assert entry(tmp_path).rule({"since": 11, "k": k}).verdict == verdict


def test_a_node_whose_size_is_not_known_is_within_the_bounds(tmp_path: Path) -> None:
    assert entry(tmp_path).rule({"since": 11}).verdict == "supported"


def test_an_exception_is_about_a_form_of_any_size(tmp_path: Path) -> None:
    alone = {"facets": {"since": 11, "largest": 0}, "verdict": "rejected"}
    found = entry(tmp_path, exceptions=[alone])
    assert found.rule({"since": 11, "largest": 0, "k": 7}).verdict == "rejected"
    assert found.rule({"since": 11, "largest": 1, "k": 7}).verdict == "supported"


def test_a_finding_says_the_largest_size_that_is_accepted(tmp_path: Path) -> None:
    table = entry(tmp_path)
    facets = {"since": 11, "k": 4000}
    ruling = table.rule(facets)
    assert ruling.evidence is not None
    assert accepted_forms("tensorrt", table, ruling.evidence, facets, "TopK") == "a `k` of at most 3840"
    assert condition_in_words({"window": {"min": 100000}}) == "a window of at least 100000 positions"
