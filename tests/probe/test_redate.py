"""Probes are written in the newest opset that their target reads."""

from __future__ import annotations

from typing import Any

import pytest
from onnx import parser

from graphfix.probe.build import Probe
from graphfix.probe.choice import for_target
from graphfix.probe.redate import readable
from graphfix.probe.subject import key_of

CAST = "Y = Cast<to = 7>(X)"
NEW = "z = Cast<to = 27>(X) Y = Cast<to = 7>(z)"
"""It has a dtype that no older version of Cast makes."""


def probe(body: str, *varied: str) -> Probe:
    """A probe of a Cast in opset 28."""
    model = parser.parse_model(f'<ir_version: 14, opset_import: ["" : 28]> g (float[3] X) => (int64[3] Y) {{ {body} }}')
    return Probe("Cast", "asked", varied, model, key_of("Cast", model) or {})


def versions(found: list[Probe]) -> list[Any]:
    """The opset and the operator's version of each probe."""
    return [(one.model.opset_import[0].version, one.facets["since"]) for one in found]


def test_a_probe_in_a_newer_opset_is_written_in_one_that_the_target_reads() -> None:
    found = readable(probe(CAST, "dims"), 26)
    assert versions(found) == [(26, 25)]
    assert found[0].model.ir_version < 14
    assert versions(readable(probe(CAST, "dims"), 28)) == [(28, 28)]


def test_the_usual_form_is_asked_in_both() -> None:
    found = readable(probe(CAST), 26)
    assert versions(found) == [(26, 25), (28, 28)]
    assert [(one.label, one.varied) for one in found] == [("asked", ()), ("since=28", ("since",))]


@pytest.mark.parametrize(("body", "varied"), [(CAST, "since"), (NEW, "T1")])
def test_a_probe_stays_that_is_about_its_version_or_cannot_be_written_in_another(body: str, varied: str) -> None:
    assert versions(readable(probe(body, varied), 26)) == [(28, 28)]


def test_only_targets_that_state_an_opset_are_asked_in_it() -> None:
    assert versions(for_target("ncnn", [probe(CAST, "dims")])) == [(26, 25)]
    assert versions(for_target("tract", [probe(CAST, "dims")])) == [(28, 28)]
