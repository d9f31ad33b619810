"""GF113 from the tables: what a compiler runs and cannot write, and that nothing is changed for it unasked."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

import graphfix.tables.artifact
import graphfix.tables.placement
import graphfix.tables.table
from graphfix.backends.base import backend
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.engine import judge
from graphfix.linter.example import Example
from graphfix.linter.fix_rules import ARTIFACT
from graphfix.rewriting.fixpoint import answering, requested_rewrites
from graphfix.rewriting.registry import registry
from graphfix.tables.artifact import FOLDER, FUSED
from graphfix.tables.versions import measured_versions, rules_home, targets

RULES = Path(__file__).parent.parent / "fixtures" / "rules"
ABS = Example("y = Abs(x)")
GELU = "d = Div(x, r)\ne = Erf(d)\na = Add(e, one)\nm = Mul(x, a)\ny = Mul(m, half)"
WEIGHTS = "float r = {1.4142135}, float one = {1.0}, float half = {0.5}"
MEASURED = [
    folder for target in targets() for version in measured_versions(target)
    if (folder := rules_home() / target / version / FOLDER).is_dir()
]  # fmt: skip


def findings(example: Example, target: str = "demo", home: Path | None = RULES) -> list[Finding]:
    (result,) = judge(example.model, [target], home=home)
    assert result.verdict != "rejected" or not [f for f in result.findings if f.code == "GF113"]
    return [finding for finding in result.findings if finding.code == "GF113"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(RULES, tmp_path / "rules")
    for cached in (graphfix.tables.table.table, graphfix.tables.placement._opened, graphfix.tables.artifact._read):
        cached.cache_clear()
    return tmp_path / "rules"


def test_it_is_a_warning_with_the_compilers_words_and_the_model_stays_accepted() -> None:
    (result,) = judge(ABS.model, ["demo"], home=RULES)
    (found,) = [finding for finding in result.findings if finding.code == "GF113"]
    assert (found.severity, result.verdict) == (Severity.WARNING, "accepted")
    assert found.message == "`Abs` is run by Demo 1.0, but cannot be written to a file; load the model as ONNX"
    assert found.measured == 'demo 1.0, 2 probes: "no notation for Abs"'
    assert (found.evidence, found.cure, found.rewrite) == ("demo/Abs/unwritten", "", None)


def test_a_rejected_model_a_folded_node_and_a_node_in_a_branch_have_no_such_finding() -> None:
    assert findings(Example("a = Abs(x)\ny = Mish(a)")) == []
    assert findings(Example("a = Abs(k)\ny = Add(x, a)", weights="float[3] k = {1.0, 2.0, 3.0}")) == []
    branches = "then_branch = t () => (float[2,3] p) { p = Abs(x) }, else_branch = e () => (float[2,3] q) { q = Relu(x) }"
    assert findings(Example(f"y = If(c) <{branches}>", inputs="float[2,3] x, bool c")) == []


def test_the_rewrite_that_made_most_probes_writable_is_named_with_its_count(home: Path) -> None:
    path = home / "demo" / "1.0" / FOLDER / "Abs.json"
    data = json.loads(path.read_text())
    data["rejects"][0]["fixed_by"] = [
        {"rewrites": ["gelu-to-tanh"], "safety": "approximate", "fixed": 5, "of": 6},
        {"rewrites": ["decompose-gelu"], "safety": "exact", "fixed": 1, "of": 6},
    ]
    path.write_text(json.dumps(data))
    (found,) = findings(ABS, home=home)
    assert "`--rewrite gelu-to-tanh --allow approximate` writes it otherwise (5 of 6 probes)" in found.message
    assert found.cure == "--rewrite gelu-to-tanh --allow approximate"


def test_what_stands_beside_a_node_decides_which_chain_is_named(home: Path) -> None:
    path = home / "demo" / "1.0" / FOLDER / "Abs.json"
    data = json.loads(path.read_text())
    chain = {"rewrites": ["simulate-quantization"], "safety": "exact", "fixed": 4, "of": 4}
    data["rejects"][0]["beside"] = [{"side": "before", "op": "Relu", "fixed_by": [chain]}]
    path.write_text(json.dumps(data))
    options = {f.output: f.cure for f in findings(Example("a = Abs(x)\nb = Relu(a)\ny = Abs(b)"), home=home)}
    assert options == {"a": "", "y": "--rewrite simulate-quantization"}


def test_nothing_is_rewritten_for_it_unless_it_is_asked_for_by_name() -> None:
    (result,) = judge(ABS.model, ["demo"], home=RULES)
    assert requested_rewrites([result]) == {}
    assert not answering("Gelu", ARTIFACT, "GF113", None)
    assert answering("Gelu", "operator", "GF101", None)


def test_without_a_measured_list_nothing_is_said(home: Path) -> None:
    shutil.rmtree(home / "demo" / "1.0" / FOLDER)
    assert findings(ABS, home=home) == []


@pytest.mark.parametrize("folder", MEASURED, ids=lambda folder: "@".join(folder.parts[-3:-1]))
def test_measured_lists_count_their_probes_and_name_rewrites_that_fixed_some(folder: Path) -> None:
    assert backend(folder.parts[-3]).runs_unwritten
    for path in folder.glob("*.json"):
        data = json.loads(path.read_text())
        rules = data["rejects"] if path.name != FUSED else [row for row in data["fused"] if row["probes"]["for"]]
        for rule in rules:
            assert rule["probes"]["for"] > 0
            assert rule["said"]
            for chain in rule["fixed_by"]:
                assert 0 < chain["fixed"] <= chain["of"]
                assert all(name in registry() for name in chain["rewrites"])


@pytest.mark.parametrize("body", ["y = Gelu(x)", GELU])
def test_tracts_gelu_is_predicted_to_have_no_artifact_in_either_spelling(body: str) -> None:
    found = findings(Example(body, weights="" if "Gelu" in body else WEIGHTS, opset=20), "tract", None)
    assert [finding.cure for finding in found] == ["--rewrite decompose-gelu"]
    assert "GeluExact" in found[0].measured
    assert not re.search("  |with with|` in with", found[0].message), "a condition brings its own preposition"
    assert findings(Example('y = Gelu<approximate = "tanh">(x)', opset=20), "tract", None) == []


@pytest.mark.parametrize("target", ["demo", "tract"])
def test_the_message_reads_as_one_sentence(target: str) -> None:
    model = ABS if target == "demo" else Example("y = Gelu(x)", opset=20)
    (finding,) = findings(model, target, RULES if target == "demo" else None)
    assert "with  with" not in finding.message
    assert "  " not in finding.message
