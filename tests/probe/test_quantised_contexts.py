"""Quantised graphs for trials of fixes: they run in onnxruntime, and the node asked about is the one of the operator."""

from __future__ import annotations

import pytest

from graphfix.analysis.facts import Facts
from graphfix.analysis.surroundings import BEFORE, BEHIND, surroundings
from graphfix.probe.build import probes
from graphfix.probe.fix_contexts import in_context
from graphfix.probe.quantised_contexts import LAYERS, ROUNDINGS, in_quantised_graph
from graphfix.probe.subject import NODE
from graphfix.verify.reference import Reference


@pytest.mark.parametrize("op", [*LAYERS, *ROUNDINGS])
def test_quantised_graphs_run_and_ask_about_the_operator(op: str) -> None:
    found = probes(in_quantised_graph(op))
    assert not found.faults
    assert len(found.probes) >= 8
    asked = {one.digest for one in probes(in_context(op)).probes}
    for probe in found.probes:
        (node,) = [node for node in Facts.of(probe.model).nodes if node.proto.name == NODE]
        assert node.op == op.rpartition(".")[2]
        assert probe.digest in asked
    assert Reference(found.probes[0].model).answers


def test_their_neighbours_tell_them_from_pairs() -> None:
    for op, side in (("QuantizeLinear", BEHIND), ("DequantizeLinear", BEFORE)):
        for probe in probes(in_quantised_graph(op)).probes:
            facts = Facts.of(probe.model)
            (node,) = [node for node in facts.nodes if node.proto.name == NODE]
            assert surroundings(node, facts)[side] in LAYERS


def test_other_operators_have_none() -> None:
    assert list(in_quantised_graph("Relu")) == []
