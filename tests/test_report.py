"""Renderers: golden text, the contract's JSON, and findings that keep their fingerprints."""

from __future__ import annotations

import dataclasses
import io
import json

import pytest

from graphfix.errors import UsageError
from graphfix.linter.diagnostics import Finding, Fix, Result, Severity
from graphfix.linter.formats import FORMATS
from graphfix.report import renderer

FINDING = Finding(
    code="GF103", name="unsupported-attribute", severity=Severity.ERROR, target="demo", message="`Resize` is rejected",
    scope=("then_branch of If_3",), node="Resize_41", op="Resize", output="up", kind="attribute",
    evidence="demo/Resize/cubic-needs-4d", measured='demo 1.0, 4 probes: "no"', rewrite=Fix("resize-through-4d", "exact"),
)  # fmt: skip
OPEN = Finding("GF109", "unmeasured", Severity.NOTE, "demo", "`Cos` was not measured", node="c", op="Cos", kind="unmeasured")


def rendered(name: str, *results: Result) -> str:
    out = io.StringIO()
    renderer(name, rulings=True)(results, out)
    return out.getvalue()


def result(*findings: Finding, **more: object) -> Result:
    return Result("m.onnx", "demo", "1.0", 3, list(findings), **more)  # type: ignore[arg-type]


def test_verdict_follows_from_findings() -> None:
    assert result().verdict == "accepted"
    assert result(OPEN).verdict == "undecided"
    assert result(OPEN, FINDING).verdict == "rejected"
    assert result(error="no").verdict is None


def test_json_is_the_contracts_object() -> None:
    document = json.loads(rendered("json", result(FINDING)))
    assert set(document) == {"schema", "graphfix", "results"}
    (told,) = document["results"]
    assert {"model", "target", "target_version", "verdict", "compiler", "nodes", "findings", "error"} == set(told)
    (finding,) = told["findings"]
    assert finding["scope"] == ["then_branch of If_3"]
    assert finding["rewrite"] == {
        "name": "resize-through-4d",
        "safety": "exact",
        "rewrites": ["resize-through-4d"],
        "fixed": 0,
        "of": 0,
    }
    assert len(finding["fingerprint"]) == 16


def test_json_of_a_fix_holds_changes_verification_and_output() -> None:
    told = json.loads(rendered("json", result(changes=[{"rewrite": "r"}], verification={"inputs": 4}, output="f.onnx")))
    assert {"changes", "verification", "output"} <= set(told["results"][0])


def test_concise_is_one_finding_a_line() -> None:
    assert rendered("concise", result(FINDING)).splitlines() == [
        "m.onnx: then_branch of If_3 / Resize_41: error GF103 [demo] `Resize` is rejected",
        "m.onnx: rejected [demo 1.0]",
    ]


def test_text_is_as_recorded() -> None:
    assert rendered("text", result(FINDING, OPEN)) == (
        "m.onnx: rejected by demo 1.0, 1 of 3 nodes\n"
        "  error   GF103 unsupported-attribute  `Resize` is rejected\n"
        "    at        then_branch of If_3 / Resize_41\n"
        '    measured  demo 1.0, 4 probes: "no"\n'
        "    fix       resize-through-4d (exact)\n"
        "  and 1 note; show them with --full\n"
        "1 rejected. Found 1 error, 1 note. 1 may be fixable with `graphfix fix`.\n"
    )


def test_markup_in_names_is_printed_as_it_is() -> None:
    odd = dataclasses.replace(FINDING, node="[bold]x[/bold]", message="`[red]` is rejected")
    assert "[bold]x[/bold]" in rendered("text", result(odd))
    assert "`[red]`" in rendered("text", result(odd))


def test_fingerprint_survives_renamed_nodes_and_new_messages() -> None:
    assert dataclasses.replace(FINDING, node="Resize_99", message="other").fingerprint == FINDING.fingerprint
    assert dataclasses.replace(FINDING, output="other").fingerprint != FINDING.fingerprint
    assert dataclasses.replace(FINDING, target="other").fingerprint != FINDING.fingerprint


def test_unknown_format_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean `json`"):
        renderer("jsn")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_an_unreadable_model(name: str) -> None:
    rendered(name, result(error="m.onnx: is empty"))
