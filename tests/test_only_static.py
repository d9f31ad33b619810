"""GF302: a compiled model that runs only with its dynamic dims at one size, from the tables and from the compiler."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import onnx
import pytest

from graphfix.backends import toolchain
from graphfix.backends.compile.resized_runs import SizedRun, resized_findings
from graphfix.backends.verdict import Resized, Verdict
from graphfix.cli.app import main
from graphfix.linter.diagnostics import RESIZED, Finding, Result, Severity
from graphfix.linter.engine import judge
from graphfix.linter.example import Example
from graphfix.linter.fix_rules import FixRule
from graphfix.linter.next_step import advise
from graphfix.report.verdict_matrix import rejected_nodes
from graphfix.rewriting.verdict_comparison import errors
from graphfix.tables.resized import only_static, resized_table
from graphfix.tables.table import table

RULES = Path(__file__).parent.parent / "fixtures" / "rules"
DYNAMIC = Example("y = Neg(x)", inputs="float[n,3] x")


def findings(example: Example) -> list[Finding]:
    (result,) = judge(example.model, ["demo"], home=RULES)
    return [finding for finding in result.findings if finding.code == "GF302"]


def test_it_is_an_error_and_the_model_stays_accepted() -> None:
    (result,) = judge(DYNAMIC.model, ["demo"], home=RULES)
    (found,) = [finding for finding in result.findings if finding.code == "GF302"]
    assert (found.severity, found.kind, result.verdict) == (Severity.ERROR, RESIZED, "accepted")
    assert found.message == "`Neg` compiles on Demo, but runs only with its dynamic dims set to 1"
    assert found.measured == 'demo 1.0, 2 probes: "cannot resize Neg"'
    assert found.rewrite is not None
    assert found.rewrite.name == "freeze-dims"
    assert rejected_nodes(result) == "none; 1 only at fixed sizes"


@pytest.mark.parametrize(
    "example",
    [
        Example("y = Neg(x)"),
        Example("k = Constant<value = float[2] {1.0, 2.0}>()\na = Neg(k)\ny = Relu(x)", inputs="float[n,3] x"),
        Example("y = Relu(x)", inputs="float[n,3] x"),
    ],
)
def test_fixed_sizes_and_other_operators_have_no_such_finding(example: Example) -> None:
    assert findings(example) == []


def test_the_next_step_names_sizes() -> None:
    (result,) = judge(DYNAMIC.model, ["demo"], home=RULES)
    advise(DYNAMIC.model, [result], lambda model, targets: judge(model, targets, home=RULES))
    assert result.next is not None
    assert list(result.next.words) == ["--shape", "x=1x3"]
    assert (result.next.before, result.next.after) == (1, 0)


def test_no_rewrite_answers_it_and_it_is_no_reason_to_change_a_model() -> None:
    (result,) = judge(DYNAMIC.model, ["demo"], home=RULES)
    assert not FixRule("*").answers("Neg", RESIZED, "GF302")
    assert errors([result]) == 0


def test_the_table_tells_failures_from_other_results() -> None:
    known = resized_table(table("demo", RULES))
    assert known is not None
    found = only_static(known, "Neg", "", {"T": "float32"})
    assert found is not None
    assert found[1]
    assert only_static(known, "Relu", "", {}) is None


def test_few_probes_are_a_note_with_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    known = table("demo", RULES)
    monkeypatch.setitem(known.entries, ("Neg", ""), dataclasses.replace(known.entry("Neg"), active=True))  # type: ignore[type-var]
    (found,) = findings(DYNAMIC)
    assert found.severity is Severity.NOTE
    assert found.message == "`Neg` compiles on Demo, but may run only with its dynamic dims set to 1 (2 of 2 probes)"


def verdict(found: Resized | None) -> Verdict:
    return Verdict(True, "ok", resized=found)


RUNS = [SizedRun(Path("a.npz"), "x=1x64"), SizedRun(Path("b.npz"), "x=2x24")]


def test_a_failure_names_the_sizes_and_quotes_the_runtime() -> None:
    result = Result("m.onnx", "tflite", "2.6.9", 1)
    (found,) = resized_findings(result, verdict(Resized("fails", 1, "Node number 3 (CONV_2D) failed to prepare.")), RUNS)
    assert (found.code, found.severity) == ("GF302", Severity.ERROR)
    assert "does not run at x=2x24" in found.message
    assert "CONV_2D" in found.measured
    (other,) = resized_findings(result, verdict(Resized("wrong", 0, error=0.5)), RUNS)
    assert "computes something else (by 0.5 of the outputs' scale) at x=1x64" in other.message
    assert resized_findings(result, verdict(None), RUNS) == []


def test_a_model_that_runs_contradicts_the_table() -> None:
    foreseen = Finding("GF302", "only-static", Severity.ERROR, "tflite", "`Neg` …", kind=RESIZED)
    result = Result("m.onnx", "tflite", "2.6.9", 1, [foreseen])
    (found,) = resized_findings(result, verdict(Resized("works", 1)), RUNS)
    assert found.code == "GF902"
    assert "it runs at x=1x64 and at x=2x24" in found.message
    assert result.findings == []
    result.findings = [dataclasses.replace(foreseen, severity=Severity.NOTE)]
    assert resized_findings(result, verdict(Resized("works", 1)), RUNS) == []
    assert result.findings == []


@pytest.mark.compiler
@pytest.mark.parametrize(("rank", "code"), [(3, 1), (4, 0)])
def test_tflite_tries_two_sizes(rank: int, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if toolchain.find("tflite") is None:
        pytest.skip("tflite is not installed")
    spatial = ", ".join(f"s{at}" for at in range(rank - 2))
    ones = ", ".join(["1"] * (rank - 2))
    text = (
        f'<ir_version: 8, opset_import: ["" : 17]> g (float[n, 2, {spatial}] x) => (float[n, 3, {spatial}] y)'
        f" <float[3, 2, {ones}] w = {{1, 2, 3, 4, 5, 6}}> {{ y = Conv<kernel_shape = [{ones}]>(x, w) }}"
    )
    path, out = tmp_path / "model.onnx", tmp_path / "out.tflite"
    onnx.save(onnx.parser.parse_model(text), path)
    assert main(["compile", str(path), "-t", "tflite", "-o", str(out), "--isolated", "--output-format", "json"]) == code
    (result,) = json.loads(capsys.readouterr().out)["results"]
    told = [finding["message"] for finding in result["findings"] if finding["code"] == "GF302"]
    assert any("the compiled model does not run at x=" in message for message in told) == bool(code)
    assert out.exists()
    assert result["compiler"]["accepted"]
