"""Example sizes that fit the graph: an export may hold the size it was traced at as a constant, and runs at no other."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from graphfix.errors import GraphfixError
from graphfix.linter.deciding_options import SizeOption

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.analysis.facts import Facts, NodeFacts

MOST_TRIES = 8
"""How often other sizes are tried; each costs a shape inference of the model."""


def fitting_sizes(model: ModelProto, facts: Facts, sizes: Sequence[SizeOption]) -> Sequence[SizeOption]:
    """Return the sizes, one example replaced by a size that Reshapes hold as a constant where the graph only runs at that.

    That size is no example any more. Sizes that fit, and those for which no such size is found, come back as they are.
    """
    wanted = list(dict.fromkeys(_built_in(model, sizes))) if any(map(_has_target, facts.of_operator("Reshape"))) else []
    names = dict.fromkeys(name for option in sizes for name in option.examples) if wanted else ()
    tried = 0
    for size in wanted:
        for name in sorted(names, key=lambda name: _is_one(name, facts, sizes)):  # batch dims last: they are seldom built in
            tried += 1
            changed = [_replaced(option, facts, name, size) for option in sizes]
            if tried <= MOST_TRIES and not _built_in(model, changed):
                return changed
    return sizes


def _built_in(model: ModelProto, sizes: Sequence[SizeOption]) -> list[int]:
    """Return the built-in sizes that the graph does not fit at these input sizes."""
    from graphfix.analysis.cache import facts_of
    from graphfix.ir.bind_inputs import bind

    try:
        bound = facts_of(bind(model, {size.input: size.dims for size in sizes}, {}))
    except GraphfixError:  # the sizes contradict each other
        return []
    return built_in_sizes(bound)


def built_in_sizes(facts: Facts) -> list[int]:
    """Return the sizes in the targets of the Reshapes whose inputs have another number of elements."""
    return [size for node in facts.of_operator("Reshape") if _has_target(node) for size in _misfit(node)]


def _has_target(node: NodeFacts) -> bool:
    """Whether a node is a Reshape to a constant shape."""
    second = node.inputs[1] if node.op == "Reshape" and not node.domain and len(node.inputs) > 1 else None
    return second is not None and second.constant is not None


def _misfit(node: NodeFacts) -> Iterator[int]:
    """Yield the fixed sizes above 1 of a target that the input cannot be reshaped to."""
    data, target = node.inputs[0], node.inputs[1]
    if data is None or data.shape is None or target is None or target.constant is None:
        return
    dims = [dim for dim in data.shape if isinstance(dim, int)]
    wanted = [int(dim) for dim in target.constant.tolist()]
    if len(dims) < len(data.shape) or 0 in wanted:
        return
    count, fixed = math.prod(dims), math.prod(dim for dim in wanted if dim > 0)
    if count % fixed if -1 in wanted else count != fixed:
        yield from (dim for dim in wanted if dim > 1)


def _is_one(name: str, facts: Facts, sizes: Sequence[SizeOption]) -> bool:
    """Whether the example for a dim of this name is 1."""
    return any(1 in _sizes(option, facts, name) for option in sizes)


def _sizes(option: SizeOption, facts: Facts, name: str) -> list[int]:
    return [dim for of, dim in zip(_names(option, facts), option.dims, strict=True) if of == name]


def _names(option: SizeOption, facts: Facts) -> list[int | str]:
    """Return the names of an input's dims as examples have them, and the sizes of fixed dims."""
    shape = next(value.shape or () for value in facts.inputs if value.name == option.input)
    return [dim or f"dim {axis} of {option.input}" for axis, dim in enumerate(shape)]


def _replaced(option: SizeOption, facts: Facts, name: str, size: int) -> SizeOption:
    """Return an option with another size for the dim of that name, which is no example then."""
    dims = tuple(size if of == name else dim for of, dim in zip(_names(option, facts), option.dims, strict=True))
    return dataclasses.replace(option, dims=dims, examples=tuple(each for each in option.examples if each != name))
