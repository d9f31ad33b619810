"""Operators that ONNX does not define: custom ones, misspelt ones, and those that optimisers write into old opsets."""

import pytest
from onnx import parser

from graphfix import lint
from graphfix.tables.unknown_operators import unknown_class

FIVE = ("tract", "openvino", "tensorrt", "coreml", "tflite")


def _model(op: str, domain: str = "", opset: int = 17, operands: str = "x") -> object:
    own = f', "{domain}": 1' if domain else ""
    text = f'<ir_version: 8, opset_import: ["": {opset}{own}]> g (float[2,4] x, float[4] w) => (float[2,4] y) '
    return parser.parse_model(text + f"{{ y = {domain + '.' if domain else ''}{op}({operands}) }}")


@pytest.mark.parametrize("target", FIVE)
@pytest.mark.parametrize("domain", ["foo.bar", "my_company", "mmdeploy", ""])
def test_an_operator_that_nobody_defines_is_rejected_by_the_evidence_of_made_up_ones(target: str, domain: str) -> None:
    (result,) = lint(_model("Blah", domain), [target]).results
    (finding,) = result.findings
    assert result.verdict == "rejected"
    assert finding.code == "GF101"
    assert finding.evidence == f"{target}/@unknown/unsupported"
    assert "is not an operator of ONNX" in finding.message
    assert finding.probes[0] >= 60


@pytest.mark.parametrize("domain", ["com.microsoft", "org.openvinotoolkit", "ai.onnx.ml"])
def test_an_operator_of_a_domain_that_some_compiler_implements_stays_unmeasured(domain: str) -> None:
    (result,) = lint(_model("Blah", domain), ["openvino"]).results
    assert result.verdict == "undecided"


@pytest.mark.parametrize(
    ("op", "domain", "kind"),
    [
        ("Blah", "", "standard"), ("Blah", "ai.onnx", "standard"), ("Conv", "", None), ("EfficientNMS_TRT", "", None),
        ("Swish", "", None), ("ATen", "org.pytorch.aten", "aten-call"), ("angle", "aten", "aten"),
        ("Quant", "qonnx.custom_op.general", "qonnx"),
        ("CDist", "com.microsoft", None), ("Conv", "foo.bar", None), ("Blah", "trt.plugins", None), ("Blah", "trtlike", "other"),
    ],
)  # fmt: skip
def test_names_that_a_compiler_may_implement_are_told_from_others(op: str, domain: str, kind: str | None) -> None:
    assert unknown_class(op, domain) == kind


@pytest.mark.parametrize("opset", [11, 14, 16])
def test_layer_normalization_of_an_optimised_model_is_judged_in_opsets_before_its_definition(opset: int) -> None:
    model = _model("LayerNormalization", opset=opset, operands="x, w")
    verdicts = {result.target: result.verdict for result in lint(model, FIVE).results}
    assert verdicts == {
        "tract": "accepted",
        "openvino": "accepted",
        "tensorrt": "accepted",
        "coreml": "rejected",
        "tflite": "accepted",
    }


def test_simplified_layer_normalization_is_measured() -> None:
    verdicts = {
        result.target: result.verdict for result in lint(_model("SimplifiedLayerNormalization", operands="x, w"), FIVE).results
    }
    assert verdicts == {
        "tract": "accepted",
        "openvino": "accepted",
        "tensorrt": "accepted",
        "coreml": "rejected",
        "tflite": "rejected",
    }
