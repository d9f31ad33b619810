"""Shuffles of channels, a Reshape, a Transpose and a Reshape back, as a Gather of a permutation while a model is pruned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, helper, numpy_helper

from graphfix.analysis.cache import facts_of
from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.values import Value
from graphfix.ir.unused_nodes import drop_unused
from graphfix.ir.value_names import ValueNames

CHANNELS = 1
SWAPPED = (0, 2, 1)


def gather_shuffles(model: ModelProto) -> list[str]:
    """Replace shuffles in place by Gather nodes of constant indices; returns the outputs of these."""
    graph = model.graph
    known, names = facts_of(model).values[()], ValueNames.of(graph)
    makers = {name: node for node in graph.node for name in node.output}
    readers: dict[str, int] = {}
    for name in (*(name for node in graph.node for name in node.input), *(info.name for info in graph.output)):
        readers[name] = readers.get(name, 0) + 1
    made = []
    for last in list(graph.node):
        middle = makers.get(last.input[0]) if last.op_type == "Reshape" else None
        first = makers.get(middle.input[0]) if middle is not None and middle.op_type == "Transpose" else None
        if middle is None or first is None or first.op_type != "Reshape":
            continue
        groups = _groups(known, first, middle, last)
        if groups is None or readers[first.output[0]] > 1 or readers[middle.output[0]] > 1:
            continue
        size, count = groups
        order = np.arange(size, dtype=np.int64).reshape(count, -1).T.reshape(-1)
        indices = names.fresh(f"{last.output[0]}_order")
        graph.initializer.append(numpy_helper.from_array(order, indices))
        gather = helper.make_node("Gather", [first.input[0], indices], [last.output[0]], name=last.name, axis=CHANNELS)
        last.CopyFrom(gather)
        made.append(last.output[0])
    if made:
        drop_unused(model)
    return made


def _groups(known: Mapping[str, Value], first: NodeProto, middle: NodeProto, last: NodeProto) -> tuple[int, int] | None:
    """Return the channels and groups of a shuffle; None for another reshape, transpose and reshape."""
    values = [known.get(name) for name in (first.input[0], first.output[0], last.output[0])]
    shapes = [value.shape if value is not None else None for value in values]
    before, split, after = shapes
    if before is None or split is None or after is None or len(split) != len(before) + 1 or before != after:
        return None
    size, count, each = before[CHANNELS] if len(before) > CHANNELS else None, split[1], split[2]
    if not (isinstance(size, int) and isinstance(count, int) and isinstance(each, int)) or count * each != size:
        return None
    plain = before[:1] == split[:1] and before[2:] == split[3:] and None not in before
    order = tuple(attribute(middle, "perm", ()) or ())
    return (size, count) if plain and order == (*SWAPPED, *range(3, len(split))) else None


def restore_shuffles(model: ModelProto, made: list[str]) -> None:
    """Write the Gather nodes whose order is still a regular shuffle as one, in place; others stay, one without effect goes."""
    graph = model.graph
    gathers = {node.output[0]: node for node in graph.node if node.op_type == "Gather"}
    held = {tensor.name: tensor for tensor in graph.initializer}
    del graph.value_info[:]
    known, names = facts_of(model).values[()], ValueNames.of(graph)
    for output in made:
        node = gathers.get(output)
        value = known.get(node.input[0]) if node is not None else None
        dims = value.shape if value is not None else None
        if node is None or dims is None or node.input[1] not in held:
            continue
        order = numpy_helper.to_array(held[node.input[1]])
        if np.array_equal(order, np.arange(order.size)):
            for reader in graph.node:
                reader.input[:] = [node.input[0] if name == output else name for name in reader.input]
            continue
        count = regular(order)
        rest = [dim for dim in dims[2:] if isinstance(dim, int)]
        if count is None or len(rest) < len(dims) - 2:
            continue
        size = held[node.input[1]].dims[0]
        split, swapped = names.fresh(f"{output}_split"), names.fresh(f"{output}_swapped")
        sizes = {names.fresh(f"{output}_groups"): [0, count, size // count, *rest],
                 names.fresh(f"{output}_merged"): [0, size, *rest]}  # fmt: skip
        for name, dims_of in sizes.items():
            graph.initializer.append(numpy_helper.from_array(np.asarray(dims_of, np.int64), name))
        one, other = sizes
        nodes = [
            helper.make_node("Reshape", [node.input[0], one], [split], name=split),
            helper.make_node("Transpose", [split], [swapped], name=swapped, perm=[*SWAPPED, *range(3, len(dims) + 1)]),
            helper.make_node("Reshape", [swapped, other], [output], name=node.name),
        ]
        place = next(at for at, each in enumerate(graph.node) if each.output[:1] == [output])
        graph.node.remove(graph.node[place])
        for added in reversed(nodes):
            graph.node.insert(place, added)
    drop_unused(model)


def regular(order: npt.NDArray[np.int64]) -> int | None:
    """Return the number of groups that an order shuffles; None where it is no regular shuffle."""
    size = int(order.size)
    for count in range(2, size):
        if size % count == 0 and np.array_equal(order, np.arange(size).reshape(count, -1).T.reshape(-1)):
            return count
    return None
