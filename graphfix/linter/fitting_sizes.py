"""Example sizes that fit the graph: an export may hold the size it was traced at as a constant, and runs at no other."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.values import integers
from graphfix.errors import GraphfixError
from graphfix.linter.deciding_options import SizeOption, named_dims

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.analysis.facts import Facts, NodeFacts

MOST_TRIES = 8
"""How often other sizes are tried; each costs a shape inference of the model."""


def fitting_sizes(model: ModelProto, facts: Facts, sizes: Sequence[SizeOption]) -> Sequence[SizeOption]:
    """Return the sizes, one example replaced by one at which the graph runs: a size that Reshapes hold as a constant, which is
    no example any more, or a part of the example where a Concat joins operands that differ.

    Sizes that fit, and those for which no such size is found, come back as they are.
    """
    bound = facts_at(model, sizes)
    if bound is None or runs_at(bound):
        return sizes
    names = list(dict.fromkeys(name for option in sizes for name in option.examples))
    names.sort(key=lambda name: _is_one(name, facts, sizes))  # batch dims last: they are seldom built in
    built_in = [(name, size, False) for size in dict.fromkeys(built_in_sizes(bound)) for name in names]
    parts = [
        (name, int(size * part), True) for part in dict.fromkeys(_shares(bound)) for name in names
        for size in dict.fromkeys(each for option in sizes for each in sizes_of(option, facts, name))
        if (size * part).denominator == 1
    ]  # fmt: skip
    for name, size, example in (*built_in, *parts)[:MOST_TRIES]:
        changed = [with_size(option, facts, name, size, example=example) for option in sizes]
        there = facts_at(model, changed)
        if there is not None and runs_at(there):
            return changed
    return sizes


def facts_at(model: ModelProto, sizes: Sequence[SizeOption]) -> Facts | None:
    """Return the facts of the graph at these input sizes; None where they contradict each other."""
    from graphfix.analysis.cache import facts_of
    from graphfix.ir.bind_inputs import bind

    try:
        return facts_of(bind(model, {size.input: size.dims for size in sizes}, {}))
    except GraphfixError:
        return None


def runs_at(facts: Facts) -> bool:
    """Whether no Reshape of the graph has another number of elements than its target, and no Concat operands that differ."""
    return not built_in_sizes(facts) and next(_shares(facts), None) is None


def built_in_sizes(facts: Facts) -> list[int]:
    """Return the sizes in the targets of the Reshapes whose inputs have another number of elements."""
    return [size for node in facts.of_operator("Reshape") if _has_target(node) for size in _misfit(node)]


def _shares(facts: Facts) -> Iterator[Fraction]:
    """Yield the ratios, below 1, of two sizes that a Concat needs to be equal."""
    for node in facts.of_operator("Concat"):
        shapes = [value.shape for value in node.inputs if value is not None and value.shape is not None]
        if node.domain or len(shapes) < len(node.inputs) or len({len(shape) for shape in shapes}) != 1:
            continue
        joined = attribute(node.proto, "axis", 0) % max(1, len(shapes[0]))
        for axis, dims in enumerate(zip(*shapes, strict=True)):
            sizes = {dim for dim in dims if isinstance(dim, int)}
            if axis != joined and len(sizes) > 1 and min(sizes) > 0:
                yield Fraction(min(sizes), max(sizes))


def _has_target(node: NodeFacts) -> bool:
    """Whether a node is a Reshape to a constant shape."""
    second = node.inputs[1] if node.op == "Reshape" and not node.domain and len(node.inputs) > 1 else None
    return second is not None and second.constant is not None


def _misfit(node: NodeFacts) -> Iterator[int]:
    """Yield the fixed sizes above 1 of a target that the input cannot be reshaped to."""
    data, wanted = node.inputs[0], integers(node.inputs[1])
    if data is None or data.shape is None or wanted is None:
        return
    dims = [dim for dim in data.shape if isinstance(dim, int)]
    if len(dims) < len(data.shape) or 0 in wanted:
        return
    count, fixed = math.prod(dims), math.prod(dim for dim in wanted if dim > 0)
    if count % fixed if -1 in wanted else count != fixed:
        yield from (dim for dim in wanted if dim > 1)


def _is_one(name: str, facts: Facts, sizes: Sequence[SizeOption]) -> bool:
    """Whether the example for a dim of this name is 1."""
    return any(1 in sizes_of(option, facts, name) for option in sizes)


def sizes_of(option: SizeOption, facts: Facts, name: str) -> list[int]:
    """Return the sizes that an option gives to the dims of that name."""
    return [dim for of, dim in zip(_names(option, facts), option.dims, strict=True) if of == name]


def _names(option: SizeOption, facts: Facts) -> list[int | str]:
    """Return the names of an input's dims as examples have them, and the sizes of fixed dims."""
    shape = next(named_dims(value) for value in facts.inputs if value.name == option.input)
    return [dim or f"dim {axis} of {option.input}" for axis, dim in enumerate(shape)]


def with_size(option: SizeOption, facts: Facts, name: str, size: int, *, example: bool) -> SizeOption:
    """Return an option with another size for the dim of that name, which stays an example or is none then."""
    dims = tuple(size if of == name else dim for of, dim in zip(_names(option, facts), option.dims, strict=True))
    return dataclasses.replace(option, dims=dims, examples=tuple(each for each in option.examples if example or each != name))
