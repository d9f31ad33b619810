"""Facets of Reshape: what its target is made of, and what becomes of dynamic dims."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from graphfix.analysis.dim_names import is_fresh, is_untold
from graphfix.analysis.facets.attributes import Facet
from graphfix.analysis.facts import NodeFacts, Value
from graphfix.analysis.symbolic_shapes import UNKNOWN, counted
from graphfix.analysis.values import Shape, is_unclear

Facets = dict[str, Facet]


def reshape(node: NodeFacts) -> Facets:
    """Return the kinds of elements in the target of a Reshape, 0 (copy), -1 (infer) or sizes only, and the use of dynamic dims.

    `opens` is `none` where the data has no dynamic dims beyond the copied ones, `inferred` where -1 stands for them or an
    integer multiple, `divided` where it stands for a fraction of them, `pinned` where the target states fixed sizes for them,
    and `kept` where the target has exactly the same dynamic dims. `windowed` tells of dynamic dims that a convolution, a pool
    or another window made; exporters then state the target by the same arithmetic.
    """
    data = node.inputs[0]
    found = _target(node, data)
    found["windowed"] = data is not None and any(is_fresh(dim) and not is_untold(dim) for dim in data.shape or ())
    return found


def _target(node: NodeFacts, data: Value | None) -> Facets:
    value = node.inputs[1].constant if len(node.inputs) > 1 and node.inputs[1] is not None else None
    if value is None and len(node.inputs) == 1:
        value = np.asarray(next((item.ints for item in node.proto.attribute if item.name == "shape"), ()))
    if value is None:
        sizes = node.inputs[1].sizes if len(node.inputs) > 1 and node.inputs[1] is not None else None
        if sizes is None or None in sizes or data is None or data.shape is None:
            return {"target": "unknown"}
        return {"target": "named+infer" if -1 in sizes else "named", "opens": _named_opens(data.shape, sizes)}
    marks = [word for word, mark in (("copy", 0), ("infer", -1)) if (value == mark).any()]
    return {"target": "+".join(marks) or "sizes", "opens": _opens(data, value.reshape(-1).tolist())}


def _opens(data: Value | None, target: Sequence[int]) -> Facet:
    if data is None or data.shape is None:
        return None
    kept = {at for at, size in enumerate(target) if size == 0}
    left = [dim for at, dim in enumerate(data.shape) if at not in kept]
    if all(isinstance(dim, int) for dim in left):
        return "none"
    if -1 not in target:
        return "pinned"
    fixed, _ = counted(left)
    wanted = math.prod(size for size in target if size > 0)
    return "inferred" if wanted and fixed % wanted == 0 else "divided"


def _named_opens(data: Shape, target: Sequence[int | str | None]) -> Facet:
    """Return the same for a target of numbers and names of dynamic dims."""
    sizes = [data[at] if size == 0 and at < len(data) else size for at, size in enumerate(target)]
    have, rest = counted(data)
    want, names = counted([size for size in sizes if size != -1])
    for name in names:
        if name not in rest:
            known = not any(map(_is_open, (name, *rest)))
            return ("divided" if -1 in sizes else "pinned") if known else None
        rest.remove(name)
    if -1 not in sizes and any(map(_is_open, rest)):
        return None
    if -1 in sizes:
        return "inferred" if want and have % want == 0 else "divided"
    return "kept" if not rest and have == want else "pinned"


def _is_open(name: str) -> bool:
    """Whether a dim may be any size, a number also, as nothing is known about it."""
    return name == UNKNOWN or is_untold(name) or is_unclear(name)
