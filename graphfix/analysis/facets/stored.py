"""Facets that a model's nodes hold in their metadata: those of the ATen operators of an exported program of torch.

Such a program is judged in the form of an ONNX graph whose nodes are ATen operators. What decides on them is read from the
program itself, by the worker that has torch, and is stored with each node.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

    from graphfix.analysis.values import Facet

KEY = "graphfix.facets"
"""The metadata key of a node's facets."""
PRODUCER = "torch.export"
"""The `producer_name` of a model whose nodes are ATen operators."""


def is_torch_program(model: ModelProto) -> bool:
    """Whether a model's nodes are ATen operators of an exported program."""
    return model.producer_name == PRODUCER


def stored_facets(node: NodeProto) -> dict[str, Facet] | None:
    """Return the facets in a node's metadata, the same dict for the same facets; None where there are none."""
    text = next((prop.value for prop in node.metadata_props if prop.key == KEY), None)
    return None if text is None else _parsed(text)


def store_facets(node: NodeProto, found: dict[str, Facet]) -> None:
    """Write facets into a node's metadata."""
    node.metadata_props.add(key=KEY, value=json.dumps(found, sort_keys=True))


@functools.lru_cache(maxsize=1 << 14)
def _parsed(text: str) -> dict[str, Facet] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    plain = isinstance(found, dict) and all(value is None or isinstance(value, (str, int)) for value in found.values())
    return found if plain else None
