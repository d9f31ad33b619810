"""The facet of a result whose shape only the model states, and the probes that state the shapes of their outputs."""

from __future__ import annotations

import pytest
from onnx import ModelProto, parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.probe.build import Probe, changed_model
from graphfix.probe.choice import distinct
from graphfix.probe.form import Form, data, numbers, settled
from graphfix.tables.phrases import phrase
from graphfix.tables.target_facets import applies_to_target, facets_for_target

TEXT = '<ir_version: 8, opset_import: ["": 17]> g ({inputs}) => ({output}) {{ {body} }}'
REDUCED = "Y = ReduceSum(X, a)"


def told(inputs: str, output: str, body: str, op: str) -> object:
    model = parser.parse_model(TEXT.format(inputs=inputs, output=output, body=body))
    return next(facets(node) for node in Facts.of(model).nodes if node.op == op).get("settled")


@pytest.mark.parametrize(
    ("inputs", "output", "body", "op", "settles"),
    [
        ("float[2,3] X, int64[1] a", "float[1,3] Y", REDUCED, "ReduceSum", True),
        ("float[2,3] X, int64[1] a", "float[n,3] Y", REDUCED, "ReduceSum", False),
        ("float[2,3] X, int64[1] a", "float Y", "Y = ReduceSum<keepdims = 0>(X, a)", "ReduceSum", True),
        ("float[2,3] X", "float[1,3] Y", "a = Constant<value = int64[1] {0}>() Y = ReduceSum(X, a)", "ReduceSum", False),
        ("float[2,3] X, int64[2] s", "float[3,2] Z", "Y = Reshape(X, s) Z = Relu(Y)", "Reshape", False),
        ("float[2,3] X, int64[2] s", "float[3,2] Y", "Y = Reshape(X, s)", "Reshape", True),
        ("float[2,3] X, float[2,3] B", "float[2,3] Y", "Y = Add(X, B)", "Add", None),
    ],
)
def test_a_result_is_settled_where_only_the_model_states_its_shape(
    inputs: str, output: str, body: str, op: str, settles: bool | None
) -> None:
    assert told(inputs, output, body, op) is settles


def test_what_is_stated_of_an_inner_value_settles_it_too() -> None:
    text = TEXT.format(inputs="float[2,3] X, int64[2] s", output="float[3,2] Z", body="Y = Reshape(X, s) Z = Relu(Y)")
    model = parser.parse_model(text)
    model.graph.value_info.add().CopyFrom(model.graph.output[0])
    model.graph.value_info[0].name = "Y"
    (reshape, _) = Facts.of(model).nodes
    assert facets(reshape)["settled"] is True
    assert reshape.outputs[0] is not None
    assert not reshape.outputs[0].fixed  # nothing is inferred from it


def test_probes_state_the_shapes_that_their_outputs_turn_out_to_have() -> None:
    form = Form("ReduceSum", {"data": data(2, 3, 4), "axes": numbers(1)}, {"keepdims": 1})
    (change,) = settled("axes", changes=[{"axes": numbers(0, 2)}])
    made = changed_model(form, change)
    assert made is not None
    shape = made[0].graph.output[0].type.tensor_type.shape
    assert [dim.dim_value for dim in shape.dim] == [1, 3, 1]
    plain = changed_model(form, {"axes": numbers(0, 2), "axes.from": "runtime"})
    assert plain is not None
    assert all(dim.dim_param for dim in plain[0].graph.output[0].type.tensor_type.shape.dim)


def test_only_a_target_that_reads_what_is_stated_is_asked_and_judged_by_it() -> None:
    assert applies_to_target("qnn", ("axes.from", "settled"))
    assert not applies_to_target("tract", ("axes.from", "settled"))
    assert facets_for_target("qnn", {"settled": True, "axis": 1}) == {"settled": True, "axis": 1}
    assert facets_for_target("tract", {"settled": True, "axis": 1}) == {"axis": 1}
    assert phrase("settled", True) == "a stated shape of a result that its inputs do not tell"


def chosen(*varied: str) -> bool:
    """Whether a probe is kept that differs in five facets from the usual form, where every two of its values were seen."""
    names = ("a", "b", "c", "d", "e")
    pairs = [{name: int(name in (first, second)) for name in names} for first in names for second in names]

    def probe(at: int, facets: dict[str, int], varied: tuple[str, ...]) -> Probe:
        return Probe("Op", str(at), varied, ModelProto(doc_string=str(at)), dict(facets))

    seen = [probe(0, dict.fromkeys(names, 0), ()), *(probe(at, one, ("a",)) for at, one in enumerate(pairs, 1))]
    far = probe(99, dict.fromkeys(names, 1), varied)
    return far in distinct([*seen, far])


def test_where_operands_come_from_is_no_change_of_its_own_where_shapes_are_stated() -> None:
    assert chosen("mode", "scales.from", "settled")
    assert chosen("mode", "where", "scales.from", "settled")
    assert not chosen("mode", "where", "how", "scales.from", "settled")
    assert not chosen("mode", "where", "scales.from")
