"""Application of a change to a form: the operands, attributes and type bindings of the changed node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from onnx import TensorProto, numpy_helper

from graphfix.analysis.facets.node import DATA
from graphfix.probe.form import SHAPES, Change, Form, Tensor
from graphfix.probe.schemas import newest

NOT_OPERANDS = ("since", "outputs", "opset", "inside", "settled")
"""Keys of a change that the builder of probes handles."""


def label_of(change: Change) -> str:
    """A change in words, which evidence keeps: changes of one form may share theirs."""
    return " ".join(f"{key}={_word(value)}" for key, value in change.items()) or "usual"


def _word(value: Any) -> str:
    if isinstance(value, Tensor):
        shown = value.values if value.values is not None else f"{value.source}{list(value.shape)}"
        return str(shown).replace(" ", "")
    if isinstance(value, TensorProto):
        return str(numpy_helper.to_array(value).tolist()).replace(" ", "")
    return str(value).replace(" ", "")


def apply_change(form: Form, change: Change) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Return the operands, attributes and type bindings of a changed form."""
    operands, attributes, types = dict(form.operands), dict(form.attributes), dict(form.types)
    schema = newest(form)
    typed = {c.type_param_str for c in schema.type_constraints} if schema else set()
    formals = {i.name for i in schema.inputs} if schema else {name for name in operands if name.startswith("in")}
    for key, value in change.items():
        name, _, aspect = key.partition(".")
        if key in NOT_OPERANDS:
            continue
        if key == "sized":
            operands = {name: _sized(given, dict(value)) for name, given in operands.items()}
        elif aspect == "sized":
            operands[name] = _sized_at(operands[name], dict(value))
        elif key in GROUPS or key == "foldable":
            operands = _change_group(operands, key, value)
        elif aspect in ("from", "dims", "dtype"):
            operands[name] = _with(operands[name], **{"source" if aspect == "from" else aspect: value})
        elif key in typed and key not in formals:
            types[key] = value
        elif key in formals or isinstance(value, Tensor):
            operands[key] = value
        else:
            attributes[key] = value
    return operands, attributes, types


def _change_group(operands: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Apply a change that concerns all data operands, or for `foldable` true all operands."""
    if key == "foldable" and value is True:
        return {name: _with(given, source="constant") for name, given in operands.items()}
    changed, data_too = GROUPS["derived" if key == "foldable" else key]  # constants stay constants, as in models
    return {
        name: changed(given, value) if (data_too and name in DATA) or not _fixed(given) else given
        for name, given in operands.items()
    }


def _fixed(given: Any) -> bool:
    return isinstance(given, Tensor) and given.source != "runtime"


def _with(given: Any, **changes: Any) -> Any:
    if isinstance(given, (list, tuple)):
        return [_with(one, **changes) for one in given]
    return given if given is None else replace(given, **changes)


def _resized(given: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(given, (list, tuple)):
        return [_resized(one, shape) for one in given]
    return given if given is None or given.values is not None else replace(given, shape=shape)


def _sized(given: Any, sizes: Mapping[int, int]) -> Any:
    if isinstance(given, (list, tuple)):
        return [_sized(one, sizes) for one in given]
    return given if given is None else _resized(given, tuple(sizes.get(size, size) for size in given.shape))


def _sized_at(given: Any, sizes: Mapping[int, int]) -> Any:
    return _resized(given, tuple(sizes.get(at, size) for at, size in enumerate(given.shape)))


def _emptied(given: Any, at: int) -> Any:
    if isinstance(given, (list, tuple)):
        return [_emptied(one, at) for one in given]
    if given is None or given.values is not None or len(given.shape) <= at:
        return given
    return replace(given, shape=(*given.shape[:at], 0, *given.shape[at + 1 :]))


def _vector(given: Any, source: str) -> Any:
    """A data operand made the rank-1 vector that shape arithmetic works on; other operands of a list stay constant."""
    if isinstance(given, (list, tuple)):
        return [_vector(given[0], source), *[_vector(one, "constant") for one in given[1:]]]
    return given if given is None else replace(given, shape=(4,), source=source, values=(2, 3, 4, 5))


GROUPS: dict[str, tuple[Callable[[Any, Any], Any], bool]] = {
    "rank": (lambda given, rank: _resized(given, SHAPES[rank]), True),
    "dims": (lambda given, dims: _with(given, dims=dims), False),
    "empty": (lambda given, at: _emptied(given, at), True),
    "derived": (lambda given, source: _with(given, source=source), False),
    "arithmetic": (lambda given, source: _vector(given, source), True),
}
"""Keys that change all runtime operands: the function applied to one, and whether constant data operands change too."""
