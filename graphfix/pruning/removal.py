"""Removing elements of axes from the weights of a model, with the sizes that are stated, and biases that take over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from graphfix.analysis.constant_folding import attribute
from graphfix.ir.value_names import ValueNames
from graphfix.pruning.axis_graph import Axis, AxisGraph, GroupedFilters, Order, Sum
from graphfix.pruning.components import Marks
from graphfix.pruning.dead_units import Removal, Sums, foldable


def remove(model: ModelProto, axes: AxisGraph, removals: Iterable[Removal], sums: Sums, *, approximate: bool = False) -> None:
    """Remove units in place; with `approximate` also a padded convolution's bias takes over what removed channels stood for."""
    kept: dict[Axis, Marks] = {}
    editor = _Editor(model, axes, kept)
    removals = list(removals)
    for one in removals:
        if not one.removed.any():
            continue
        for axis in one.component.units:
            marks = one.kept(axis)
            if not marks.all():
                kept[axis] = marks
    for one in removals:
        for axis, numbers in one.fill.items():
            for summed in sums.get(axis, ()) if axis in kept else ():
                if foldable(summed, axes, padded_too=approximate):
                    editor.fold(summed, np.where(kept[axis], 0.0, numbers))
    for filters in axes.filters:
        if filters.columns in kept:
            editor.cut_columns(filters)
    for name, tensor in editor.tensors.items():
        cut = [(place, kept[name, place]) for place in range(len(tensor.dims)) if (name, place) in kept]
        if cut:
            array = numpy_helper.to_array(tensor)
            for place, marks in cut:
                array = np.compress(marks, array, place)
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), name))
    for order in axes.orders:
        if order.data in kept:
            editor.reorder(order)
    for edit in axes.edits:
        if edit.axis in kept:
            editor.restate(edit.operand, edit.node, edit.attribute, edit.position, int(kept[edit.axis].sum()) // edit.divisor)


class _Editor:
    """The weights of a model by name, and changes of single numbers in it."""

    def __init__(self, model: ModelProto, axes: AxisGraph, kept: dict[Axis, Marks]) -> None:
        self.graph, self.axes, self.kept = model.graph, axes, kept
        self.tensors: dict[str, TensorProto] = {tensor.name: tensor for tensor in model.graph.initializer}
        self._names: ValueNames | None = None

    def restate(self, operand: str, node: NodeProto | None, name: str, position: int | None, size: int) -> None:
        """State a new size in a constant operand or in an attribute."""
        if node is None:
            tensor = self.tensors[operand]
            sizes = np.array(numpy_helper.to_array(tensor))
            sizes.reshape(-1)[position or 0] = size
            tensor.CopyFrom(numpy_helper.from_array(sizes, operand))
            return
        found = next(item for item in node.attribute if item.name == name)
        if position is None:
            found.i = size
        else:
            found.ints[position] = size

    def cut_columns(self, one: GroupedFilters) -> None:
        """Leave the channels of each group that stay in filters, whose rows still are all there."""
        tensor = self.tensors[one.weight]
        array = numpy_helper.to_array(tensor)
        left = one.by_column(array)[self.kept[one.columns]]
        apart = left.reshape(one.groups, -1, *left.shape[1:]).swapaxes(1, 2)
        cut = np.ascontiguousarray(apart.reshape(array.shape[0], -1, *array.shape[2:]))
        tensor.CopyFrom(numpy_helper.from_array(cut, one.weight))

    def reorder(self, one: Order) -> None:
        """State the order of the elements that are left."""
        tensor = self.tensors[one.operand]
        places = np.cumsum(self.kept[one.data]) - 1
        left = places[numpy_helper.to_array(tensor)[self.kept[one.made]]]
        tensor.CopyFrom(numpy_helper.from_array(left.astype(np.int64), one.operand))

    def fold(self, one: Sum, numbers: npt.NDArray[Any]) -> None:
        """Add what elements with these numbers contribute to a sum to the bias behind it."""
        if not np.any(numbers):
            return
        name, axis = one.weight if one.weight is not None else (one.filters.weight if one.filters is not None else "", 1)
        weight = numpy_helper.to_array(self.tensors[name])
        wide = weight.astype(np.float64)
        moved = np.moveaxis(wide, axis, 0) if one.filters is None else one.filters.by_column(wide)
        moved = moved.reshape(*moved.shape[:2], -1).sum(-1)  # a convolution's filter is summed over its window
        if one.filters is None:
            added = numbers @ moved
        else:
            apart = numbers.reshape(one.filters.groups, -1, 1) * moved.reshape(one.filters.groups, -1, moved.shape[1])
            added = apart.sum(1).reshape(-1)
        node, dtype = one.node, weight.dtype
        out = (node.output[0], 1 if one.folds != "matmul" else len(self.axes.dims(node.output[0]) or ()) - 1)
        if one.folds == "gemm":
            added = added * (attribute(node, "alpha", 1.0) / (attribute(node, "beta", 1.0) or 1.0))
        if one.folds == "matmul":
            self._add_behind(node, added.astype(dtype), out)
            return
        bias = self.tensors[node.input[2]] if len(node.input) > 2 and node.input[2] else None
        whole = added if bias is None else numpy_helper.to_array(bias).astype(np.float64) + added
        if bias is not None and whole.shape == tuple(bias.dims):
            bias.CopyFrom(numpy_helper.from_array(whole.astype(dtype), bias.name))
        else:
            del node.input[2:]
            node.input.append(self._constant(node, whole.astype(dtype), out))

    def _add_behind(self, node: NodeProto, added: npt.NDArray[Any], out: Axis) -> None:
        """Put an Add behind a product."""
        made = self._fresh(f"{node.output[0]}_product")
        place = next(at for at, other in enumerate(self.graph.node) if other.output[:1] == node.output[:1])
        add = helper.make_node("Add", [made, self._constant(node, added, out)], [node.output[0]], name=made)
        node.output[0] = made
        self.graph.node.insert(place + 1, add)

    def _constant(self, node: NodeProto, value: npt.NDArray[Any], out: Axis) -> str:
        """Add a weight along the last axis of a node's output, from which the same elements are removed."""
        fresh = self._fresh(f"{node.output[0]}_bias")
        self.graph.initializer.append(numpy_helper.from_array(value, fresh))
        self.tensors[fresh] = self.graph.initializer[-1]
        if out in self.kept:
            self.kept[fresh, value.ndim - 1] = self.kept[out]
        return fresh

    def _fresh(self, name: str) -> str:
        if self._names is None:
            self._names = ValueNames.of(self.graph)
        return self._names.fresh(name)
