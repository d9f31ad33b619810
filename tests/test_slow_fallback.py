"""GF403 beyond its own examples: when it is silent, how grave it is, and that nothing is rewritten for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import graphfix.tables.placement
import graphfix.tables.table
from graphfix.cli.app import main
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.linter.engine import judge
from graphfix.linter.example import Example
from graphfix.linter.fix_rules import FALLBACK, FixRule
from graphfix.linter.support import support, support_lines
from graphfix.rewriting.fixpoint import answering, requested_rewrites
from graphfix.rewriting.verdict_comparison import severity_score
from graphfix.tables.table import Table

RULES = Path(__file__).parent.parent / "fixtures" / "rules"
SLOW = Example("y = Softplus(x)")


def findings(example: Example, home: Path = RULES) -> list[Finding]:
    (result,) = judge(example.model, ["demo"], home=home)
    return [finding for finding in result.findings if finding.code == "GF403"]


def test_a_reference_implementation_is_a_warning_with_its_evidence() -> None:
    (found,) = findings(SLOW)
    assert found.severity is Severity.WARNING
    assert found.evidence == "demo/Softplus/every-form"
    assert found.measured == 'demo 1.0, 2 probes: "Softplus ref"'
    assert found.rewrite is None


def test_staying_outside_the_delegate_is_a_note() -> None:
    (found,) = findings(Example("y = Tanh(x)", inputs="float[n,m] x"))
    assert found.severity is Severity.NOTE
    assert 'probes: "TANH"' in (found.measured or "")


def test_a_model_that_is_slow_is_accepted_all_the_same() -> None:
    (result,) = judge(SLOW.model, ["demo"], home=RULES)
    assert result.verdict == "accepted"


def test_a_model_that_does_not_run_at_all_is_not_called_slow() -> None:
    assert findings(Example("a = Softplus(x)\ny = Mish(a)")) == []


def test_alike_nodes_are_all_named() -> None:
    found = findings(Example("a = Softplus(x)\nb = Neg(a)\ny = Softplus(b)"))
    assert [finding.output for finding in found] == ["a", "y"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(RULES, tmp_path / "rules")
    graphfix.tables.table.table.cache_clear()
    return tmp_path / "rules"


def with_fallback(home: Path, op: str, when: dict[str, object]) -> None:
    """Let the demo compiler run an operator by its reference implementation where a condition holds."""
    source = json.loads((home / "demo" / "1.0" / f"{op}.json").read_text())
    slow = {key: source[key] for key in ("op", "domain", "measured", "axes")}
    rule = {"id": "slow", "kind": "form", "when": when, "stage": "reference", "said": "ref", "probes": {"for": 2, "against": 0}}
    path = home / "demo" / "1.0" / "fallbacks" / f"{op}.json"
    path.write_text(json.dumps(slow | {"fallbacks": [rule], "exceptions": []}))


def test_computations_of_sizes_are_passed_over(home: Path) -> None:
    with_fallback(home, "Shape", {})
    with_fallback(home, "Add", {})
    sizes = Example("y = Shape(x)", inputs="float[n,4] x", outputs="int64 y")
    assert findings(sizes, home) == []
    assert len(findings(Example("y = Add(x, b)", inputs="float[2,3] x, float[2,3] b"), home)) == 1


def test_what_can_be_computed_beforehand_is_passed_over(home: Path) -> None:
    with_fallback(home, "Add", {})
    weights = "float[2,3] k = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}"
    folded = Example("a = Add(k, k)\ny = Relu(a)", inputs="float[2,3] x", weights=weights)
    assert findings(folded, home) == []
    assert len(findings(Example("y = Add(x, b)", inputs="float[2,3] x, float[2,3] b"), home)) == 1


def test_what_is_not_known_or_was_not_asked_is_not_called_slow(home: Path) -> None:
    with_fallback(home, "Add", {"T": ["int64"]})
    double = Example("y = Add(x, b)", inputs="float16[2,3] x, float16[2,3] b", outputs="float16 y")
    assert findings(double, home) == []
    assert len(findings(Example("y = Add(x, b)", inputs="int64[2,3] x, int64[2,3] b", outputs="int64 y"), home)) == 1
    shutil.rmtree(home / "demo" / "1.0" / "fallbacks")
    graphfix.tables.table.table.cache_clear()
    graphfix.tables.placement._opened.cache_clear()
    assert findings(SLOW, home) == []


def test_nothing_is_rewritten_because_it_is_slow() -> None:
    assert answering("Softplus", "attribute", "GF103", None)  # there is one
    assert not answering("Softplus", FALLBACK, "GF403", None)
    assert all(finding.rewrite is None for finding in judge(SLOW.model, ["demo"], home=RULES)[0].findings)
    assert not FixRule("*").answers("Softplus", FALLBACK, "GF403")
    assert FixRule("Softplus", kinds=(FALLBACK,)).answers("Softplus", FALLBACK, "GF403")
    (result,) = judge(SLOW.model, ["demo"], home=RULES)
    assert severity_score([result]) == (0, 0)
    assert requested_rewrites([result]) == {}


def test_slowness_does_not_weigh_against_what_is_wrong() -> None:
    wrong = Finding("GF301", "wrong-numerics", Severity.WARNING, "demo", "off", kind="wrong")
    slow = Finding("GF403", "slow-fallback", Severity.WARNING, "demo", "slow", kind=FALLBACK)
    assert severity_score([Result("m", "demo", "1.0", 1, [wrong, slow])]) == (1, 0)


def test_tables_say_what_runs_an_operator_and_that_nobody_asked() -> None:
    table = Table.open("demo", home=RULES)
    lines = list(support_lines(support("Softplus", table)))
    sort = "in the compiler's reference implementation, element by element"
    assert f"  runs {sort}: in every form  (every-form; 2 of 3 probes asked)" in lines
    assert '      ran as: "Softplus ref"' in lines
    assert "  runs on no fallback in any of the 3 forms asked about" in support_lines(support("Erf", table))
    assert "  what runs it was not measured: Demo runs nothing" in support_lines(support("Relu", table))
    assert not any("runs" in line for line in support_lines(support("Mish", table)))  # it is rejected


@pytest.mark.parametrize("target", ["coreml", "tensorrt", "tract"])
def test_targets_that_cannot_be_asked_say_why(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", target, "Relu"]) == 0
    text = capsys.readouterr().out
    assert "what runs it was not measured: " in text
    assert str(Table.open(target).about["unplaced"]).rstrip(".") in text
