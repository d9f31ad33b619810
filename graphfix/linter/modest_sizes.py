"""Example sizes that are small enough to run: attention over the pixels of an image grows with the fourth power of its sides."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from graphfix.linter.deciding_options import SizeOption
from graphfix.linter.fitting_sizes import facts_at, sizes_of, with_size

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.analysis.facts import Facts

MOST_ELEMENTS = 1 << 26
"""The most elements of one value of the graph at sizes that are advised; 256 MiB in float32."""
LEAST_SIZE = 32
"""No example is made smaller than this."""


def is_large(facts: Facts) -> bool:
    """Whether a value of a graph at fixed sizes has very many elements."""
    shapes = (value.shape for node in facts.nodes for value in node.outputs if value is not None and value.shape)
    return any(prod(dim for dim in shape if isinstance(dim, int)) > MOST_ELEMENTS for shape in shapes)


def modest_sizes(model: ModelProto, facts: Facts, sizes: Sequence[SizeOption]) -> Sequence[SizeOption]:
    """Return the sizes, the largest examples halved while a value of the graph is very large; each step is a shape inference."""
    there = facts_at(model, sizes)
    while there is not None and is_large(there):
        examples = {name: max(sizes_of(option, facts, name)) for option in sizes for name in option.examples}
        most = max(examples.values(), default=0)
        if most // 2 < LEAST_SIZE:
            break
        for name in (name for name, size in examples.items() if size == most):
            sizes = [with_size(option, facts, name, most // 2, example=True) for option in sizes]
        there = facts_at(model, sizes)
    return sizes
