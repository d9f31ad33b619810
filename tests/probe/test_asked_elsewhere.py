"""Variants that other targets were asked about are asked of this one too, and stay in its evidence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphfix.backends.verdict import Verdict
from graphfix.cli.app import main
from graphfix.probe import run as running
from graphfix.probe.asked_elsewhere import asked_elsewhere
from graphfix.probe.form import VARIANT
from graphfix.probe.measure import Evidence
from graphfix.probe.recipe import recipes
from graphfix.probe.write import read_archive, write_evidence


class Lenient:
    """A compiler that takes everything."""

    version = "1.2.3"

    def ask(self, model: Path, **_: Any) -> Verdict:
        return Verdict(True, "ok")


@pytest.fixture(autouse=True)
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Lenient]:
        yield Lenient()

    monkeypatch.setattr(running, "open_backend", opened)


def variant(label: str) -> Evidence:
    draft = next(draft for recipe in recipes("Elu", label) if (draft := recipe.draft()) is not None)
    return Evidence("Elu", draft.digest, label, draft.varied, draft.facets, "rejected", "convert", "no")


def test_a_variant_of_another_target_is_asked_and_asked_again_by_the_next_run(tmp_path: Path) -> None:
    theirs = variant("rank=2 + in front Relu")
    write_evidence(tmp_path / "openvino" / "9.9", [theirs])
    folder = tmp_path / "tract" / "1.2.3"
    running.run("tract", ["Elu"], home=tmp_path)
    assert theirs.digest not in {row.digest for row in read_archive(folder)}
    for elsewhere in (True, False):
        running.run("tract", ["Elu"], home=tmp_path, elsewhere=elsewhere)
        found = {row.digest: row for row in read_archive(folder)}
        assert found[theirs.digest].verdict == "works"
        assert VARIANT in found[theirs.digest].varied


def test_what_brings_facets_together_comes_first_and_what_is_known_not_at_all() -> None:
    had = variant("rank=2 + in front Relu")
    again = replace(had, digest="again")
    fresh = replace(had, digest="fresh", facets={**had.facets, "T": "uint64"})
    assert asked_elsewhere("tract", [had], [had, again, again, fresh]) == [fresh, again]


def test_probes_of_the_forms_are_not_taken_from_others() -> None:
    usual = replace(variant("rank=2 + in front Relu"), varied=("rank",))
    assert asked_elsewhere("tract", [], [usual]) == []


def test_it_goes_with_no_other_way_to_measure() -> None:
    assert main(["probe", "--target", "tract", "--elsewhere", "--check"]) == 2
