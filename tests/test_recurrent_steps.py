"""Recurrent nodes of too many steps: lint does not name the rewrite that would write their cells out."""

from __future__ import annotations

import pytest
from onnx import ModelProto, parser

from graphfix.analysis.facts import Facts
from graphfix.analysis.recurrent_steps import MOST_STEPS, too_long
from graphfix.linter.engine import judge
from graphfix.linter.measured_fix import fix_fields
from graphfix.rewriting.registry import registry
from graphfix.tables.evidence import Evidence
from graphfix.tables.measured_fix import MeasuredFix

UNROLL = "unroll-recurrent"


def layer(steps: str, direction: str = "forward") -> ModelProto:
    ways = 2 if direction == "bidirectional" else 1
    ones = ",".join(["0.5"] * 12 * ways)
    return parser.parse_model(f"""<ir_version: 8, opset_import: ["" : 14]> g (float[{steps}, 1, 4] X) => (float[] Y)
    <float[{ways}, 3, 4] W = {{{ones}}}, float[{ways}, 3, 1] R = {{{",".join(["0.5"] * 3 * ways)}}}> {{
      Y = GRU<hidden_size = 1, direction = "{direction}">(X, W, R) }}""")


@pytest.mark.parametrize(
    ("steps", "direction", "named"),
    [
        ("7", "forward", True),
        ("513", "forward", False),
        ("512", "forward", True),
        ("512", "bidirectional", True),
        ("513", "bidirectional", False),
        ("N", "forward", False),
    ],
)
def test_the_rewrite_is_named_where_it_writes_the_cells_out(steps: str, direction: str, named: bool) -> None:
    model = layer(steps, direction)
    facts = Facts.of(model)
    plain = MeasuredFix(UNROLL, (UNROLL,), "exact", 5, 5)
    evidence = Evidence("any", "operator", {}, "", "", 8, 0, tried=5, fixed_by=(plain,))
    assert ("rewrite" in fix_fields(facts, "coreml", facts.nodes[0], evidence, {})) == named
    assert (registry()[UNROLL].apply(model).model is not None) == named


def test_sizes_that_the_user_fixes_may_make_the_steps_few() -> None:
    facts = Facts.of(layer("N"))
    frozen = MeasuredFix("freeze-dims", ("freeze-dims", UNROLL), "interface", 5, 5)
    evidence = Evidence("any", "operator", {}, "", "", 8, 0, tried=5, fixed_by=(frozen,))
    assert fix_fields(facts, "coreml", facts.nodes[0], evidence, {})["rewrite"].name == "freeze-dims"


@pytest.mark.parametrize(
    ("chain", "safety", "steps", "left"),
    [
        (("freeze-dims", UNROLL), "interface", "7", (UNROLL, "exact")),
        (("freeze-dims", "fold-constants", "gelu-to-tanh"), "approximate", "7", ("gelu-to-tanh", "approximate")),
        (("freeze-dims", UNROLL), "interface", "513", None),
        (("freeze-dims", "fold-constants"), "interface", "7", None),
    ],
)
def test_of_a_chain_with_sizes_the_rest_is_named_where_all_sizes_are_fixed(
    chain: tuple[str, ...], safety: str, steps: str, left: tuple[str, str] | None
) -> None:
    facts = Facts.of(layer(steps))
    evidence = Evidence("any", "operator", {}, "", "", 8, 0, tried=5, fixed_by=(MeasuredFix("freeze-dims", chain, safety, 5, 5),))
    fix = fix_fields(facts, "coreml", facts.nodes[0], evidence, {}).get("rewrite")
    assert (fix and (fix.name, fix.safety)) == left
    assert fix is None or "freeze-dims" not in fix.rewrites


def test_no_rest_is_named_for_what_has_its_sizes_at_run_time_only() -> None:
    nodes = "i = NonZero(X) Y = Transpose(i)"
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> g (float[4] X) => (int64[N, 1] Y) {{ {nodes} }}')
    facts = Facts.of(model)
    chain = ("freeze-dims", "scatter-by-one-hot")
    evidence = Evidence("any", "operator", {}, "", "", 8, 0, tried=5, fixed_by=(MeasuredFix(chain[0], chain, "interface", 5, 5),))
    assert ["rewrite" in fix_fields(facts, "coreml", node, evidence, {}) for node in facts.nodes] == [True, False]


def test_other_operators_have_no_steps() -> None:
    model = parser.parse_model('<ir_version: 8, opset_import: ["" : 17]> g (float[N, 4] X) => (float[N, 4] Y) { Y = Relu(X) }')
    assert too_long(Facts.of(model).nodes[0]) == frozenset()
    assert set(MOST_STEPS) <= set(registry())


def test_lint_names_it_for_few_steps_only() -> None:
    named = []
    for steps in ("7", "600"):
        (result,) = judge(layer(steps), ["coreml"])
        named.append([f.rewrite and f.rewrite.name for f in result.findings if f.op == "GRU" and f.severity.name == "ERROR"])
    assert named == [[UNROLL], [None]]
