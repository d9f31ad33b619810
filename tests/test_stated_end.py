"""The facet of a result at the end of a model that states its dims."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.tables.phrases import phrase
from graphfix.tables.target_facets import facets_for_target

NORMALIZED = "Y = GroupNormalization<num_groups = 2>(X, s, s)"


@pytest.mark.parametrize(
    ("dims", "output", "body", "ends"),
    [
        ("1,4,6,6", "float[1,4,6,6] Y", NORMALIZED, True),
        ("n,4,6,6", "float[n,4,6,6] Y", NORMALIZED, True),
        ("n,4,6,6", "float[m,4,6,6] Y", NORMALIZED, False),  # a symbol that its data does not have
        ("1,4,6,6", "float[1,4,6,6] Z", f"{NORMALIZED} Z = Relu(Y)", False),
        ("1,4,6,6", "float[] Y", NORMALIZED, False),
        ("1,4,6,6", "float[1,4,6,6] Y", "Y = Relu(X)", None),
    ],
)
def test_a_result_ends_a_model_that_states_its_dims(dims: str, output: str, body: str, ends: bool | None) -> None:
    held = "float[4] s = {1, 1, 1, 1}"
    text = f'<ir_version: 10, opset_import: ["": 21]> g (float[{dims}] X) => ({output}) <{held}> {{ {body} }}'
    model = parser.parse_model(text)
    if output == "float[] Y":
        model.graph.output[0].type.tensor_type.ClearField("shape")
    assert facets(Facts.of(model).nodes[0]).get("concludes") is ends


def test_the_facet_is_of_tflite_alone_and_has_words() -> None:
    assert facets_for_target("tflite", {"concludes": True}) == {"concludes": True}
    assert facets_for_target("openvino", {"concludes": True}) == {}
    assert phrase("concludes", True) == "a result that is an output of the model with stated dims"
