"""Pairs of changes: each brings two facets' values together that no probe had, and they show what no single change shows."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import pytest

from graphfix.backends.toolchain import Toolchain
from graphfix.backends.verdict import Verdict
from graphfix.probe import active_run
from graphfix.probe import run as running
from graphfix.probe.active_run import probe_actively
from graphfix.probe.measure import Evidence
from graphfix.probe.pairs import LEAST, combined, facet_pairs, is_pair, pair_probes, wanted
from graphfix.probe.recipe import Draft, recipes, variants_of
from graphfix.probe.write import read_archive
from graphfix.tables.entry import Entry


class Compiler:
    """A compiler that rejects doubles of rank 5 and takes either alone."""

    version = "1.2.3"

    def ask(self, model: Path, **_: Any) -> Verdict:
        for value in onnx.load(model).graph.input:
            kind = value.type.tensor_type
            if kind.elem_type == onnx.TensorProto.DOUBLE and len(kind.shape.dim) == 5:
                return Verdict(False, "convert", "no doubles of rank 5")
        return Verdict(True, "ok")


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[Evidence], list[Evidence]]]:
    """The folder of tables, and the evidence about Elu before and after pairs."""
    home = tmp_path_factory.mktemp("tables")

    @contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Compiler]:
        yield Compiler()

    with pytest.MonkeyPatch.context() as patch:
        for module in (running, active_run):
            patch.setattr(module, "open_backend", opened)
        patch.setattr("graphfix.backends.toolchain.find", lambda name, version=None: Toolchain("python", "1.2.3"))
        running.run("tract", ["Elu"], home=home)
        before = list(read_archive(home / "tract" / "1.2.3"))
        probe_actively("tract", ["Elu"], home=home)
        yield home, before, list(read_archive(home / "tract" / "1.2.3"))


def test_what_only_two_values_together_are_rejected_for_is_found(evidence: tuple[Path, list[Evidence], list[Evidence]]) -> None:
    home, before, after = evidence
    assert not any(row.verdict == "rejected" for row in before)
    usual = next(row.facets for row in after if row.label == "usual")
    table = Entry.read(home / "tract" / "1.2.3" / "Elu.json")
    assert table.rule({**usual, "T": "float64", "X.rank": 5}).verdict == "rejected"
    assert table.rule({**usual, "T": "float64"}).verdict == "supported"
    assert table.rule({**usual, "X.rank": 5}).verdict == "supported"


def test_a_pair_brings_values_together_that_were_not(evidence: tuple[Path, list[Evidence], list[Evidence]]) -> None:
    _, before, _ = evidence
    met = set().union(*(facet_pairs(row.facets) for row in before))
    found = pair_probes("Elu", "tract", before, {row.digest for row in before})
    assert len(found) > 20
    assert all(" & " in probe.label for probe in found)
    for probe in found:
        fresh = facet_pairs(probe.facets)
        assert fresh - met
        met |= fresh


def test_a_pair_on_which_native_code_crashes_is_left_out(
    evidence: tuple[Path, list[Evidence], list[Evidence]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, before, _ = evidence
    tried = {row.digest for row in before}
    labels = [probe.label for probe in pair_probes("Elu", "tract", before, set(tried))]
    real = Draft.probe
    monkeypatch.setattr(Draft, "probe", lambda self: os.abort() if self.label == labels[3] else real(self))
    again = [probe.label for probe in pair_probes("Elu", "tract", before, set(tried))]
    assert again[:3] == labels[:3]
    assert labels[3] not in again
    assert len(again) > 10


def test_pairs_are_counted_and_not_asked_for_again(evidence: tuple[Path, list[Evidence], list[Evidence]]) -> None:
    _, before, after = evidence
    assert wanted(before) == max(LEAST, len(before))
    had = sum(map(is_pair, after))
    assert had > 20
    assert wanted(after) <= max(LEAST, len(after) - had) - had
    assert len(pair_probes("Elu", "tract", after, {row.digest for row in after})) <= wanted(after)


def test_a_pair_is_built_again_from_its_label(evidence: tuple[Path, list[Evidence], list[Evidence]]) -> None:
    rows = [row for row in evidence[2] if is_pair(row)][:5]
    assert {probe.digest for probe in variants_of(rows)} == {row.digest for row in rows}


def test_the_order_of_pairs_is_the_same_in_every_run() -> None:
    first, second = (list(itertools.islice(combined("Conv"), 40)) for _ in range(2))
    assert [recipe.label for recipe in first] == [recipe.label for recipe in second]
    for recipe in first:
        one, other = recipe.changes
        assert not set(one) & set(other)
        assert any(again.changes == recipe.changes for again in recipes("Conv", recipe.label))
