"""Reports that name the lines of Python: golden files, places of files recorded elsewhere, and bounds on their size."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sarif_schema import sarif_schema

from graphfix.ir.source_location import SourceLocation
from graphfix.linter.diagnostics import Finding, Fix, Result, Severity, SuppressedFinding, number_duplicates
from graphfix.linter.formats import FORMATS
from graphfix.report import renderer
from graphfix.report.changes import render_changes, render_why
from graphfix.report.file_uris import recorded
from graphfix.report.notebook import html
from graphfix.report.text import render as render_text
from graphfix.version import VERSION

GATE = Finding(
    "GF101", "unsupported-operator", Severity.ERROR, "demo", "Demo does not support `Mish`", node="node_mish", op="Mish",
    output="m", kind="operator", evidence="demo/Mish/unsupported", measured="demo 1.0, 4 probes",
    rewrite=Fix("decompose-mish", "exact"),
)  # fmt: skip
MANY = [
    dataclasses.replace(
        GATE, node=f"node_mish_{n}", output=f"m{n}", source=SourceLocation(f"encoder.layers.{n}.gate", "/home/me/net/gate.py", 88)
    )
    for n in range(25)
]
TRACED = dataclasses.replace(
    GATE, node="/encoder/gate/Mish", op="Erf", message="`Erf` too", source=SourceLocation("encoder.gate")
)
ELSEWHERE = dataclasses.replace(
    GATE, scope=("then_branch of If_3",), op="Tan", message="`Tan` too", evidence="demo/Tan/unsupported",
    source=SourceLocation("", "C:\\net\\a,b.py", 3),
)  # fmt: skip
WHOLE = dataclasses.replace(
    GATE, op="Cos", message="`Cos` too", evidence=None, source=SourceLocation("head", "/home/me/net/head.py")
)
PROMPT = dataclasses.replace(GATE, op="Sin", message="`Sin` too", evidence=None, source=SourceLocation("head", "<stdin>", 4))
PLAIN = [name for name in FORMATS if name != "model-explorer"]


def own(findings: list[Finding]) -> list[Finding]:
    return number_duplicates([dataclasses.replace(finding) for finding in findings], "demo")


def result(*findings: Finding) -> Result:
    return Result("models/gated.onnx", "demo", "1.0", 40, own(list(findings)), called="demo")


def everything() -> Result:
    told = result(*MANY, TRACED, ELSEWHERE, WHOLE, PROMPT)
    told.silenced = [SuppressedFinding(dataclasses.replace(MANY[0], message="`Mish` is known"), "settings", "waits")]
    return told


def rendered(name: str, *told: Result) -> str:
    out = io.StringIO()
    renderer(name)(told, out)
    return out.getvalue().replace(VERSION, "VERSION")


@pytest.mark.parametrize("name", PLAIN)
def test_format_with_sources_is_as_recorded(name: str, golden: Callable[[str, str], None]) -> None:
    text = rendered(name, everything())
    if name == "sarif":
        (run,) = json.loads(text)["runs"]
        text = json.dumps(run["results"], indent=1) + "\n"
    golden(f"sources.{name}", text)


def test_full_text_names_every_line(golden: Callable[[str, str], None]) -> None:
    out = io.StringIO()
    render_text([everything()], out, full=True)
    assert all(f"encoder.layers.{n}.gate (gate.py:88)" in out.getvalue() for n in range(25))
    golden("sources.full", out.getvalue())


def test_json_has_the_origin_or_null() -> None:
    (told,) = json.loads(rendered("json", result(MANY[0], WHOLE, GATE)))["results"]
    assert [finding["source"] for finding in told["findings"]] == [
        {"module": "encoder.layers.0.gate", "file": "/home/me/net/gate.py", "line": 88},
        {"module": "head", "file": "/home/me/net/head.py", "line": None},
        None,
    ]


def test_a_fingerprint_does_not_hang_on_lines() -> None:
    assert len({dataclasses.replace(GATE, source=source).fingerprint for source in (None, SourceLocation("a", "b.py", 1))}) == 1


def test_one_paragraph_names_the_lines_of_the_nodes_it_shows() -> None:
    text = rendered("text", result(*MANY))
    assert text.count("gate.py:88") == 1, "as many places as there is room for, on one line"
    assert "node_mish_0 in encoder.layers.0.gate (gate.py:88) and 24 more" in text


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_sources_keep_to_the_width_and_the_screen(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    causes = [
        dataclasses.replace(
            MANY[0], evidence=str(n), node="n" * 60, source=SourceLocation("encoder." * 20, "/a/" + "m" * 80 + ".py", n)
        )
        for n in range(40)
    ]
    bare = [dataclasses.replace(finding, source=None) for finding in causes]
    told, without = (rendered("text", *(result(*found) for _ in range(4))).splitlines() for found in (causes, bare))
    assert max(map(len, told)) <= columns
    assert len(told) == len(without), "naming lines costs none"


def test_sarif_with_sources_is_valid_by_the_official_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = sarif_schema()
    if schema is None:
        pytest.skip("the schema cannot be fetched here")
    log = json.loads(rendered("sarif", everything()).replace("VERSION", VERSION))
    assert not list(jsonschema.Draft4Validator(schema).iter_errors(log))


def test_a_file_below_here_is_named_as_the_repository_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = dataclasses.replace(GATE, source=SourceLocation("encoder", str(tmp_path / "src" / "net.py"), 7))
    (run,) = json.loads(rendered("sarif", result(here)))["runs"]
    (found,) = run["results"]
    (place,) = found["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "src/net.py"}, "region": {"startLine": 7}}
    assert [(one["kind"], one["fullyQualifiedName"]) for one in place["logicalLocations"]] == [
        ("node", "node_mish"), ("module", "encoder"),
    ]  # fmt: skip
    (model,) = found["relatedLocations"]
    assert model["physicalLocation"] == {"artifactLocation": {"uri": "models/gated.onnx"}}
    assert rendered("github", result(here)).startswith("::error file=src/net.py,line=7,title=")


def test_github_annotates_the_model_where_no_file_is_known() -> None:
    for finding in (GATE, TRACED, PROMPT):
        assert rendered("github", result(finding)).startswith("::error file=models/gated.onnx,title=")
    assert rendered("github", result(WHOLE)).startswith("::error file=/home/me/net/head.py,title="), "no line is made up"
    assert rendered("github", result(ELSEWHERE)).startswith("::error file=C%3A/net/a%2Cb.py,line=3,title=")


@pytest.mark.parametrize(
    ("model", "file"),
    [
        ("nets.gate:make", "nets/gate.py"),
        ("nets:make", "nets/__init__.py"),
        ("nets/gate.py:make", "nets/gate.py"),
        ("no.such:make", "no/such.py"),
        ("models/gated.onnx", "models/gated.onnx"),
    ],
)
def test_a_factory_stands_for_its_python_file(model: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets").mkdir()
    for name in ("gate.py", "__init__.py"):
        (tmp_path / "nets" / name).touch()
    told, failed = dataclasses.replace(result(GATE, MANY[0]), model=model), Result(model, "demo", "1.0", error="it fails")
    (run,) = json.loads(rendered("sarif", told, failed))["runs"]
    bare, placed = run["results"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    places = (bare["locations"][0], placed["relatedLocations"][0], notification["locations"][0])
    assert [place["physicalLocation"]["artifactLocation"]["uri"] for place in places] == [file] * 3
    lines = rendered("github", dataclasses.replace(told, findings=[GATE]), failed).splitlines()
    assert [line.partition(",title=")[0] for line in lines] == [f"::error file={file}"] * 2


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("/build/agent/net/src/gate.py", "src/gate.py"),
        ("C:\\work\\net\\src\\gate.py", "src/gate.py"),
        ("/build/agent/net/top.py", "top.py"),
        ("/build/agent/other/top.py", "/build/agent/other/top.py"),
        ("/build/agent/net/src/missing.py", "/build/agent/net/src/missing.py"),
        ("src/gate.py", "src/gate.py"),
        ("/build/../net/top.py", "top.py"),
        ("/build/net/../top.py", "/build/net/../top.py"),
    ],
)
def test_a_file_recorded_on_another_machine_is_found_in_a_checkout(
    file: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "net"
    (checkout / "src").mkdir(parents=True)
    for name in ("src/gate.py", "top.py"):
        (checkout / name).touch()
    monkeypatch.chdir(checkout)
    recorded.cache_clear()
    assert recorded(file) == found
    recorded.cache_clear()


def test_a_notebook_names_the_line() -> None:
    assert "node_mish_0 in encoder.layers.0.gate (gate.py:88)" in html([result(MANY[0])])


def test_what_remains_names_the_line() -> None:
    told = result()
    entry = {"target": "demo", "code": "GF101", "op": "Mish", "nodes": ["n0", "n1"], "declined": [], "advice": "Export it so."}
    told.why = [entry | {"sources": [{"module": "encoder.gate", "file": "/a/gate.py", "line": 88}, None]}, entry]
    out = io.StringIO()
    render_why([told], out)
    assert "GF101 Mish at n0 in encoder.gate (gate.py:88), n1, demo" in out.getvalue()
    assert "GF101 Mish at n0, n1, demo" in out.getvalue()


def test_changes_name_the_line() -> None:
    told = result()
    source = {"module": "encoder.gate", "file": "/a/gate.py", "line": 88}
    change = {"rewrite": "decompose-mish", "safety": "exact", "node": "n0", "applied": True, "declined": None}
    told.changes = [change | {"source": source}, change | {"applied": False, "declined": "no", "source": None}]
    out = io.StringIO()
    render_changes(told, out)
    assert "decompose-mish (exact) at n0 in encoder.gate (gate.py:88)" in out.getvalue()


def test_what_stops_every_target_alike_is_told_once() -> None:
    failed = Finding("GF506", "export-failed", Severity.ERROR, "", "`tf2onnx`: no ONNX for `Foo`", kind="export")
    told = [
        Result("net.keras", target, "1.0", 0, own([dataclasses.replace(failed, target=target)]))
        for target in ("coreml", "tract", "tflite")
    ]
    out = io.StringIO()
    render_text(told, out)
    assert out.getvalue().count("no ONNX for `Foo`") == 1
    assert out.getvalue().index("rejected by all 3 targets") < out.getvalue().index("GF506")
