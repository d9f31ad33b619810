"""Reductions and scatters of entries of which only those under a mask count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.facts import Facts
from graphfix.ir.dtypes import CODES
from graphfix.rewrites.indexing.selected_rows import Unfit, reduced
from graphfix.rewriting.builder import Builder

Array = npt.NDArray[Any]
SCATTERED = {"add": 0.0, "mul": 1.0, "max": -np.inf, "min": np.inf}
NEUTRAL = {"ReduceMax": -np.inf, "ReduceMin": np.inf, "ReduceProd": 1.0, "ReduceLogSumExp": -np.inf}
"""What stands for an entry that does not count, where it is not 0."""


@dataclass(slots=True)
class MaskedSink:
    """A node that combines entries along one axis; `valid` is the mask, a vector with one element for each entry."""

    build: Builder[str]
    node: NodeProto
    facts: Facts
    valid: str
    rows: Mapping[str, int]

    def reduction(self) -> None:
        """Add the reduction of the entries that count."""
        node, data = self.node, self.node.input[0]
        facts = next(each for each in self.facts.nodes if not each.scope and each.proto.output[:1] == node.output[:1])
        rank, axes = self._rank(data), reduced(node, facts)
        kept = self._where(self._along(self.rows[data], rank), data, NEUTRAL.get(node.op_type, 0.0))
        if node.op_type != "ReduceMean":
            self.build.node(node.op_type, [kept, *node.input[1:]], node.output, _attributes(node))
            return
        shape = self._shape(data)
        others = [shape[axis] for axis in axes or () if axis != self.rows[data]]
        if not all(isinstance(dim, int) for dim in others):
            raise Unfit("a mean over dims that are not fixed", node.name or node.output[0])
        keepdims = attribute(node, "keepdims", 1)
        along = self.build.constant("axes", np.asarray(axes, np.int64))
        total = self.build.op("ReduceSum", kept, along, keepdims=keepdims)
        each = self.build.op("Cast", self.valid, to=CODES[self._dtype(data)])
        zero = self.build.constant("zero", np.zeros(1, np.int64))
        count = self.build.op("ReduceSum", each, zero, keepdims=0, word="count")
        some = self.build.op("Max", count, self.build.constant("one", np.asarray(1, self._dtype(data))))  # no entry gives 0
        times = self.build.constant("times", np.asarray(prod(others), self._dtype(data)))
        self.build.node("Div", [total, self.build.op("Mul", some, times)], node.output)

    def scatter(self, index: Array) -> None:
        """Add the ScatterND of the entries that count at constant places, a row of the index for each entry."""
        data, updates = self.node.input[0], self.node.input[2]
        shape, depth = self._shape(data), index.shape[1]
        if not all(isinstance(dim, int) for dim in shape):
            raise Unfit(f"the dims of `{data}` are not fixed", self.node.name or self.node.output[0])
        dims, tail = [int(dim) for dim in shape[:depth]], [int(dim) for dim in shape[depth:]]
        positive = np.where(index < 0, index + np.asarray(dims), index)
        if ((positive < 0) | (positive >= np.asarray(dims))).any():
            raise Unfit("a place that may be selected is outside of the data", self.node.name or self.node.output[0])
        places = np.ravel_multi_index(tuple(positive.T), dims)
        chosen, reduction = self._along(0, 1 + len(tail)), str(attribute(self.node, "reduction", "none"))
        if reduction != "none":
            kept = self._where(chosen, updates, SCATTERED[reduction])
            where = self.build.constant("places", positive)
            self.build.node("ScatterND", [data, where, kept], self.node.output, _attributes(self.node))
            return
        rows = self.build.op("Reshape", data, self._sizes([prod(dims), *tail]), word="rows")
        if np.array_equal(places, np.arange(prod(dims))):
            made = self.build.op("Where", chosen, updates, rows)
        else:
            made = self._last(rows, prod(dims), places, tail)
        self.build.node("Reshape", [made, self._sizes(dims + tail)], self.node.output)

    def _last(self, rows: str, count: int, places: Array, tail: list[int]) -> str:
        """Write the entries that count to rows; those that do not are written to one more row, which is removed."""
        updates = self.node.input[2]
        spare = self.build.constant("spare", np.zeros([1, *tail], self._dtype(self.node.input[0])))
        more = self.build.op("Concat", rows, spare, axis=0)
        chosen = self._along(0, 2)
        where = self.build.constant("places", places.reshape(-1, 1).astype(np.int64))
        aside = self.build.constant("aside", np.full((1, 1), count, np.int64))
        index = self.build.op("Where", chosen, where, aside)
        written = self.build.op("ScatterND", more, index, updates)
        return self.build.op("Slice", written, self._sizes([0]), self._sizes([count]), self._sizes([0]))

    def _along(self, axis: int, rank: int) -> str:
        """Return the mask along one axis of a value."""
        if rank == 1:
            return self.valid
        return self.build.op("Reshape", self.valid, self._sizes([-1 if at == axis else 1 for at in range(rank)]), word="chosen")

    def _where(self, chosen: str, data: str, neutral: float) -> str:
        dtype = np.dtype(self._dtype(data))
        if np.isinf(neutral) and dtype.kind != "f":
            neutral = np.iinfo(dtype).min if neutral < 0 else np.iinfo(dtype).max
        return self.build.op("Where", chosen, data, self.build.constant("neutral", np.asarray(neutral, dtype)))

    def _sizes(self, sizes: list[int]) -> str:
        return self.build.constant("sizes", np.asarray(sizes, np.int64))

    def _shape(self, name: str) -> tuple[Any, ...]:
        value = self.facts.value(name, ())
        return value.shape or () if value is not None else ()

    def _rank(self, name: str) -> int:
        return len(self._shape(name))

    def _dtype(self, name: str) -> str:
        value = self.facts.value(name, ())
        if value is None or not value.dtype or np.dtype(value.dtype).kind not in "fiu":
            raise Unfit(f"the dtype of `{name}` is not known to be a number", self.node.name or self.node.output[0])
        return value.dtype


def _attributes(node: NodeProto) -> dict[str, Any]:
    return {item.name: attribute(node, item.name) for item in node.attribute}
