"""The search for the size at which a compiler begins to reject an operator."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import onnx
import pytest

from graphfix.backends.verdict import Verdict
from graphfix.probe.distil import distil
from graphfix.probe.form import Change, Form, Limit, data, numbers
from graphfix.probe.forms import forms
from graphfix.probe.limits import find_limits, limit_probes
from graphfix.probe.measure import Evidence


def chosen(rank: int, k: int) -> Change:
    """A choice of `k` elements."""
    return {"X": data(*[1] * (rank - 1), k), "K": numbers(k)}


def topk(low: int = 1, high: int = 100) -> Form:
    """The form with one limit to search."""
    limits = [Limit("k", "chosen", partial(chosen, 2), low, high)]
    return Form("TopK", {"X": data(2, 8), "K": numbers(3)}, {"axis": -1}, outputs=2, limits=limits)


def evidence(facets: dict[str, Any], verdict: str, varied: tuple[str, ...] = ()) -> Evidence:
    """A row of evidence about a form with these facets."""
    return Evidence("Op", repr(facets), repr(facets), varied, facets, verdict, "ok" if verdict == "works" else "convert", "no")


class Limited:
    """A session that rejects a TopK of more than `most` elements."""

    def __init__(self, most: int, message: str = "too large") -> None:
        self.most, self.message, self.asked = most, message, list[int]()

    def ask(self, model: Path, **_: Any) -> Verdict:
        k = onnx.load(model).graph.initializer[0]
        self.asked.append(int(onnx.numpy_helper.to_array(k)[0]))
        return Verdict(self.asked[-1] <= self.most, "ok" if self.asked[-1] <= self.most else "build", self.message)


@pytest.mark.parametrize("most", [1, 2, 41, 98, 99])
def test_the_bound_is_exact(most: int, tmp_path: Path) -> None:
    rows = find_limits([topk()], Limited(most), "tensorrt", tmp_path / "TopK.jsonl")  # type: ignore[arg-type]
    found = distil(rows)
    assert [rule.when for rule in found.rejects] == [{"k": {"min": most + 1}}]
    assert len(rows) <= 10


def test_without_a_limit_both_ends_are_the_evidence(tmp_path: Path) -> None:
    session = Limited(1000)
    rows = find_limits([topk()], session, "tensorrt", tmp_path / "TopK.jsonl")  # type: ignore[arg-type]
    assert (session.asked, [row.verdict for row in rows]) == ([1, 100], ["works", "works"])


def test_answers_are_not_asked_for_again_and_probes_are_found_by_their_labels(tmp_path: Path) -> None:
    path, session = tmp_path / "TopK.jsonl", Limited(41)
    rows = find_limits([topk()], session, "tensorrt", path)  # type: ignore[arg-type]
    count = len(session.asked)
    assert find_limits([topk()], session, "tensorrt", path) == rows  # type: ignore[arg-type]
    assert len(session.asked) == count
    assert {probe.digest for probe in limit_probes([topk()], [row.label for row in rows])} == {row.digest for row in rows}


def test_what_depends_on_the_machine_is_no_limit(tmp_path: Path) -> None:
    session = Limited(41, "more than 6 GiB of memory")
    rows = find_limits([topk()], session, "tflite", tmp_path / "TopK.jsonl")  # type: ignore[arg-type]
    assert [row.verdict for row in rows] == ["works"]


def test_a_bound_may_hold_for_some_values_of_another_facet_only() -> None:
    sizes = {3: (9, 99, 100, 120), 4: (9, 99, 100, 110), 5: (8, 27, 125)}
    rows = [
        evidence({"since": 1, "X.rank": rank, "window": size}, "rejected" if rank < 5 and size >= 100 else "works", ("window",))
        for rank, several in sizes.items()
        for size in several
    ]
    found = distil(rows)
    assert [rule.when for rule in found.rejects] == [{"X.rank": [3, 4], "window": {"min": 100}}]
    assert found.rejects[0].id == "x-rank-3-4-window-from-100"
    assert found.axes["window"] == [8, 125]


def test_a_rejection_for_another_reason_is_not_blamed_on_the_size() -> None:
    usual = {"since": 1, "T": "float32", "window": 9}
    rows = [
        evidence(usual, "works"), evidence({**usual, "window": 4}, "works"), evidence({**usual, "T": "float16"}, "works"),
        evidence({**usual, "T": "int8", "window": 16}, "rejected", ("T",)), evidence({**usual, "T": "int8"}, "rejected", ("T",)),
        evidence({**usual, "window": 900}, "works", ("window",)),
    ]  # fmt: skip
    assert [rule.when for rule in distil(rows).rejects] == [{"T": ["int8"]}]


def test_labels_tell_the_searches_of_an_operator_apart() -> None:
    for entries in forms().values():
        labels = [limit.label for form in entries if isinstance(form, Form) for limit in form.limits]
        assert len(labels) == len(set(labels))
