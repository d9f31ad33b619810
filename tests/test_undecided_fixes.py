"""fix works at undecided nodes like at rejected ones, and keeps a rewrite only if it decides one."""

from __future__ import annotations

from collections.abc import Callable

import onnx
import pytest
from onnx import ModelProto

from graphfix.analysis.facts import Facts
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.fixpoint import requested_rewrites
from graphfix.rewriting.pipeline import fix_model
from graphfix.rewriting.transaction import severity_score

MODEL = onnx.parser.parse_model(
    '<ir_version: 8, opset_import: ["" : 17]> g (float[2,3] x) => (float[2,3] y) { a = HardSwish(x) y = Relu(a) }'
)
Judge = Callable[[ModelProto], list[Result]]


def finding(op: str, kind: str, severity: Severity = Severity.NOTE, output: str = "a") -> Finding:
    return Finding(
        "GF108" if severity is Severity.NOTE else "GF101", "undecided", severity, "demo", "", (), output, op, "", output, kind
    )


def doubts(*ops: str, kind: str = "undecided") -> Judge:
    """A judge that leaves these operators undecided."""

    def judge(graph: ModelProto) -> list[Result]:
        found = [finding(node.op, kind, output=node.proto.output[0]) for node in Facts.of(graph).nodes if node.op in ops]
        return [Result("", "demo", "1", 0, found)]

    return judge


def ops(model: ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("kind", ["undecided", "unmeasured"])
def test_an_undecided_node_is_rewritten_into_what_is_decided(kind: str) -> None:
    result = fix_model(MODEL, doubts("HardSwish", kind=kind))
    assert "HardSwish" not in ops(result.model)
    assert result.results[0].verdict == "accepted"
    assert result.verification.passed


def test_a_rewrite_that_decides_nothing_is_not_kept() -> None:
    result = fix_model(MODEL, doubts("HardSwish", "HardSigmoid", "Mul", "Add", "Clip", "Div", "Min", "Max"))
    assert result.model is MODEL
    assert not result.changed


def test_approximate_rewrites_need_leave_and_are_not_advised_for_a_doubt() -> None:
    given = onnx.parser.parse_model('<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) { y = Erf(x) }')
    assert fix_model(given, doubts("Erf")).changes == ()
    assert "Erf" not in ops(fix_model(given, doubts("Erf"), FixOptions(allow={"approximate"})).model)


def test_rewrites_of_any_operator_are_not_called_for_by_a_doubt() -> None:
    called = requested_rewrites([Result("", "demo", "1", 0, [finding("HardSwish", "undecided")])])
    assert called["decompose-hard-swish"].undecided
    assert not {"narrow-int64", "fold-constants", "simplify"} & set(called)
    both = [finding("HardSwish", "undecided"), finding("HardSwish", "operator", Severity.ERROR)]
    assert not requested_rewrites([Result("", "demo", "1", 0, both)])["decompose-hard-swish"].undecided


def test_doubts_count_after_errors() -> None:
    assert severity_score([Result("", "demo", "1", 0, [finding("Erf", "undecided")])]) == (0, 1)
    assert severity_score([Result("", "demo", "1", 0, [finding("Erf", "activation")])]) == (0, 0)
