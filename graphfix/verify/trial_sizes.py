"""The sizes at which a model with dynamic dims is tried: what its weights fix, then small sizes first, within a budget.

A size is not tried where an input would have more elements than the budget allows, or a value inside the model, as far as
shape inference knows its dims: two dynamic dims of 16,000 each are one attention matrix of a gigabyte.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from onnx import ModelProto

from graphfix.analysis.input_names import AUDIO
from graphfix.ir.bind_inputs import Dims
from graphfix.verify.dim_deduction import PREFIX, DeducedDims, deduced_dims

SIZES = ((1, 16), (2, 24), (1, 32), (2, 7), (1, 64), (1, 224), (1, 1), (3, 5), (1, 320), (1, 512), (1, 16000))
"""(first dim, other dims) tried in this order for dynamic dims, until the model runs at two of them."""
SOUND = ((1, 4000), (2, 6400), (1, 16000))
"""Sizes tried first for rows of samples of sound: a model takes frames of some hundreds from them, and fewer are no frame."""
MULTIPLES = (2, 1, 3, 4)
"""What the sizes of dims other than the first are multiplied by, in turn, to be unlike each other."""
MOST_INPUT, MOST_INSIDE = 2**22, 2**26
"""The most elements of an input, and of a value inside the model, at the sizes that are tried."""


@dataclass(slots=True)
class TrialSizes:
    """The dims of a model's inputs, and the concrete shapes that they are tried with."""

    deduced: DeducedDims
    sound: bool = False

    @classmethod
    def of(cls, model: ModelProto, shapes: Mapping[str, Dims]) -> TrialSizes:
        """Return the trial sizes of a model whose dims are fixed in part by `shapes`."""
        found = deduced_dims(model, shapes)
        return cls(found, any(AUDIO.search(name) and _is_row(dims) for name, dims in found.layout.items()))

    @property
    def dynamic(self) -> bool:
        """Whether any dim is left to choose."""
        return any(not isinstance(dim, int) for dims in self.deduced.layout.values() for dim in dims)

    def __iter__(self) -> Iterator[tuple[tuple[int, int], dict[str, Dims]]]:
        """Iterate over pairs of sizes, each with the shapes at it; without dynamic dims there is one, which is not used."""
        return (
            self.at((*(SOUND if self.sound else ()), *SIZES)) if self.dynamic else iter([(SIZES[0], dict(self.deduced.layout))])
        )

    def at(self, pairs: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], dict[str, Dims]]]:
        """Iterate over the shapes at (first dim, other dims) that are within the budget, each once.

        Where that is not enough, nameless dims between the first and the last, of states and batches, are as the first.
        """
        seen: list[dict[str, Dims]] = []
        for inner, (first, other) in itertools.product((False, True), pairs):
            sizes = self._sizes(first, other, inner=inner)
            made = self._shapes(sizes)
            if made not in seen and max(map(_elements, made.values()), default=1) <= MOST_INPUT:
                seen.append(made)
                if self.deduced.largest(sizes) <= MOST_INSIDE:
                    yield (first, other), made

    def layouts(self, shapes: dict[str, Dims]) -> list[dict[str, Dims]]:
        """Return the shapes, and where several dims are left to choose also uneven ones."""
        other = self.uneven(shapes)
        return [shapes] if other is None else [shapes, other]

    def uneven(self, shapes: Mapping[str, Dims]) -> dict[str, Dims] | None:
        """Return shapes that the model ran at with other multiples of each size, so that no two dims are equal by chance.

        What takes the height for the width is wrong only where these differ. None where a single dim is left to choose, or
        where the shapes are beyond the budget.
        """
        symbols = {
            str(dim): size
            for name, dims in self.deduced.layout.items()
            for dim, size in zip(dims, shapes[name], strict=True)
            if isinstance(dim, str) and isinstance(size, int)
        }
        leading = {dims[0] for dims in self.deduced.layout.values() if len(dims) > 1}
        multiples = itertools.cycle(MULTIPLES)
        sizes = {symbol: size if symbol in leading else size * next(multiples) for symbol, size in symbols.items()}
        made = self._shapes(sizes)
        if len(symbols.keys() - leading) < 2 or max(map(_elements, made.values())) > MOST_INPUT:
            return None
        return made if self.deduced.largest(sizes) <= MOST_INSIDE else None

    def _shapes(self, sizes: Mapping[str, int]) -> dict[str, Dims]:
        """Return the shape of each input where the symbols have these sizes."""
        return {
            name: [dim if isinstance(dim, int) else sizes[str(dim)] for dim in dims] for name, dims in self.deduced.layout.items()
        }

    def _sizes(self, first: int, other: int, *, inner: bool) -> dict[str, int]:
        """Return a size for each symbol: `first` for those that are the first dim of any input, else `other`."""
        leading = {dims[0] for dims in self.deduced.layout.values() if len(dims) > 1}
        sizes: dict[str, int] = {}
        for dims in self.deduced.layout.values():
            for axis, dim in enumerate(dims):
                if isinstance(dim, str):
                    nameless = inner and dim.startswith(PREFIX) and 0 < axis < len(dims) - 1
                    sizes.setdefault(dim, first if dim in leading or nameless else other)
        return sizes


def _is_row(dims: Dims) -> bool:
    """Whether an input is a row of numbers of any length, or one for each of a batch or a few channels."""
    return bool(dims) and isinstance(dims[-1], str) and all(isinstance(dim, int) and dim <= 2 for dim in dims[1:-1])


def _elements(dims: Dims) -> int:
    product = 1
    for dim in dims:
        product *= dim if isinstance(dim, int) else 1
    return product
