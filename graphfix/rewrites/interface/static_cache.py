"""f(past: [.., P, ..]) = Concat(past, new) becomes f(past: [.., N, ..], position): new rows are written at their position."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from graphfix.rewrites.interface.cache_lengths import LENGTHS, CacheLengths
from graphfix.rewrites.interface.fixed_length import FixedLength, Unfit
from graphfix.rewriting.interface_rewrite import InterfaceRewrite, Reformed
from graphfix.rewriting.rewrite import Case, Declined, Key, Outcome
from graphfix.verify.feed_adapter import Adapted, Array, Outputs

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

POSITION = "cache_position"
FILLER = 3.0
"""What verification puts where a cache holds nothing yet: no number that a mask may let through unseen."""


@dataclass(frozen=True, slots=True)
class Cache:
    """An input to which a Concat appends rows along an axis; `symbol` is the name of its dim, `new` what is appended."""

    name: str
    axis: int
    symbol: str
    new: str


class StaticCache(InterfaceRewrite):
    """Give the key and value caches of a decoder N fixed rows, by `--static-cache N`, and write new rows at `cache_position`.

    Why: every step of an exported decoder has longer caches than the step before, and compilers for phones need fixed sizes.
    The caches, in and out, and the attention mask become N long; rows beyond the position are masked inside, whatever they
    hold. The number of new tokens and the batch must be fixed.
    """

    name = "static-cache"
    before = "graphfix fix model.onnx --static-cache 512 --shape input_ids=1x1"
    ask = "needs a number of rows: --static-cache N"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) { y = Relu(x) }""",
            because="no input is a cache that a Concat appends to",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, P, 2] past, float[1, 1, 2] x) => (float[1, Q, 2] present) {
                 present = Concat<axis = 1>(past, x) }""",
            because=ask,
        ),
    )

    def __init__(self, rows: int = 0) -> None:
        """Set the number of rows; 0 means that the change is not requested."""
        self.rows = rows

    @property
    def asked(self) -> bool:
        return self.rows > 0

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        if self.asked:
            return super().apply(model, wanted)
        reason = self.ask if caches(model) else "no input is a cache that a Concat appends to"
        return Outcome(None, declined=(Declined(reason),))

    def reform(self, model: ModelProto) -> Reformed | Declined:
        found = caches(model)
        if not found:
            return Declined("no input is a cache that a Concat appends to")
        axes = _axes(model, found)
        if isinstance(axes, Declined):
            return axes
        more = _appended(model, found, axes, self.rows)
        if isinstance(more, Declined):
            return more
        tokens, masks = more, [name for name in axes if name not in {cache.name for cache in found}]
        if self.rows < tokens + LENGTHS:
            return Declined(f"{self.rows} rows are too few for {tokens} new at a step")
        by_name = {name: (axis, tokens if name in masks else 0) for name, axis in axes.items()}
        lengths = CacheLengths.of(model, by_name, self.rows - tokens)
        if lengths.facts[0].trouble:
            return Declined(f"at a fixed length its shapes contradict each other: {lengths.facts[0].trouble}")
        try:
            work = FixedLength.of(model, lengths, {cache.name: cache.axis for cache in found}, masks, self.rows, tokens)
            made, position, grown = work.rewritten()
        except Unfit as unfit:
            return Declined(str(unfit), at=unfit.label)
        rows = self.rows

        def filled(array: Array, axis: int, value: float) -> Array:
            missing = rows - array.shape[axis]
            if missing < 0:
                raise ValueError(f"{array.shape[axis]} rows do not fit into {rows}")
            shape = (*array.shape[:axis], missing, *array.shape[axis + 1 :])
            return np.concatenate([array, np.full(shape, value, array.dtype)], axis)

        def outputs(given: Outputs) -> Outputs:
            return {
                name: filled(np.asarray(output), grown[name], FILLER) if name in grown else output
                for name, output in given.items()
            }

        def adapt(given: Adapted) -> Adapted:
            new = dict(given.new)
            held = {new[cache.name].shape[cache.axis] for cache in found}
            if len(held) > 1:
                raise ValueError(f"the caches hold {', '.join(map(str, sorted(held)))} rows each")
            (length,) = held
            if length + tokens > rows:
                raise ValueError(f"{length + tokens} rows do not fit into {rows}")
            plain = {name: _plain_mask(new[name], axes[name], length, tokens) for name in masks}
            new |= plain
            for name, axis in axes.items():
                new[name] = filled(new[name], axis, 0 if name in masks else FILLER)
            new[position] = np.asarray([length], np.int64)
            old = tuple({**feed, **plain} for feed in given.old)
            return dataclasses.replace(given, old=old, new=new, outputs=(*given.outputs, outputs))

        return Reformed(made, (*(cache.name for cache in found), *masks, position), adapt)


def caches(model: ModelProto) -> list[Cache]:
    """Return the inputs with a dynamic dim that a Concat of the main graph appends rows to, along that dim."""
    from graphfix.ir.bind_inputs import interface

    inputs = {info.name: info for info in interface(model)}
    found = {}
    for node in model.graph.node:
        if node.op_type != "Concat" or len(node.input) != 2 or node.input[0] not in inputs:
            continue
        dims = _symbols(inputs[node.input[0]])
        axis = next((item.i for item in node.attribute if item.name == "axis"), 0)
        if len(dims) > 2 and -len(dims) <= axis < len(dims) and isinstance(dims[axis], str):
            found[node.input[0]] = Cache(node.input[0], axis % len(dims), str(dims[axis]), node.input[1])
    return list(found.values())


def _symbols(info: ValueInfoProto) -> list[int | str]:
    return [dim.dim_value if dim.HasField("dim_value") else dim.dim_param for dim in info.type.tensor_type.shape.dim]


def _axes(model: ModelProto, found: Sequence[Cache]) -> dict[str, int] | Declined:
    """Return the axis of each input that grows with the caches: the caches, and masks over them; or which sizes are needed.

    A mask's dim is named as a sum with the length, or is the only one that is dynamic besides.
    """
    from graphfix.ir.bind_inputs import interface

    lengths = {cache.symbol for cache in found}
    axes = {cache.name: cache.axis for cache in found}
    others: list[tuple[str, int, str]] = []
    for info in interface(model):
        for axis, dim in enumerate(_symbols(info)):
            if isinstance(dim, str) and not (info.name in axes and axes[info.name] == axis):
                others.append((info.name, axis, dim))
    sums = [entry for entry in others if lengths & {part.strip() for part in entry[2].split("+")}]
    rest = {symbol for _, _, symbol in others} - {symbol for _, _, symbol in sums}
    if rest and (sums or len(rest) > 1 or any(name in axes for name, _, symbol in others if symbol in rest)):
        name = next(name for name, _, symbol in others if symbol in rest)
        dims = next("x".join(str(dim or "?") for dim in _symbols(info)) for info in interface(model) if info.name == name)
        missing = ", ".join(sorted(rest))
        return Declined(f"needs sizes: --shape {name}={dims} with a number for {missing}", at=name)
    return {**axes, **{name: axis for name, axis, _ in others}}


def _appended(model: ModelProto, found: Sequence[Cache], axes: dict[str, int], rows: int) -> int | Declined:
    """Return how many rows are appended to each cache at a step; a mask of another length may end inference early."""
    sizes = set()
    facts = CacheLengths.of(model, {name: (axis, 0) for name, axis in axes.items()}, rows).facts[0]
    for cache in found:
        value = facts.value(cache.new)
        sizes.add(value.shape[cache.axis] if value is not None and value.shape is not None else None)
    sizes.discard(None)
    if len(sizes) != 1 or not isinstance(size := sizes.pop(), int):
        return Declined(f"needs sizes: how many rows are appended to `{found[0].name}` is not fixed", at=found[0].name)
    return size


def _plain_mask(mask: Array, axis: int, length: int, tokens: int) -> Array:
    """Return a mask over the rows of a cache and the new ones, of zeros and ones where it holds whole numbers.

    Others give NaN under every rewrite; the new rows are seen, as a mask of nothing decides nothing.
    """
    made: Array = np.take(mask, np.arange(length + tokens) % mask.shape[axis], axis)
    if mask.dtype.kind in "iu":
        made = np.minimum(np.abs(made), 1).astype(mask.dtype)
        np.moveaxis(made, axis, -1)[..., length:] = 1
    return made
