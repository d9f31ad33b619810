"""The nodes of a rewrite in groups of equal ones: what a target says of one, it says of all, as in layers of a transformer."""

from __future__ import annotations

from collections.abc import Iterable

from onnx import ModelProto

from graphfix.analysis.cache import facts_of
from graphfix.analysis.values import NodeFacts
from graphfix.rewriting.rewrite import Key


def equal_sites(model: ModelProto, keys: Iterable[Key]) -> list[tuple[Key, ...]]:
    """Return keys by what their nodes are: operator, attributes, and dtypes, dims and sources of the operands and outputs."""
    wanted = dict.fromkeys(keys)
    kinds: dict[Key, tuple[object, ...]] = {}
    for node in facts_of(model).nodes:
        key = (node.scope, next((name for name in node.proto.output if name), ""))
        if key in wanted:
            kinds[key] = _kind(node)
    groups: dict[tuple[object, ...], list[Key]] = {}
    for key in wanted:
        groups.setdefault(kinds.get(key, (key,)), []).append(key)
    return [tuple(group) for group in groups.values()]


def _kind(node: NodeFacts) -> tuple[object, ...]:
    values = [None if value is None else (value.dtype, value.shape, value.source) for value in (*node.inputs, *node.outputs)]
    attributes = [item.SerializeToString() for item in node.proto.attribute]
    return node.op, node.domain, node.scope, len(node.inputs), *values, *attributes
