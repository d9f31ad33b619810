"""Output formats: golden files, the schemas and escapes of those who read them, and bounds on their size."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sarif_schema import sarif_schema

from graphfix.errors import UsageError
from graphfix.linter.diagnostics import (
    Finding,
    Fix,
    NextStep,
    NodeVerdict,
    Result,
    Severity,
    SuppressedFinding,
    number_duplicates,
)
from graphfix.linter.formats import FORMATS
from graphfix.report import renderer
from graphfix.report.model_explorer import drawn_names
from graphfix.report.text import render as render_text
from graphfix.version import VERSION

CUBIC = Finding(
    code="GF103", name="unsupported-attribute", severity=Severity.ERROR, target="demo",
    message='Demo rejects `Resize` with `mode="cubic"`; it accepts `mode="linear" or "nearest"`',
    scope=("then_branch of If_3",), node="Resize_41", op="Resize", output="up", kind="attribute",
    evidence="demo/Resize/cubic-needs-4d", measured='demo 1.0, 4 probes: "@someone, no | 100%\nreally <no>"',
    rewrite=Fix("resize-through-4d", "exact"),
)  # fmt: skip
MANY = [
    Finding(
        "GF101", "unsupported-operator", Severity.ERROR, "demo", "Demo does not support `Mish`", node=f"Mish_{n}", op="Mish",
        output=f"m{n}", kind="operator", evidence="demo/Mish/unsupported", measured='demo 1.0, 4 probes: "unknown operator"',
    )
    for n in range(25)
]  # fmt: skip
WRONG = Finding(
    "GF301", "wrong-numerics", Severity.WARNING, "demo", "`Erf` computes something else", node="e", op="Erf", output="e"
)
OPEN = Finding(
    "GF109", "unmeasured", Severity.NOTE, "demo", "`Cos` was not measured", node="c", op="Cos", output="c", kind="unmeasured"
)
BOUND = Finding(
    "GF204", "input-bound-control-flow", Severity.NOTE, "demo", "both If nodes depend on input `sr`; bind it with --set sr=16000",
    node="If_3", op="If", output="i", kind="control-flow", cure="--set sr=16000",
)  # fmt: skip
SHAPE = dataclasses.replace(CUBIC, code="GF106", name="dynamic-dimension", scope=(), node="", op="", output="", rewrite=None)


def own(findings: list[Finding], called: str) -> list[Finding]:
    """Findings of one result alone."""
    return number_duplicates([dataclasses.replace(finding) for finding in findings], called)


def results() -> list[Result]:
    """A model on two versions of one target, another on one, one that is fine, and one that is none."""
    rulings = [
        NodeVerdict(("If_3", "then_branch", "Resize_41"), "Resize", "rejected"),
        NodeVerdict(("If_3",), "If", "supported"),
        NodeVerdict(("<node_0>",), "Cos", "unmeasured"),
    ]
    one = Result("models/a b.onnx", "demo", "1.0", 40, own([*MANY, CUBIC, WRONG, OPEN, BOUND], "demo@1.0"), called="demo@1.0")
    two = Result("models/a b.onnx", "demo", "2.0", 40, own([OPEN, BOUND], "demo@2.0"), called="demo@2.0")
    two.silenced = [SuppressedFinding(own([CUBIC], "demo@2.0")[0], "settings", "waits for the vendor: see #12")]
    one.next = two.next = NextStep(values=(("sr", "16000"),), before=26)
    one.rulings, two.rulings = rulings, [dataclasses.replace(ruling, verdict="supported") for ruling in rulings]
    one.graph = two.graph = "main"
    fine = Result("models/fine.onnx", "demo", "1.0", 3, [], called="demo")
    odd = Result("models/odd.onnx", "demo", "1.0", 1, own([SHAPE], "demo"), called="demo")
    none = Result("models/none.onnx", "demo", "1.0", error="models/none.onnx: is empty; export or download the model again")
    return [one, two, fine, odd, none]


def rendered(name: str, told: list[Result]) -> str:
    out = io.StringIO()
    renderer(name, rulings=True)(told, out)
    return out.getvalue().replace(VERSION, "VERSION")


@pytest.mark.parametrize("name", FORMATS)
def test_format_is_as_recorded(name: str, golden: Callable[[str, str], None]) -> None:
    told = results()[:2] if name == "model-explorer" else results()
    text = rendered(name, told)
    if name == "sarif":
        text = json.dumps(json.loads(text), indent=1) + "\n"
        # The words of the rules are theirs, and tested with them.
        text = re.sub(r'("(?:text|markdown)": )"(?!\[).*"', r'\1"..."', text)
    golden(f"report.{name}", text)


def test_full_text_is_as_recorded(golden: Callable[[str, str], None]) -> None:
    out = io.StringIO()
    render_text(results(), out, full=True)
    golden("report.full", out.getvalue())


def test_twenty_five_findings_with_one_cause_are_one_paragraph_with_a_count() -> None:
    text = rendered("text", results()[:1])
    assert text.count("GF101") == 1
    assert "Mish_0, Mish_1 and 23 more" in text
    assert text.index("--set sr=16000") < text.index("GF101"), "what to give before all else comes first"


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_text_keeps_to_its_width_and_to_a_screen(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    long = [
        dataclasses.replace(CUBIC, evidence=str(n), message="`Resize` " + "is rejected " * n, node="x" * 300)
        for n in range(1, 40)
    ]
    lines = rendered("text", [Result("m.onnx", "demo", str(v), 9, long) for v in range(4)]).splitlines()
    assert max(map(len, lines)) <= columns
    assert len(lines) <= 40


def test_versions_of_one_target_are_told_apart_in_every_format() -> None:
    for name in FORMATS:
        text = rendered(name, results()[:2])
        assert "1.0" in text, name
        assert "2.0" in text, name


def test_a_version_that_another_stands_in_for_is_told_from_that_other() -> None:
    asked = ("demo@1.0", "demo@1.5")
    first, second = (Result("m.onnx", "demo", "1.0", 3, own([OPEN], called), called=called) for called in asked)
    assert (first.judge, second.judge) == ("demo 1.0", "demo 1.0 (for 1.5)")
    assert Result("m.onnx", "demo", "1.0.3", called="demo@1.0").judge == "demo 1.0.3"
    for name in ("text", "concise", "markdown", "junit"):
        assert "demo 1.0 (for 1.5)" in rendered(name, [first, second]), name
    assert tuple(told["called"] for told in json.loads(rendered("json", [first, second]))["results"]) == asked


def log() -> dict[str, object]:
    return dict(json.loads(rendered("sarif", results()).replace("VERSION", VERSION)))


def test_sarif_holds_what_the_standard_and_hosts_want() -> None:
    told = log()
    assert (told["version"], len(told["runs"])) == ("2.1.0", 1)  # type: ignore[arg-type]
    (run,) = told["runs"]  # type: ignore[attr-defined]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({"GF101", "GF103", "GF106", "GF109", "GF204", "GF301"})
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"].count("\n\n") >= 1, "the help says why and what instead"
        assert re.fullmatch(r"[A-Z]\w+", rule["name"])
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] in ("models/a%20b.onnx", "models/odd.onnx")
        assert place["physicalLocation"]["region"]["startLine"] == 1
        assert ("logicalLocations" in place) == bool(result["properties"]["operator"])
    prints = [result["partialFingerprints"]["graphfix/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    (suppressed,) = [result for result in run["results"] if "suppressions" in result]
    assert suppressed["suppressions"][0]["justification"] == "waits for the vendor: see #12"
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "is empty" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_sarif_is_valid_by_the_official_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = sarif_schema()
    if schema is None:
        pytest.skip("the schema cannot be fetched here")
    check = jsonschema.Draft4Validator(schema)
    assert not list(check.iter_errors(log()))
    broken = log()
    del broken["runs"][0]["tool"]["driver"]["name"]  # type: ignore[index]
    assert list(check.iter_errors(broken)), "the schema notices what is missing"


def test_an_absolute_path_becomes_relative_where_hosts_look_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inside = dataclasses.replace(results()[3], model=str(tmp_path / "m.onnx"))
    outside = dataclasses.replace(results()[3], model="/elsewhere/m.onnx")
    told = json.loads(rendered("sarif", [inside, outside]))["runs"][0]["results"]
    uris = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in told]
    assert uris == ["m.onnx", "file:///elsewhere/m.onnx"]


def test_github_commands_are_escaped_and_the_gravest_come_first() -> None:
    lines = rendered("github", results()).splitlines()
    assert all(re.match(r"::(error|warning|notice) file=[^,:]+,title=[^,:]+::.", line) for line in lines)
    assert lines[0].startswith("::error file=models/none.onnx")
    levels = [line[2 : line.index(" ")] for line in lines]
    assert levels == sorted(levels, key=("error", "warning", "notice").index)
    (cubic,) = [line for line in lines if "GF103" in line]
    assert "no | 100%25%0Areally <no>" in cubic
    odd = dataclasses.replace(results()[3], model="a,b:c%.onnx")
    assert rendered("github", [odd]).startswith("::error file=a%2Cb%3Ac%25.onnx,title=")


def test_junit_counts_and_holds_what_xml_cannot() -> None:
    strange = dataclasses.replace(SHAPE, message="bell \x07 and <tag> & \ud800")
    root = ElementTree.fromstring(rendered("junit", [*results(), Result("s.onnx", "demo", "1.0", 1, [strange])]).encode())
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite)
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors", "")) == len(suite.findall("testcase/error"))
    assert root.get("failures") == str(sum(int(suite.get("failures", "")) for suite in root)) == "4"
    suites = {suite.get("name"): suite for suite in root}
    assert len(suites["models/fine.onnx [demo 1.0]"]) == 1, "a clean model has a case that passes"
    assert suites["models/none.onnx [demo 1.0]"].find("testcase/error") is not None
    assert "<tag> &" in str(suites["s.onnx [demo 1.0]"].find("testcase/failure").get("message"))  # type: ignore[union-attr]


def test_markdown_has_the_largest_blocker_first_and_mentions_nobody() -> None:
    text = rendered("markdown", results())
    assert text.index("GF101") < text.index("GF103") < text.index("GF301")
    outside = re.sub(r"(`+).+?\1", "", text)
    assert not re.search(r"@\w|#\d", outside)
    assert "<" not in re.sub(r"\\<", "", outside)


def test_markdown_fits_a_comment_however_much_there_is() -> None:
    many = [dataclasses.replace(CUBIC, evidence=str(n), message="`Resize` " + "long " * 200) for n in range(40)]
    text = rendered("markdown", [Result(f"{'m' * 300}{n}.onnx", "demo", "1.0", 9, many) for n in range(300)])
    assert len(text) <= 65_536
    assert "more are left out here" in text
    assert "and 250 more" in text


def test_an_overlay_names_nodes_as_the_adapter_does_and_the_gravest_verdict() -> None:
    data = json.loads(rendered("model-explorer", results()[:2]))
    nodes = data["main"]["results"]
    assert nodes["If_3/then_branch/Resize_41"]["value"] == "rejected by demo@1.0"
    assert nodes["node"]["value"] == "unmeasured by demo@1.0"
    assert {tuple(sorted(node)) for node in nodes.values()} == {("bgColor", "value")}
    assert json.loads(rendered("model-explorer", results()[:1]))["main"]["results"]["node"]["value"] == "unmeasured"


def test_an_overlay_is_for_one_model_that_was_linted() -> None:
    with pytest.raises(UsageError, match="one model"):
        rendered("model-explorer", results()[:3])
    with pytest.raises(UsageError, match="only `graphfix lint`"):
        renderer("model-explorer")


def test_nodes_without_a_name_are_counted_over_the_whole_model_from_the_outside_in() -> None:
    keys = [
        ("<node_0>",), ("<node_1>", "else_branch", "<node_0>"), ("<node_1>", "else_branch", "<node_1>"),
        ("<node_1>", "then_branch", "<node_0>"), ("<node_1>", "then_branch", "node_3"),
        ("<node_1>", "then_branch", "<node_2>"), ("<node_1>",), ("own",),
    ]  # fmt: skip
    assert list(drawn_names(keys).items()) == [
        (("<node_0>",), "node"),
        (("<node_1>",), "node_1"),
        (("<node_1>", "else_branch", "<node_0>"), "node_1/else_branch/node"),
        (("<node_1>", "else_branch", "<node_1>"), "node_1/else_branch/node_2"),
        (("<node_1>", "then_branch", "<node_0>"), "node_1/then_branch/node"),
        (("<node_1>", "then_branch", "node_3"), "node_1/then_branch/node_3"),
        (("<node_1>", "then_branch", "<node_2>"), "node_1/then_branch/node_4"),
        (("own",), "own"),
    ]


@pytest.mark.parametrize("count", [15, 200])
def test_many_models_are_told_together_on_one_screen(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    told = []
    for number in range(count):
        bad = [] if number % 2 else [*MANY, CUBIC, WRONG, BOUND]
        told += [Result(f"models/{number}.onnx", "demo", "1.0", 9, list(bad)), Result(f"models/{number}.onnx", "other", "2.0", 9)]
    text = rendered("text", told)
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.splitlines()) <= 40
    rejected = (count + 1) // 2
    assert f"demo 1.0: {count // 2} accepted, {rejected} rejected" in text
    assert f"other 2.0: {count} accepted" in text
    assert f"in {rejected} models: 0.onnx, 2.onnx and {rejected - 2} more" in text
    assert text.index("--set sr=16000") < text.index("GF101")


@pytest.mark.skipif(os.name != "posix", reason="a terminal is made by pty")
@pytest.mark.parametrize(("given", "coloured"), [("", True), ("1", False)])
def test_a_terminal_is_coloured_unless_no_color_is_set(given: str, coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    import pty

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", given)
    monkeypatch.setenv("COLUMNS", "90")
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as out, os.fdopen(leader, "rb", buffering=0) as seen:
        render_text(results()[2:3], out)
        out.flush()
        text = seen.read(65536).decode()
    assert "models/fine.onnx" in text
    assert ("\x1b[1;32maccepted" in text) == coloured
    assert bool(re.search(r"\x1b\[[\d;]*3\dm", text)) == coloured
