"""Facets that are a matter of some targets only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphfix.analysis.values import Facet
from graphfix.probe.build import probes
from graphfix.probe.choice import for_target
from graphfix.probe.form import Form, data, weight
from graphfix.probe.forms.loading import late
from graphfix.tables.table import Table
from graphfix.tables.target_facets import facets_for_target, is_loader, loading_facets
from graphfix.tables.versions import targets

FACETS: dict[str, Facet] = {"since": 13, "A.dims": "dynamic", "clashes": True, "followed": "none"}


CASES = [("tflite", set(FACETS)), ("tflite@2.6.9", set(FACETS)), ("tract", {"since", "A.dims"})]


@pytest.mark.parametrize(("target", "names"), CASES)
def test_only_runtimes_that_load_with_ones_heed_them(target: str, names: set[str]) -> None:
    assert set(facets_for_target(target, FACETS)) == names


def test_a_table_of_another_target_is_not_asked_about_them(tmp_path: Path) -> None:
    measured = {"compiler": "x 1", "on": "2026-01-01", "probes": 3}
    entry = {"op": "MatMul", "domain": "", "measured": measured, "axes": {"since": [13]}, "rejects": []}
    (tmp_path / "MatMul.json").write_text(json.dumps(entry))
    asked: dict[str, Facet] = {"since": 13, "clashes": True}
    rulings = {name: Table(name, "1", tmp_path, {}).rule("MatMul", "", asked) for name in ("tract", "tflite")}
    assert rulings["tract"].verdict == "supported"
    assert rulings["tflite"].verdict == "unmeasured"


def test_probes_show_each_target_what_it_heeds() -> None:
    found = probes([Form("MatMul", {"A": data(3, 4), "B": weight(4, 5)})]).probes
    assert all("clashes" in probe.facets for probe in for_target("tflite", found))
    assert all(loading_facets().isdisjoint(probe.facets) for probe in for_target("openvino", found))
    assert [name for name in targets() if is_loader(name)] == ["tflite"]


def test_sizes_that_only_running_decides_are_asked_of_those_runtimes_alone() -> None:
    found = probes([late("Add", "n,m", "cut")]).probes
    assert found
    assert for_target("tflite", found)
    assert not for_target("tract", found)
