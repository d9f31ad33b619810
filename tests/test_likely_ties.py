"""Equal values where a node picks by order: a warning where they are likely, a note where they are rare."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facts import Facts
from graphfix.analysis.likely_ties import likely_ties
from graphfix.linter.diagnostics import Severity
from graphfix.linter.engine import judge
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.pipeline import fix_model

HEAD = '<ir_version: 8, opset_import: ["" : 17]> '


def top(dtype: str, dims: str, body: str = "V, I = TopK<axis = -1>(X, k)", out: str = "I") -> str:
    kind = "int64" if out == "I" else dtype
    return f"{HEAD} g ({dtype}[{dims}] X) => ({kind}[] {out}) <int64[1] k = {{8}}> {{ {body} }}"


KEYED = """n = Constant<value = int64[1] {4096}>() m = Constant<value = int32 {4096}>() axis = Constant<value = int64 {1}>()
           begins = Constant<value = int32[1, 1] {1}>() all, places = TopK(X, n) ones = Expand(begins, n) run = CumSum(ones, axis)
           scaled = Mul(run, m) last = Cast<to = 6>(places) key = Add(scaled, last) V, chosen = TopK<largest = 0>(key, k)
           I = GatherElements<axis = 1>(places, chosen)"""
"""How equal values are put in the order of their indices: each key is the number of a run of equal values, then the index."""
LIKELY = {
    "integers": top("int64", "1,20"),
    "a long axis": top("float", "1,4096"),
    "a longer axis in half precision": top("float16", "64"),
    "rounded": top("float", "1,20", "a = Floor(X) b = Neg(a) V, I = TopK<axis = -1>(b, k)"),
    "counted": top("int32", "1,20", "a = Cast<to = 1>(X) b = Abs(a) V, I = TopK<axis = -1>(b, k)"),
}
RARE = {
    "a short axis": top("float", "1,4095"),
    "a long axis beside a short one": top("float", "4096,20"),
    "an axis of unknown length": top("float", "1,N"),
    "rounded and scaled": top("float", "1,20", "a = Floor(X) h = Constant<value = float {0.3}>() b = Mul(a, h) "
                              "c = Add(b, X) V, I = TopK<axis = -1>(c, k)"),
    "values alone": top("float", "1,4096", out="V"),
}  # fmt: skip


@pytest.mark.parametrize("text", LIKELY.values(), ids=LIKELY)
def test_ties_are_likely(text: str) -> None:
    facts = Facts.of(parser.parse_model(text))
    assert likely_ties(facts.nodes[-1], facts).startswith("which are likely among")


@pytest.mark.parametrize("text", RARE.values(), ids=RARE)
def test_ties_are_rare_or_do_not_matter(text: str) -> None:
    facts = Facts.of(parser.parse_model(text))
    assert likely_ties(facts.nodes[-1], facts) == ""


def test_neither_node_that_puts_ties_in_order_warns_of_them() -> None:
    facts = Facts.of(parser.parse_model(top("float", "1,4096", KEYED)))
    unlike = Facts.of(parser.parse_model(top("float", "1,4096", KEYED.replace("CumSum(ones, axis)", "Identity(ones)"))))
    found = [[bool(likely_ties(node, each)) for node in each.nodes if node.op == "TopK"] for each in (facts, unlike)]
    assert found == [[False, False], [True, True]]


def test_fix_puts_likely_ties_in_order_for_a_compiler_that_does_not() -> None:
    model = parser.parse_model(top("float", "1,4096"))
    fixed = fix_model(model, lambda candidate: judge(candidate, ["openvino"]), FixOptions(targets=["openvino"]))
    assert {change.rewrite for change in fixed.changes if change.applied} == {"stable-topk"}
    assert {finding.severity for result in fixed.results for finding in result.findings} <= {Severity.NOTE}


@pytest.mark.parametrize("text", [RARE["values alone"], top("float", "1,20", KEYED.replace("4096", "20"))])
def test_lint_is_silent_about_ties_that_do_not_matter(text: str) -> None:
    (result,) = judge(parser.parse_model(text), ["openvino"])
    assert not [finding for finding in result.findings if finding.code == "GF301"]


@pytest.mark.parametrize(("before", "severity"), [("Floor", Severity.WARNING), ("Exp", Severity.NOTE)])
def test_lint_warns_where_a_compiler_takes_another_of_equal_values_and_they_are_likely(before: str, severity: Severity) -> None:
    text = top("float", "3,20", f"a = {before}(X) V, I = TopK<axis = -1>(a, k)")
    (result,) = judge(parser.parse_model(text), ["openvino"])
    (found,) = [finding for finding in result.findings if finding.code == "GF301"]
    assert found.severity is severity
    assert ("which are likely among whole numbers" in found.message) == (severity is Severity.WARNING)
