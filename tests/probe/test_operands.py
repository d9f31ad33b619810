"""How probes are given their operands."""

from __future__ import annotations

import pytest

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.probe.build import build, finished, probes
from graphfix.probe.form import Form, data, weight
from graphfix.probe.forms import loading
from graphfix.probe.operands import COMPUTED_DIMS


def test_data_whose_fixed_sizes_only_arithmetic_tells_is_a_view_by_a_computed_target() -> None:
    form = Form("MatMul", {"A": data(2, 3, 4), "B": weight(4, 5)})
    built = build(form, {"dims": COMPUTED_DIMS[0]})
    assert built is not None
    model = finished(*built)
    facts = Facts.of(model)
    node = next(node for node in facts.nodes if node.label == "probe")
    assert [op.op_type for op in model.graph.node] == ["Shape", "Gather", "Concat", "Reshape", "MatMul"]
    assert facets(node)["followed"] == "last"
    assert node.inputs[0] is not None
    assert node.inputs[0].shape is not None
    assert node.inputs[0].shape[1:] == (3, 4)
    assert not isinstance(node.inputs[0].shape[0], int)


def test_what_is_added_to_a_view_tells_its_last_dim() -> None:
    built = build(Form("MatMul", {"A": data(2, 3, 4), "B": weight(4, 5)}), {"dims": COMPUTED_DIMS[1]})
    assert built is not None
    node = next(node for node in Facts.of(finished(*built)).nodes if node.label == "probe")
    assert facets(node)["followed"] == "inner"


def test_rows_cannot_be_viewed_and_have_a_free_dim() -> None:
    form = Form("Relu", {"X": data(4)})
    built = build(form, {"dims": COMPUTED_DIMS[0]})
    assert built is not None
    assert [node.op_type for node in built[0].graph.node] == ["Relu"]


@pytest.mark.parametrize("op", sorted({sketch.op for sketch in loading.FORMS}))
def test_every_sketch_of_what_is_loaded_is_lawful_and_both_sides_are_tried(op: str) -> None:
    found = probes([sketch for sketch in loading.FORMS if sketch.op == op])
    assert found.dropped == 0
    told = {probe.facets.get("clashes") for probe in found.probes}
    assert True in told if op in ("Reshape", "MatMul") else True
    assert False in told or op.startswith("Gather")
