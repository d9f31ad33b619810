"""Look-ups of ONNX's operator definitions, each asked once in a process."""

from __future__ import annotations

import functools
from typing import Any

import onnx

OTHER_RANDOM = frozenset({"Bernoulli"})
"""Operators whose definition draws other random numbers than they do."""


@functools.cache
def schema_of(op: str, domain: str, version: int) -> onnx.defs.OpSchema | None:
    """The definition of an operator that holds at a version, or None when ONNX has none."""
    try:
        return onnx.defs.get_schema(op, version, domain) if version else None
    except onnx.defs.SchemaError:
        return None


@functools.cache
def formal_types(op: str, domain: str, version: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The types, or type variables, of an operator's formal inputs and outputs; none where ONNX does not define it."""
    schema = schema_of(op, domain, version)
    if schema is None:
        return (), ()
    return tuple(i.type_str for i in schema.inputs), tuple(o.type_str for o in schema.outputs)


@functools.cache
def composed(op: str) -> bool:
    """Whether ONNX defines an operator as a composition of others that computes the same."""
    if op in OTHER_RANDOM or not onnx.defs.has(op):
        return False
    schema: Any = onnx.defs.get_schema(op)  # its stubs leave functions out
    return bool(schema.has_function or schema.has_context_dependent_function)
