"""What compilers said of a node holds as long as the node and what it reads stay as they were."""

from __future__ import annotations

import onnx
import pytest

from graphfix.analysis.cache import facts_of
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.rewriting.compiler_rejections import CompilerFindings


def model(inputs: str, body: str = "y = Neg(h)", before: str = "h = Relu(x)", weights: str = "") -> onnx.ModelProto:
    text = f'<ir_version: 8, opset_import: ["" : 17]> g ({inputs}) => (float[] y) {weights} {{ {before} {body} }}'
    return onnx.parser.parse_model(text)


def held(first: onnx.ModelProto, later: onnx.ModelProto, target: str = "tract") -> list[Finding]:
    """What is still held against the later model of a finding about the node that makes `y` in the first."""
    node = next(node for node in facts_of(first).nodes if "y" in node.proto.output)
    finding = Finding("GF100", "rejected", Severity.ERROR, "tract", "no", op=node.op, output="y", kind="rejection")
    told = CompilerFindings()
    assert told.add([finding], first)
    assert not told.add([finding], first)
    (result,) = told.merged([Result("", target, "")], later)
    return result.findings


PLAIN = model("float[2,3] x")


def test_a_verdict_holds_while_the_node_stands_unchanged() -> None:
    assert len(held(PLAIN, model("float[2,3] x"))) == 1
    assert len(held(PLAIN, model("float[2,3] x", before="h = Abs(x)"))) == 1
    assert held(PLAIN, model("float[2,3] x"), "coreml") == []


@pytest.mark.parametrize(
    "later",
    [
        model("float16[2,3] x"),
        model("float[2,4] x"),
        model("float[N,3] x"),
        model("float[2,3] x", before="", weights="<float[2,3] h = {1, 2, 3, 4, 5, 6}>"),
        model("float[2,3] x", body="y = Abs(h)"),
    ],
    ids=["dtype", "shape", "dynamic", "constant", "operator"],
)
def test_a_verdict_holds_no_more_once_the_node_or_what_it_reads_is_another(later: onnx.ModelProto) -> None:
    assert held(PLAIN, later) == []
