"""A pipeline as the converter of scikit-learn writes it, on compilers that read none of its nodes."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facts import Facts
from graphfix.linter.engine import judge
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.pipeline import fix_model

PIPELINE = """<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g (float[N, 2] x) => (int64[N] label, float[N, 3] p) {
    known = ai.onnx.ml.Imputer<imputed_value_floats = [0.5], replaced_value_float = nan>(x)
    scaled = ai.onnx.ml.Scaler<offset = [0.5, -1.0], scale = [2.0, 0.5]>(known)
    rows = ai.onnx.ml.Normalizer<norm = "L2">(scaled)
    label, p = ai.onnx.ml.LinearClassifier<classlabels_ints = [4, 7, 9], post_transform = "SOFTMAX",
        coefficients = [0.5, -1.0, 2.0, 0.25, -0.5, 1.0], intercepts = [0.5, 0.0, -0.25]>(rows) }"""


BINS = """<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g (int64[N] x) => (float[N, 3] y, float[N] z) {
    y = ai.onnx.ml.OneHotEncoder<cats_int64s = [0, 1, 2]>(x)
    z = ai.onnx.ml.LabelEncoder<keys_int64s = [0, 2, 3], values_floats = [0.5, 1.5, -1.0], default_float = 2.0>(x) }"""
REGRESSION = """<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g (float[N, 2] x) => (float[N, 1] y) {
    scaled = ai.onnx.ml.Scaler<offset = [0.5, -1.0], scale = [2.0, 0.5]>(x)
    y = ai.onnx.ml.SVMRegressor<kernel_type = "RBF", kernel_params = [0.5, 0.0, 3.0], n_supports = 3,
        coefficients = [0.5, -1.0, 0.25], support_vectors = [0.5, -0.25, 1.0, 0.0, -0.5, 1.5], rho = [0.125]>(scaled) }"""
OUTLIERS = """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (int64[N, 3] label)
    <float zero = {0}, int64[1] two = {-2}, int64[1] one = {1}> {
    below = Less(x, zero)
    number = Cast<to = 7>(below)
    twice = Mul(number, two)
    label = Add(twice, one) }"""


@pytest.mark.parametrize("text", [PIPELINE, BINS, REGRESSION])
@pytest.mark.parametrize("target", ["openvino", "tract", "tensorrt"])
def test_a_pipeline_of_classical_operators_is_fixed(target: str, text: str) -> None:
    fixed = fix_model(
        parser.parse_model(text), lambda candidate: judge(candidate, [target]), FixOptions(targets=[target])
    )  # fmt: skip
    (before,), (result,) = fixed.before, fixed.results
    assert (before, result.verdict) == ("rejected", "accepted")
    assert fixed.verification.passed


def test_labels_that_tract_would_not_give_out_are_chosen_instead_of_cast() -> None:
    model = parser.parse_model(OUTLIERS)
    assert any(finding.code == "GF301" for finding in judge(model, ["tract"])[0].findings)
    fixed = fix_model(model, lambda candidate: judge(candidate, ["tract"]), FixOptions(targets=["tract"]))
    assert [change.rewrite for change in fixed.changes if change.applied] == ["select-for-cast"]
    assert not any(finding.code == "GF301" for finding in fixed.results[0].findings)


def test_outputs_of_classical_operators_have_known_shapes() -> None:
    facts = Facts.of(parser.parse_model(PIPELINE.replace("int64[N] label, float[N, 3] p", "label, p")))
    found = {value.name: (value.dtype, value.shape) for node in facts.nodes for value in node.outputs}
    assert found == {
        **dict.fromkeys(("known", "scaled", "rows"), ("float32", ("N", 2))),
        "label": ("int64", ("N",)),
        "p": ("float32", ("N", 3)),
    }


def test_an_operator_of_the_same_name_in_another_domain_has_no_such_shape() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17, "my.own" : 1]> g (float[N, 2] x) => (y) {
                r = my.own.Normalizer(x) y = Relu(r) }"""
    assert Facts.of(parser.parse_model(text)).nodes[0].outputs[0].shape is None
