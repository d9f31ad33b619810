"""The ONNX schemas of a form's operator, and the dtypes that their type variables allow."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from graphfix.probe.form import Form

DEFAULTS = ("float32", "int64", "bool", "int32", "uint8", "string")
"""Dtypes in the order in which one is chosen for a type variable that a form does not bind."""


@functools.cache
def history(op: str, domain: str) -> list[onnx.defs.OpSchema]:
    """Return the schemas of an operator, the oldest first; empty when ONNX defines none."""
    found = [s for s in onnx.defs.get_all_schemas_with_history() if s.name == op and s.domain == domain]
    return sorted(found, key=lambda schema: schema.since_version)


def newest(form: Form) -> onnx.defs.OpSchema | None:
    """Return the newest schema of the form's operator that is not deprecated."""
    found = [schema for schema in history(form.op, form.domain) if not schema.deprecated]
    return found[-1] if found else None


def allowed(schema: onnx.defs.OpSchema, variable: str) -> list[str]:
    """Return the tensor dtypes that a type variable, or a type, allows."""
    words = [variable]
    for constraint in schema.type_constraints:
        if constraint.type_param_str == variable:
            words = list(constraint.allowed_type_strs)
    found = [w.removeprefix("tensor(").removesuffix(")") for w in words if w.startswith("tensor(")]
    return [{"float": "float32", "double": "float64"}.get(word, word) for word in found]


def default_dtype(form: Form, schema: onnx.defs.OpSchema, variable: str) -> str:
    """Return the dtype of a type variable that a change does not bind."""
    choices = allowed(schema, variable)
    named = form.types.get(variable)
    if named in choices:
        return str(named)
    return next((dtype for dtype in DEFAULTS if dtype in choices), choices[0] if choices else "")


def typed_value(formal: onnx.defs.OpSchema.Attribute, value: Any) -> Any:
    """The value as the schema's attribute type wants it: a list of one number may stand for a number."""
    kind = onnx.defs.OpSchema.AttrType
    if isinstance(value, np.ndarray):
        value = value.reshape(-1).tolist()
    if formal.type in (kind.INT, kind.FLOAT) and isinstance(value, (list, tuple)):
        value = value[0]
    if formal.type in (kind.INTS, kind.FLOATS) and not isinstance(value, (list, tuple)):
        value = [value]
    if formal.type == kind.STRING and isinstance(value, int):
        return TensorProto.DataType.Name(value)  # Cast's `to`, in the opsets that write a dtype's name
    if formal.type == kind.FLOAT:
        return float(value)
    if formal.type == kind.FLOATS:
        return [float(one) for one in value]
    return value
