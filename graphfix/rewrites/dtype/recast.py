"""Computation of an operator in another dtype: its operands are cast before it and its results cast back after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper

from graphfix.ir.dtypes import CODES
from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.rewrite import Key


def is_free(surgery: GraphEditor, node: Any, dtype: str, other: str) -> bool:
    """Whether the node reads `dtype` and its schema allows `other` instead, but for operands that are of one dtype always."""
    if not is_standard(node) or node.op == "Cast" or not onnx.defs.has(node.op):
        return False
    if any(isinstance(value, surgery.gs.Graph) for value in node.attrs.values()) or "dtype" in node.attrs:
        return False
    try:
        schema = onnx.defs.get_schema(node.op, surgery.opset, "")
    except onnx.defs.SchemaError:
        return False
    places = [i for i, tensor in enumerate(node.inputs) if has_dtype(surgery, tensor, dtype)]
    formal = {schema.inputs[min(i, len(schema.inputs) - 1)].type_str for i in places}
    formal &= {constraint.type_param_str for constraint in schema.type_constraints}
    both = {typed(dtype), typed(other)}
    free = {c.type_param_str for c in schema.type_constraints if both <= set(c.allowed_type_strs)}
    return bool(formal) and formal <= free


def typed(dtype: str) -> str:
    """Return a dtype as a schema writes it."""
    return f"tensor({ {'float32': 'float', 'float64': 'double'}.get(dtype, dtype) })"


def has_dtype(surgery: GraphEditor, tensor: Any, dtype: str) -> bool:
    """Whether a tensor is present and known to have the dtype."""
    value = surgery.value(tensor) if tensor.name else None
    return value is not None and value.dtype == dtype


def free_places(surgery: GraphEditor, node: Any, dtype: str, other: str) -> tuple[list[int], list[int]]:
    """Return the operands and the results of `dtype` that may have `other` instead according to the schema."""
    schema = onnx.defs.get_schema(node.op, surgery.opset, "")
    both = {typed(dtype), typed(other)}
    free = {c.type_param_str for c in schema.type_constraints if both <= set(c.allowed_type_strs)}
    found = []
    for tensors, formals in ((node.inputs, schema.inputs), (node.outputs, schema.outputs)):
        found.append(
            [
                i
                for i, tensor in enumerate(tensors)
                if has_dtype(surgery, tensor, dtype) and formals[min(i, len(formals) - 1)].type_str in free
            ]
        )
    return found[0], found[1]


def recast(surgery: GraphEditor, graph: Any, node: Any, dtype: str, other: str, done: dict[int, Any]) -> None:
    """Compute a node in `other` where it had `dtype`; `done` maps a tensor to the one it was cast from or to already."""
    origin, kind = surgery.label(surgery.key(node)), np.dtype(helper.tensor_dtype_to_np_dtype(CODES[other]))
    reads, makes = free_places(surgery, node, dtype, other)
    before, after = surgery.at(origin), surgery.at(origin)
    for place in reads:
        tensor = node.inputs[place]
        if id(tensor) not in done and isinstance(tensor, surgery.gs.Constant):
            done[id(tensor)] = surgery.constant(f"{tensor.name}/{other}", np.asarray(tensor.values).astype(kind))
        elif id(tensor) not in done:
            done[id(tensor)] = before.op("Cast", tensor, word=other, to=CODES[other])
        node.inputs[place] = done[id(tensor)]
    for place in makes:
        tensor = node.outputs[place]
        made = node.outputs[place] = after.value("made")
        after.node("Cast", [made], [tensor], {"to": CODES[dtype]})
        done[id(tensor)] = made
    at = next(i for i, one in enumerate(graph.nodes) if one is node)
    graph.nodes[at : at + 1] = [*before.nodes, node, *after.nodes]


def recast_all(surgery: GraphEditor, wanted: frozenset[Key] | None, dtypes: Sequence[str], other: str) -> Iterator[Key]:
    """Compute every wanted node in `other` where it has one of `dtypes`, and remove casts there and back."""
    done: dict[int, Any] = {}
    for graph in surgery.graphs():
        casts = [n for n in graph.nodes if n.op == "Cast" and is_standard(n)]
        for node in casts:
            if has_dtype(surgery, node.inputs[0], other) and any(has_dtype(surgery, node.outputs[0], d) for d in dtypes):
                done[id(node.outputs[0])] = node.inputs[0]
        for node in [n for n in graph.nodes if n.op not in ("Constant", "Cast")]:
            key = surgery.key(node)
            dtype = next((d for d in dtypes if is_free(surgery, node, d, other)), None)
            if dtype is not None and (wanted is None or key in wanted):
                recast(surgery, graph, node, dtype, other, done)
                yield key
        for node in casts:
            key, source, made = surgery.key(node), node.inputs[0], node.outputs[0]
            wide = done.get(id(source))
            if wide is None or not has_dtype(surgery, made, other) or (wanted is not None and key not in wanted):
                continue
            if any(made is output for output in graph.outputs):
                node.op, node.attrs = "Identity", {}
                node.inputs[0] = wide
            else:
                surgery.rewire(made, wide)
            yield key
