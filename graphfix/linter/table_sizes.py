"""Example sizes that fit a table of positions: a vision transformer takes images of as many patches as its table has rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, islice, permutations
from typing import TYPE_CHECKING

from graphfix.analysis.values import integers
from graphfix.linter.counted_positions import counted_misfits
from graphfix.linter.deciding_options import SIDE, SizeOption
from graphfix.linter.fitting_sizes import facts_at, fitting_sizes, runs_at
from graphfix.linter.modest_sizes import is_large, modest_sizes

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.analysis.facts import Facts

MOST_TRIES = 4
"""How often other sizes are tried; each costs a shape inference of the model."""
MOST_TOKENS = 4
"""The most rows of a table that stand for tokens that are no patches, as a class token is."""

MOST_OBLONG = 4
"""How many times the longer side of an image is as long as the other, at most."""

FITTED_NODES = 2_000
"""The number of nodes up to which lint infers a graph of images at the sizes it advises, and once more for each other try."""
IMAGE_RANK, OTHER_NODES = 4, 400
"""The rank of images, and the number of nodes up to which other models are inferred at the sizes that lint advises."""


def fits(facts: Facts) -> bool:
    """Whether the graph runs at its sizes, as far as its Reshapes, Concats, tables of positions and largest values tell."""
    return runs_at(facts) and next(table_misfits(facts), None) is None and not is_large(facts)


def fitted(model: ModelProto, facts: Facts, sizes: Sequence[SizeOption]) -> tuple[Sequence[SizeOption], bool]:
    """Return the sizes, examples replaced where the graph runs at others only, and False where it runs at none tried."""
    there = facts_at(model, sizes)
    if there is None or fits(there):
        return sizes, True
    modest = modest_sizes(model, facts, sizes)
    found = sizes_of_tables(model, facts, fitting_sizes(model, facts, modest))
    there = facts_at(model, found) if modest is not sizes and found is modest else None
    return found, found is not modest or (there is not None and fits(there))


def fitted_if_small(model: ModelProto, facts: Facts, sizes: Sequence[SizeOption]) -> tuple[Sequence[SizeOption], bool]:
    """Return the same for a model that is not large; other sizes as they are, since each try infers all shapes."""
    most = FITTED_NODES if any(len(each.dims) == IMAGE_RANK for each in sizes) else OTHER_NODES
    return fitted(model, facts, sizes) if sizes and len(facts.nodes) <= most else (sizes, True)


def sizes_of_tables(model: ModelProto, facts: Facts, sizes: Sequence[SizeOption]) -> Sequence[SizeOption]:
    """Return the sizes with sides of images, or lengths, for which all tables have as many rows as the graph makes.

    Sizes that fit, and those for which no others are found, come back as they are.
    """
    misfit = _misfit_at(model, sizes)
    for other in islice(_others(misfit, facts, sizes), MOST_TRIES) if misfit is not None else ():
        if _misfit_at(model, other) is None:
            return other
    return sizes


def _misfit_at(model: ModelProto, sizes: Sequence[SizeOption]) -> tuple[int, int] | None:
    """Return the first misfit at these input sizes; None where there is none, or the sizes contradict each other."""
    there = facts_at(model, sizes)
    return None if there is None else next(chain(table_misfits(there), rows_of_targets(there)), None)


def table_misfits(facts: Facts) -> Iterator[tuple[int, int]]:
    """Yield the sizes that an Add of a constant does not broadcast, or that count beyond a table, each with one that fits."""
    yield from counted_misfits(facts)
    for node in facts.of_operator("Add"):
        for data, table in permutations(node.inputs, 2):
            if data is None or table is None or data.source != "runtime" or table.source == "runtime":
                continue
            for made, rows in zip(reversed(data.shape or ()), reversed(table.shape or ()), strict=False):
                if isinstance(made, int) and isinstance(rows, int) and min(made, rows) > 1 and made != rows:
                    yield made, rows


def rows_of_targets(facts: Facts) -> Iterator[tuple[int, int]]:
    """Yield the sizes of data that a Reshape to a constant shape cannot take, each with the size in its place that it can."""
    for node in facts.of_operator("Reshape"):
        data, target = node.inputs[0], integers(node.inputs[1]) if len(node.inputs) > 1 else None
        dims = [dim for dim in data.shape or () if isinstance(dim, int)] if data is not None else []
        if data is None or not target or min(target) < 1 or len(dims) < len(data.shape or ()):
            continue
        made, wanted = math.prod(dims), math.prod(target)
        if made != wanted:
            yield from ((dim, rows) for dim in dims for rows in target if 1 < rows != dim and made * rows == wanted * dim)


def _others(misfit: tuple[int, int], facts: Facts, sizes: Sequence[SizeOption]) -> Iterator[list[SizeOption]]:
    """Yield other sizes: the table's rows in place of a length, or images of as many patches as the table has rows."""
    made, rows = misfit

    def lengths(name: str, size: int) -> int:
        return rows if size == made and not SIDE.search(name) else size

    yield from _replaced(facts, sizes, lengths)
    for tokens in range(min(MOST_TOKENS + 1, made, rows)):
        scale = math.sqrt((rows - tokens) / (made - tokens))
        yield from _replaced(facts, sizes, partial(_scaled_side, scale))
    for tokens in range(min(MOST_TOKENS + 1, made, rows)):
        side = math.isqrt(made - tokens)
        for low in range(math.isqrt(rows - tokens), 0, -1) if side * side == made - tokens else ():
            high, rest = divmod(rows - tokens, low)
            if not rest and high <= MOST_OBLONG * low:
                yield from _replaced(facts, sizes, _Sides(side, low, high))


@dataclasses.dataclass(slots=True)
class _Sides:
    """Sides of an image that has `first` by `second` patches, where it had `side` by `side`."""

    side: int
    first: int
    second: int
    names: list[str] = dataclasses.field(default_factory=list)

    def __call__(self, name: str, size: int) -> int:
        """Return the side of that name, 0 where it is no whole number; other sizes as they are."""
        if not SIDE.search(name):
            return size
        self.names += [name] if name not in self.names else []
        made, rest = divmod(size * (self.first if name == self.names[0] else self.second), self.side)
        return 0 if rest else made


def _scaled_side(scale: float, name: str, size: int) -> int:
    """Return the side of an image in that scale, 0 where it is no whole number; other sizes as they are."""
    if not SIDE.search(name):
        return size
    made = round(size * scale)
    return made if math.isclose(made, size * scale, rel_tol=1e-9) else 0


def _replaced(facts: Facts, sizes: Sequence[SizeOption], change: Callable[[str, int], int]) -> Iterator[list[SizeOption]]:
    """Yield the sizes with other examples, which are no examples then; nothing where none changes or one is no size."""
    found, changed = list[SizeOption](), set[str]()
    for option in sizes:
        shape = next(value.shape or () for value in facts.inputs if value.name == option.input)
        dims = []
        for name, size in zip(shape, option.dims, strict=True):
            dims.append(change(name, size) if isinstance(name, str) and name in option.examples else size)
            changed |= {str(name)} if dims[-1] != size else set()
        found.append(dataclasses.replace(option, dims=tuple(dims)))
    if changed and all(min(option.dims, default=1) > 0 for option in found):
        yield [dataclasses.replace(each, examples=tuple(name for name in each.examples if name not in changed)) for each in found]
