"""Look-ups of ONNX's operator schemas, each cached in the process."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import onnx
from onnx import AttributeProto

OTHER_RANDOM = frozenset({"Bernoulli"})
"""Operators whose function body draws other random numbers than the operator itself."""


class Formal(NamedTuple):
    """A formal input or output: its name, its type variable or "", and `single`, `optional` or `variadic`."""

    name: str
    variable: str
    kind: str


_KINDS = {
    onnx.defs.OpSchema.FormalParameterOption.Optional: "optional",
    onnx.defs.OpSchema.FormalParameterOption.Variadic: "variadic",
}


NEWEST = 2**31 - 1
"""The largest opset that onnx's look-ups take."""


@functools.cache
def since(op: str, domain: str, version: int) -> int:
    """The schema version of an operator at an opset version; 0 when ONNX defines no such operator."""
    try:
        return int(onnx.defs.get_schema(op, version, domain).since_version)
    except onnx.defs.SchemaError:
        return 0


@functools.cache
def needs_operand(op: str, domain: str) -> bool:
    """Whether in every version of an operator there is an operand that cannot be left out; False without a schema."""
    if not isinstance(op, str) or not isinstance(domain, str):  # names that are not UTF-8 are bytes
        return False
    version, found = since(op, domain, NEWEST), False
    while version:
        schema = onnx.defs.get_schema(op, version, domain)
        if not any(each.option not in _KINDS or (_KINDS[each.option] == "variadic" and each.min_arity) for each in schema.inputs):
            return False
        found, version = True, since(op, domain, version - 1) if version > 1 else 0
    return found


@functools.cache
def schema_of(op: str, domain: str, version: int) -> onnx.defs.OpSchema | None:
    """Return the schema of an operator in an opset version, or None when ONNX does not define one.

    Version 0, of an operator in an opset that does not define it, stands for its first definition in a later one: optimisers
    write LayerNormalization into models of older opsets.
    """
    try:
        return onnx.defs.get_schema(op, version or _first(op, domain), domain)
    except onnx.defs.SchemaError:
        return None


def _first(op: str, domain: str) -> int:
    """Return the first version of an operator; raises SchemaError where ONNX defines none."""
    version = int(onnx.defs.get_schema(op, NEWEST, domain).since_version)
    while version > 1 and (older := since(op, domain, version - 1)):
        version = older
    return version


@functools.cache
def formal_types(op: str, domain: str, version: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the types, or type variables, of an operator's formal inputs and outputs; empty without a schema."""
    schema = schema_of(op, domain, version)
    if schema is None:
        return (), ()
    return tuple(i.type_str for i in schema.inputs), tuple(o.type_str for o in schema.outputs)


@functools.cache
def formal_operands(op: str, domain: str, version: int) -> tuple[tuple[Formal, ...], tuple[Formal, ...]]:
    """Return an operator's formal inputs and outputs, cached since a schema creates them anew at every access."""
    schema = schema_of(op, domain, version)
    if schema is None:
        return (), ()
    variables = {constraint.type_param_str for constraint in schema.type_constraints}
    ins, outs = (
        tuple(
            Formal(one.name, one.type_str if one.type_str in variables else "", _KINDS.get(one.option, "single")) for one in side
        )
        for side in (schema.inputs, schema.outputs)
    )
    return ins, outs


@functools.cache
def formal_attributes(op: str, domain: str, version: int) -> Mapping[str, onnx.AttributeProto | None]:
    """Return an operator's attributes except graphs, by name, with their defaults; None for one without a default."""
    schema = schema_of(op, domain, version)
    found: dict[str, onnx.AttributeProto | None] = {}
    for name, formal in schema.attributes.items() if schema is not None else ():
        if formal.type not in (onnx.defs.OpSchema.AttrType.GRAPH, onnx.defs.OpSchema.AttrType.GRAPHS):
            default = formal.default_value
            found[name] = default if default.type else None
    return found


FIRST_KINDS = {
    ("Cast", "to"): AttributeProto.STRING,
    ("LpPool", "p"): AttributeProto.FLOAT,
    ("GlobalLpPool", "p"): AttributeProto.FLOAT,
}
"""The types that the first opset has for attributes which have another one since."""


@functools.cache
def attribute_kinds(op: str, domain: str) -> Mapping[str, frozenset[int]]:
    """Return the types that each attribute of an operator may have in some opset, as in AttributeProto.type, by name."""
    try:
        formals: Mapping[str, Any] = onnx.defs.get_schema(op, domain).attributes
    except (onnx.defs.SchemaError, TypeError):  # TypeError: names that are not UTF-8 are bytes
        return {}
    first = {name: kind for (of, name), kind in FIRST_KINDS.items() if of == op}
    return {
        name: frozenset({int(formal.type.value), first.get(name, int(formal.type.value))}) for name, formal in formals.items()
    }


@functools.cache
def attribute_names(op: str, domain: str, version: int) -> frozenset[str]:
    """Return the names of all attributes of an operator."""
    schema = schema_of(op, domain, version)
    return frozenset(schema.attributes) if schema is not None else frozenset()


@functools.cache
def composed(op: str) -> bool:
    """Whether ONNX defines an operator as a composition of others that computes the same."""
    if op in OTHER_RANDOM or not onnx.defs.has(op):
        return False
    schema: Any = onnx.defs.get_schema(op)  # its stubs leave functions out
    return bool(schema.has_function or schema.has_context_dependent_function)
