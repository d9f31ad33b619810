"""Facets of Reshape that decide whether a compiled model runs at other sizes: what 0 copies, and what -1 stands for.

They are asked for by the tables of models that run only at one size (graphfix/tables/resized.py), and by no other table: a
compiler that takes a Reshape for its dims takes it whatever the factor beside them is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from graphfix.analysis.facets.attributes import Facet
from graphfix.analysis.facts import NodeFacts
from graphfix.analysis.symbolic_shapes import counted
from graphfix.analysis.values import Shape

OPERATOR = "Reshape"
"""The only operator with these facets."""


def flattening(node: NodeFacts) -> dict[str, Facet]:
    """Return `copied` and `inferred` of a Reshape; None where the shape of the data or the target is not known.

    `copied` names the dims that 0 in the target copies, in their order. `inferred` tells what -1 stands for: the dynamic dims
    that are not copied, `alone`, `multiplied` or `divided` by a fixed size, or `none` of them. No other operator has them.
    """
    if node.op != OPERATOR or node.domain != "" or len(node.inputs) < 2:
        return {}
    data, target = node.inputs[0], node.inputs[1]
    sizes = None if target is None else target.sizes if target.constant is None else tuple(target.constant.reshape(-1).tolist())
    if data is None or data.shape is None or sizes is None or None in sizes:
        return {"copied": None, "inferred": None}
    return {"copied": _copied(data.shape, sizes), "inferred": _inferred(data.shape, sizes)}


def _copied(data: Shape, sizes: Sequence[int | str | None]) -> str:
    kinds = ["fixed" if isinstance(dim, int) else "dynamic" for dim, size in zip(data, sizes, strict=False) if size == 0]
    return ", ".join(kinds) if 0 < len(kinds) < 3 else "many" if kinds else "none"


def _inferred(data: Shape, sizes: Sequence[int | str | None]) -> str:
    left = [dim for at, dim in enumerate(data) if at >= len(sizes) or sizes[at] != 0]
    number, names = counted(left)
    if -1 not in sizes or not names:
        return "none"
    written = math.prod(size for size in sizes if isinstance(size, int) and size > 0)
    if written == 0 or number % written:
        return "divided"
    return "alone" if number == written else "multiplied"
