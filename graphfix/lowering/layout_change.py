"""A change of a region's layout: which operands and outputs get other Transposes, and how many that saves.

This file imports onnx and numpy alone, since workers load it where graphfix is not installed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import helper, numpy_helper

from graphfix.ir.layout_regions import (
    PARAMETERS,
    REDUCING,
    Region,
    ValueIndex,
    constant_axes,
    inverse_permutation,
    keeps_rank,
    permutation,
)


@dataclass(slots=True)
class LayoutChange:
    """How a region that is computed from Transpose(x) is computed from x instead.

    `replacements` maps each operand to the value read in its place, a permuted constant, or None for a new Transpose.
    `removed` are Transposes behind the region that become superfluous, `restored` the outputs that need a new one. `gain` is
    the number of Transposes saved.
    """

    region: Region
    perm: tuple[int, ...]
    gain: int = 0
    replacements: dict[str, Any] = field(default_factory=dict)
    restored: list[str] = field(default_factory=list)
    removed: list[Any] = field(default_factory=list)

    @classmethod
    def plan(cls, region: Region, perm: tuple[int, ...], index: ValueIndex) -> LayoutChange | None:
        """Plan the change by one permutation; None where the region contains something that cannot change its layout."""
        self = cls(region, perm)
        nodes = {id(node) for node in region.nodes}
        for name in region.entering:
            if not self._plan_operand(name, index, nodes):
                return None
        for node in region.nodes:
            name = node.output[0]
            if not keeps_rank(node):
                remaining = [
                    axis for axis in perm if axis not in {perm[axis] for axis in constant_axes(node, index, region.rank) or ()}
                ]
                if remaining != sorted(remaining):
                    return None
                continue
            outside = [consumer for consumer in index.consumers.get(name, ()) if id(consumer) not in nodes]
            inverse_transposes = [
                consumer
                for consumer in outside
                if permutation(consumer) == inverse_permutation(perm) and consumer.output[0] not in index.required
            ]
            self.removed += inverse_transposes
            self.gain += len(inverse_transposes)
            if len(inverse_transposes) < len(outside) or name in index.required:
                self.restored.append(name)
                self.gain -= 1
        return self

    def _plan_operand(self, name: str, index: ValueIndex, nodes: set[int]) -> bool:
        """Plan what replaces an operand from outside; return False where nothing can."""
        producer, rank = index.producers.get(name), index.ranks.get(name)
        operands = [(node, position) for node in self.region.nodes for position, one in enumerate(node.input) if one == name]
        if all(position > 0 and node.op_type in PARAMETERS for node, position in operands):
            return True  # a parameter, of no layout
        if producer is not None and permutation(producer) == self.perm:
            self.replacements[name] = producer.input[0]
            self.gain += int(name not in index.required and all(id(consumer) in nodes for consumer in index.consumers[name]))
            return True
        if rank == 0:
            return True
        if name in index.constants:
            array = numpy_helper.to_array(index.constants[name])
            if array.size > 1 or array.ndim > self.region.rank:
                array = array.reshape((1,) * (self.region.rank - array.ndim) + array.shape).transpose(
                    inverse_permutation(self.perm)
                )
                self.replacements[name] = np.ascontiguousarray(array)
            return True
        if rank != self.region.rank:
            return False
        self.replacements[name] = None
        self.gain -= 1
        return True

    def apply(self, model: Any, index: ValueIndex) -> None:
        """Apply the change to the model in place."""
        graph, taken = model.graph, {*index.producers, *index.ranks, *index.constants}

        def fresh(name: str) -> str:
            while name in taken:
                name += "_t"
            taken.add(name)
            return name

        names: dict[str, str] = {}
        for name, replacement in self.replacements.items():
            if isinstance(replacement, str):
                names[name] = replacement
                continue
            names[name] = fresh(f"{name}_turned")
            if replacement is not None:
                graph.initializer.append(numpy_helper.from_array(replacement, names[name]))
            else:
                graph.node.append(
                    helper.make_node("Transpose", [name], [names[name]], names[name], perm=inverse_permutation(self.perm))
                )
        for node in self.region.nodes:
            if keeps_rank(node):
                names[node.output[0]] = fresh(f"{node.output[0]}_turned")
        for node in self.region.nodes:
            self._renumber_axes(node, index, graph, fresh)
            single = node.op_type in PARAMETERS
            node.input[:] = [
                names.get(one, one) if position == 0 or not single else one for position, one in enumerate(node.input)
            ]
            node.output[:] = [names.get(one, one) for one in node.output]
        for node in self.removed:
            redirect_consumers(index, node.output[0], names[node.input[0]])
        for name in self.restored:
            graph.node.append(helper.make_node("Transpose", [names[name]], [name], fresh(f"{name}_back"), perm=self.perm))

    def _renumber_axes(self, node: Any, index: ValueIndex, graph: Any, fresh: Any) -> None:
        """Renumber the axes of a node so that they denote the same dims in the new layout."""
        if node.op_type == "Concat":
            axis = next(attribute for attribute in node.attribute if attribute.name == "axis")
            axis.i = self.perm[axis.i % self.region.rank]
        elif node.op_type in REDUCING or node.op_type == "Squeeze":
            wanted = sorted(self.perm[axis] for axis in constant_axes(node, index, self.region.rank) or ())
            for attribute in node.attribute:
                if attribute.name == "axes":
                    attribute.ints[:] = wanted
            if len(node.input) > 1:
                name = fresh(f"{node.input[1]}_turned")
                graph.initializer.append(numpy_helper.from_array(np.array(wanted, np.int64), name))
                node.input[1] = name


def redirect_consumers(index: ValueIndex, name: str, replacement: str) -> None:
    """Let all consumers of a value read another value instead."""
    for consumer in index.consumers.get(name, ()):
        consumer.input[:] = [replacement if one == name else one for one in consumer.input]
