"""What a probe is about: its node, or the model itself, and the facets that its answer is evidence of."""

from __future__ import annotations

from onnx import ModelProto

from graphfix.analysis.facets.model import model_facets
from graphfix.analysis.facets.node import Facets, facets
from graphfix.analysis.facts import Facts, NodeFacts
from graphfix.tables.unknown_operators import UNKNOWN, unknown_class

NODE = "probe"
"""The name of the node that a probe is about."""


def key_of(op: str, model: ModelProto) -> Facets | None:
    """The facets of the node that a model is about, or of the model itself; None where it has no such node."""
    facts = Facts.of(model)
    if op == "@model":
        return model_facets(facts)
    subject = subject_of(op, facts)
    if op == UNKNOWN and subject is not None:
        return {"domain": unknown_class(subject.op, subject.domain)}
    return None if subject is None else facets(subject)


def subject_of(op: str, facts: Facts) -> NodeFacts | None:
    """The node that a probe's model is about: the one with the name of probed nodes, else the first of the operator."""
    wanted_op = op.rpartition(".")[2]
    named = (n for n in facts.nodes if n.label == NODE)
    return next(named, None) or next((n for n in facts.nodes if n.op == wanted_op), None)
