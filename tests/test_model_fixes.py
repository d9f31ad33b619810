"""What is wrong with a model as a whole is answered by the rewrites that change just that, and by the options they need."""

from __future__ import annotations

import onnx
import pytest

import graphfix
from graphfix.analysis.facets.model import model_facets
from graphfix.analysis.facts import Facts
from graphfix.linter.fix_rules import FixRule
from graphfix.report.paragraphs import Detail, paragraph
from graphfix.rewriting.fixpoint import KINDS, answering
from graphfix.rewriting.registry import registry

HEAD = '<ir_version: 8, opset_import: ["" : 17]>'


@pytest.mark.parametrize(
    ("kind", "trait", "name"),
    [
        ("dynamic", "inputs.dims", "dims-by-operators"),
        ("attribute", "inputs.symbols", "name-dims"),
        ("attribute", "placeholders", "name-dims"),
        ("attribute", "annotations", "drop-annotations"),
        ("attribute", "outputs.direct", "identity-outputs"),
        ("dtype", "inputs.dtypes", "widen-input"),
        ("function", "functions", "inline-functions"),
        ("attribute", "outputs.kinds", None),
        ("attribute", "inputs.ranks", "vector-input"),
    ],
)
def test_a_trait_is_answered_by_what_changes_it(kind: str, trait: str, name: str | None) -> None:
    found = [rewrite.name for rewrite in answering("", kind, "GF103", (trait,)) if not rewrite.last_resort]
    assert found[:1] == ([name] if name else [])
    assert ("freeze-dims" in found) == (trait == "inputs.dims")


def test_traits_that_rewrites_name_are_there() -> None:
    known = model_facets(Facts.of(onnx.parser.parse_model(f"{HEAD} g (float[3] x) => (float[3] y) {{ y = Relu(x) }}")))
    named = [cure for rewrite in registry().values() for cure in rewrite.fixes if cure.traits and not cure.op]
    assert len(named) >= 4
    assert all(set(cure.traits) <= known.keys() for cure in named)


def test_a_compilers_own_rejection_of_a_whole_model_may_be_over_any_node_or_trait() -> None:
    assert {"narrow-int64", "name-dims", "freeze-dims"} <= {rewrite.name for rewrite in answering("", "rejection", "GF190", None)}


def test_a_cure_for_any_operator_is_none_for_the_model() -> None:
    assert FixRule("*").answers("Relu", "operator", "GF101")
    assert not FixRule("*").answers("", "operator", "GF101")


def test_a_cure_answers_every_kind_but_those_excepted() -> None:
    cure = FixRule("Mish", unless=("dynamic", "operand"))
    assert [kind for kind in KINDS if not cure.answers("Mish", kind, "GF101")] == ["operand", "dynamic"]
    assert not FixRule("Mish", kinds=("dynamic",), unless=("dynamic",)).answers("Mish", "dynamic", "GF101")


@pytest.mark.parametrize(("kind", "called"), [("operator", True), ("dtype", True), ("dynamic", False), ("operand", False)])
def test_a_function_is_not_expanded_for_free_dims_or_operands(kind: str, called: bool) -> None:
    assert ("expand-function" in {rewrite.name for rewrite in answering("Mish", kind, "GF101", None)}) is called


def test_free_dims_are_answered_with_the_option_that_fixes_them() -> None:
    text = f"{HEAD} g (float[N, 3, H] x, float[4] k, float[?] z) => (float[N, 3, H] y) {{ y = Relu(x) a = Add(k, k) b = Abs(z) }}"
    report = graphfix.lint(onnx.parser.parse_model(text), "coreml")
    (finding,) = [one for one in report.findings if one.code == "GF106"]
    assert finding.cure == "--shape x=<N>x3x<H> --shape z=<d0>"
    said = " ".join(
        str(span[0] if isinstance(span, tuple) else span) for line in paragraph([finding], Detail(), 200) for span in line
    )
    assert finding.rewrite is not None
    assert f"freeze-dims (interface, fixed {finding.rewrite.fixed} of {finding.rewrite.of} probes of this form): " in said
    assert "--shape x=<N>x3x<H> --shape z=<d0>" in said
    assert report.results[0].next is not None
    assert report.results[0].next.words == ["--shape", "x=1x3x224", "--shape", "z=64"]
