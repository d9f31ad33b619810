"""Every code is documented: what, why, an example and a cure; words of the settings mean codes; explain tells it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import onnx
import pytest

import graphfix
from graphfix.cli.app import main
from graphfix.errors import UsageError
from graphfix.linter.check import TableCheck, checks
from graphfix.linter.codes import check_word, codes, matches_any
from graphfix.linter.engine import lint_model
from graphfix.linter.example import Example
from graphfix.linter.outcomes import OUTCOMES
from graphfix.linter.source_outcomes import SOURCE_OUTCOMES

RULES = {check.code: check for check in checks()}


@pytest.mark.parametrize("code", codes())
def test_a_code_says_what_why_an_example_and_a_cure(code: str) -> None:
    told = codes()[code]
    assert told.summary.endswith(".")
    assert "\nWhy: " in told.about
    assert "\nInstead: " in told.about
    assert (code in RULES and RULES[code].invalid) or "\nExample: " in told.about


def test_codes_and_names_are_no_ones_twice() -> None:
    names = [check.name for check in checks()] + [o.name for o in (*OUTCOMES, *SOURCE_OUTCOMES) if o.code not in RULES]
    assert len(set(names)) == len(names) == len(codes())
    assert all(RULES[o.code].name == o.name for o in OUTCOMES if o.code in RULES)


def test_a_word_means_a_code_by_itself_its_name_or_a_prefix() -> None:
    assert matches_any(["GF1"], "GF103", "unsupported-attribute")
    assert matches_any(["x", "unsupported-attribute"], "GF103", "unsupported-attribute")
    assert not matches_any(["GF2", "unsupported"], "GF103", "unsupported-attribute")
    check_word("GF10")
    for word in ("GF", "GF7", "unsupported-atribute"):
        with pytest.raises(UsageError):
            check_word(word)


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["GF901"], "Why: it would hide the same finding"),
        (["stale-baseline"], "GF905"),
        (["gf103"], "Reported:"),
        (["GF503"], "torch.export fails on it"),
        (["size-branch"], "GF509"),
        (["dissolve-if"], "rewrite, needs opset"),
    ],
)
def test_explain_tells_it(words: list[str], part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *words]) == 0
    assert part in capsys.readouterr().out


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["demmo", "Resize"], "did you mean `demo`?"),
        (["demo", "Resise"], "did you mean `Resize`?"),
        (["demo"], "name an operator as well"),
        (["stale-baselin"], "did you mean `stale-baseline`?"),
        (["disolve-if"], "did you mean `dissolve-if`?"),
    ],
)
def test_explain_names_the_nearest_on_a_typo(words: list[str], part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *words]) == 2
    err = capsys.readouterr().err
    assert part in err
    assert len(err.splitlines()) == 1


class Tags(HTMLParser):
    """Holds the tags of a document against each other."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.usefixtures("demo")
def test_a_report_shows_itself_in_a_notebook() -> None:
    model = Example("m = Mish(x)\ny = Mish(m)").model
    model.graph.node[0].name = "a<script>&"
    report = graphfix.lint(model, ["demo", "demo@1.0"])
    text = report._repr_html_()
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert "script" not in tags.seen
    assert "a&lt;script&gt;&amp;" in text
    assert text.count("rejected</b>") == 2
    assert "demo 1.0, 4 probes" in text


def test_every_kind_of_statement_in_the_tables_is_reported_by_a_check() -> None:
    reported = frozenset({"operator"}).union(*(check.kinds for check in checks() if isinstance(check, TableCheck)))
    for path in Path("rules").glob("*/*/*.json"):
        kinds = {entry["kind"] for entry in json.loads(path.read_text())["rejects"]}
        assert kinds <= reported, (path, kinds - reported)


def test_a_model_with_functions_of_its_own_is_rejected_where_the_compiler_does() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17, "local" : 1]> g (float[2] x) => (float[2] y) { y = local.f(x) }
           <opset_import: ["" : 17], domain: "local"> f (a) => (b) { b = Relu(a) }"""
    )
    rejected, accepted = lint_model(model, ["tract", "tensorrt"])
    assert (rejected.verdict, accepted.verdict) == ("rejected", "accepted")
    assert "model-local functions" in rejected.findings[0].message
