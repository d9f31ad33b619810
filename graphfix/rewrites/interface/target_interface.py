"""The interface changes that a target needs whatever the user requests: an image classifier's layout, dtype and batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from graphfix.ir.bind_inputs import interface
from graphfix.ir.dtypes import NAMES
from graphfix.rewrites.interface.switch_layout import SwitchLayout
from graphfix.tables.image_interface import NCHW, NHWC, ImageInterface, image_interface
from graphfix.tables.table import table

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

    from graphfix.rewriting.interface_rewrite import InterfaceRewrite

RAW = "uint8"
"""The dtype of an image's bytes."""


def add_image_requests(
    model: ModelProto, targets: Sequence[str], layouts: MutableMapping[str, str], dtypes: MutableMapping[str, str],
    normalized: Mapping[str, Any],
) -> None:  # fmt: skip
    """Add what the targets' interface needs to the requested layouts and dtypes, by input name, where nothing else is requested.

    An image becomes bytes only where it is `normalized`: without mean and deviation nobody knows what its floats mean.
    """
    for info, dims, rules in _images(model, targets):
        if rules.layout(dims) == NCHW:
            layouts.setdefault(info.name, NHWC)
        if info.name in normalized and RAW in rules.inputs and NAMES[info.type.tensor_type.elem_type] in rules.normalised:
            dtypes.setdefault(info.name, RAW)


def image_reforms(model: ModelProto, targets: Sequence[str], reforms: Sequence[InterfaceRewrite]) -> list[InterfaceRewrite]:
    """Return the changes of the interface that targets need beside the given ones, which may change the layout already."""
    layouts: dict[str, str] = {}
    add_image_requests(model, targets, layouts, {}, {})
    return [] if not layouts or any(isinstance(reform, SwitchLayout) for reform in reforms) else [SwitchLayout(layouts)]


def with_image_batch(model: ModelProto, targets: Sequence[str], shapes: Mapping[str, Any]) -> dict[str, Any]:
    """Return dims by input name, with a dynamic batch set to the size that the targets give."""
    found = dict(shapes)
    for info, dims, rules in _images(model, targets):
        given = list(shapes.get(info.name, [None] * len(dims)))
        if not isinstance(dims[0], int) and not isinstance(given[0], int):
            found[info.name] = [rules.batch, *given[1:]]
    return found


def _images(model: ModelProto, targets: Sequence[str]) -> Iterator[tuple[ValueInfoProto, list[object], ImageInterface]]:
    """Yield the image that the model takes, its dims, and what a target asks of it, for each target that takes only images."""
    inputs = interface(model)
    for rules in filter(None, (image_interface(table(target).about) for target in targets)):
        if len(inputs) == 1:
            dims = [dim.dim_value if dim.HasField("dim_value") else None for dim in inputs[0].type.tensor_type.shape.dim]
            if rules.layout(dims):
                yield inputs[0], dims, rules
