"""Bounded facets: sizes that are facets as they are, because some compiler has a limit for them.

They are listed as `BOUNDED` in words.py. Conditions on them are bounds, `{"min": 3841}`, that
the prober finds by bisection. A node whose size is not known before it
runs does not have the facet, so that no bound is about it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.values import Facet, NodeFacts

Facets = dict[str, Facet]


def bounded_facets(node: NodeFacts) -> Facets:
    """Return the sizes of a node of ONNX's own domain that have a limit in some compiler; none for most operators."""
    derive = _DERIVED.get(node.op)
    return derive(node) if derive else {}


def _window(node: NodeFacts) -> Facets:
    """Return the number of positions in the window of a pool, or in the kernel of a convolution."""
    weight = node.inputs[1] if len(node.inputs) > 1 and node.op in ("Conv", "ConvTranspose") else None
    inferred = weight.shape[2:] if weight is not None and weight.shape is not None else ()
    sizes = [size for size in attribute(node.proto, "kernel_shape", inferred) if isinstance(size, int)]
    return {"window": math.prod(sizes)} if sizes and len(sizes) >= len(inferred) else {}


def _chosen(node: NodeFacts) -> Facets:
    """Return how many elements a TopK chooses."""
    operand = node.inputs[1] if len(node.inputs) > 1 else None
    if operand is None:
        count = attribute(node.proto, "k")
        return {} if count is None else {"k": int(count)}
    value = operand.constant
    return {} if value is None or value.size != 1 else {"k": int(value.reshape(-1)[0])}


def _neighbours(node: NodeFacts) -> Facets:
    """Return over how many channels an LRN sums, and whether that number has no middle."""
    size = attribute(node.proto, "size")
    return {} if size is None else {"size": int(size), "size.even": int(size) % 2 == 0}


_DERIVED: dict[str, Callable[[NodeFacts], Facets]] = {
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool", "Conv", "ConvTranspose"), _window),
    "TopK": _chosen,
    "LRN": _neighbours,
}
