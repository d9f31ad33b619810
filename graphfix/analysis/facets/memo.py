"""Memoized facets of every node of a model, computed once for all nodes that agree in everything that facets may read.

The key of the memo is built from every field of NodeFacts and of Value, so that a field added to either is part of it. The
fields named in SIGNATURES are reduced to what facets read of them; the name of a value is left out altogether.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter

from onnx import AttributeProto

from graphfix.analysis.facets.node import Facets, facets, in_branches
from graphfix.analysis.facets.signals import NAMED, name_class
from graphfix.analysis.facets.stored import stored_facets
from graphfix.analysis.facts import Facts, NodeFacts, Value

Key = tuple[object, ...]

SIGNATURES = ("proto", "scope", "inputs", "outputs", "form")
"""Fields of NodeFacts that are not part of the key as they are; nodes of one `form` need no longer key."""
UNREAD = ("name", "constant")
"""Fields of Value that are not part of the key as they are: the name is left out, and a constant is compared by its bytes."""

_of_node = attrgetter(*[field.name for field in dataclasses.fields(NodeFacts) if field.name not in SIGNATURES])
_of_value = attrgetter(*[field.name for field in dataclasses.fields(Value) if field.init and field.name not in UNREAD])


def node_facets(facts: Facts) -> list[Facets]:
    """Return the facets of every node; nodes with the same key share one computation, and nodes with equal facets one dict."""
    memo: dict[Key, Facets] = {}
    equal: dict[Key, Facets] = {}
    signs: dict[int, Key] = {}
    found = []
    for node in facts.nodes:
        if node.branches:  # what facets read of subgraphs is as large as the subgraphs
            found.append(facets(node))
            continue
        if node.domain and (stored := stored_facets(node.proto)) is not None:
            found.append(stored)
            continue
        key = key_of(node, signs)
        known = memo.get(key)
        if known is None:
            fresh = facets(node)
            known = memo[key] = equal.setdefault((node.op, node.domain, *fresh.items()), fresh)
        found.append(known)
    return found


def key_of(node: NodeFacts, known: dict[int, Key]) -> Key:
    """Return the memo key of a node without subgraphs; `known` are the keys of values seen, which the facts keep alive."""
    called = name_class(node) if node.op in NAMED else ""
    if node.form:
        return node.form, node.structure, node.under, not node.scope or in_branches(node.scope), called
    attributes = tuple(map(_written, node.proto.attribute[:]))
    given = tuple([known.get(id(value)) or _signature(value, known) for value in node.inputs])
    made = tuple([known.get(id(value)) or _signature(value, known) for value in node.outputs])
    return _of_node(node), not node.scope or in_branches(node.scope), called, attributes, given, made


def _written(item: AttributeProto) -> object:
    """Return the part of an attribute that facets read: all of it, or a tensor's type and dims."""
    return (item.name, item.t.data_type, *item.t.dims) if item.type == AttributeProto.TENSOR else item.SerializeToString()


def _signature(value: Value | None, known: dict[int, Key]) -> Key | None:
    """Return the memo key of a value: all that facets may read of it."""
    if value is None:
        return None
    constant = value.constant
    held = None if constant is None else (constant.dtype.char, constant.shape, constant.tobytes())
    found = known[id(value)] = _of_value(value), held
    return found
