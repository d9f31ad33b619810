"""Layout transposes that cancel: f(T(x)) = T(f(x)) for whatever f does to each element by itself, so T and its inverse meet.

    y = Relu(Transpose(x)), z = Transpose'(y)    becomes    z = Relu(x)

TensorFlow's tensors are NHWC and ONNX's layers NCHW, so a converter puts a Transpose on each side of a layer. Those between
two layers cancel once what lies between them is computed in the layers' layout: nodes of one element each, joins, and
reductions, whose axes are renumbered. A region of such nodes changes its layout where that leaves fewer Transposes.
It imports onnx and numpy alone, since workers load it where graphfix is not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import helper, numpy_helper

from graphfix.lowering.regions import PARAMETERS, REDUCING, Region, Wires, axes, inner, inverse, keeps, permutation, regions


def count(model: Any) -> int:
    """The Transposes of a model's main graph."""
    return sum(node.op_type == "Transpose" for node in model.graph.node)


def cancelled(model: Any) -> int:
    """Cancel Transposes in place as long as any does; how many there are fewer."""
    before = count(model)
    while (now := count(model)) and _step(model) and count(model) < now:
        pass
    known = {name for node in model.graph.node for name in node.output}
    stated = [value for value in model.graph.value_info if value.name in known]
    del model.graph.value_info[:]
    model.graph.value_info.extend(stated)
    return before - count(model)


def _step(model: Any) -> bool:
    """One pair cancelled, or one region turned; False when there is none."""
    wires = Wires.of(model)
    for node in model.graph.node:
        perm, first = permutation(node), permutation(wires.makers.get(node.input[0])) if node.input else None
        if perm and first and len(perm) == len(first):
            source = str(wires.makers[node.input[0]].input[0])
            both = tuple(first[place] for place in perm)
            if both == tuple(range(len(both))) and node.output[0] not in wires.kept:
                _read_instead(wires, node.output[0], source)
                _sweep(model)
                return True
    for region in regions(wires):
        for perm, _ in Counter(filter(None, (permutation(wires.makers.get(name)) for name in region.entering))).most_common():
            turn = Turn.planned(region, perm, wires)
            if turn is not None and turn.gain > 0:
                turn.apply(model, wires)
                _sweep(model)
                return True
    return False


def bordering(model: Any) -> list[dict[str, Any]]:
    """What is told of each Transpose that is all that reads an input, or that makes an output: `kind`, `text` and `cure`."""
    wires, found = Wires.of(model), []
    for value in model.graph.input:
        readers = wires.readers.get(value.name, [])
        perms = {permutation(node) for node in readers}
        (perm,) = perms if len(perms) == 1 else (None,)
        if perm is not None and value.name not in wires.kept:
            own, other = LAYOUTS.get(perm, ("", ""))
            cure = f"take it as {other.upper()} with `graphfix fix --input-layout {value.name}={other}`" if own else ""
            words = f" from {own.upper()} to {other.upper()}" if own else f" by {list(perm)}"
            found.append({"kind": "border-transpose", "text": f"input `{value.name}` is transposed{words}", "cure": cure})
    for value in model.graph.output:
        perm = permutation(wires.makers.get(value.name))
        if perm is not None:
            other, own = LAYOUTS.get(inverse(perm), ("", ""))
            words = f" from {own.upper()} to {other.upper()}" if own else f" by {list(perm)}"
            found.append({"kind": "border-transpose", "text": f"output `{value.name}` is transposed{words}", "cure": ""})
    return found


LAYOUTS = {(0, 2, 1): ("nwc", "ncw"), (0, 3, 1, 2): ("nhwc", "nchw"), (0, 4, 1, 2, 3): ("ndhwc", "ncdhw")}
"""The layouts between which a permutation of an input leads."""


@dataclass(slots=True)
class Turn:
    """How a region is computed from x where it is now from Transpose(x): what replaces each value, and what is gained."""

    region: Region
    perm: tuple[int, ...]
    gain: int = 0
    turned: dict[str, Any] = field(default_factory=dict)
    back: list[str] = field(default_factory=list)
    undone: list[Any] = field(default_factory=list)

    @classmethod
    def planned(cls, region: Region, perm: tuple[int, ...], wires: Wires) -> Turn | None:
        """The turn by one permutation; None where something of the region cannot follow."""
        self = cls(region, perm)
        nodes = {id(node) for node in region.nodes}
        for name in region.entering:
            if not self._enter(name, wires, nodes):
                return None
        for node in region.nodes:
            name = node.output[0]
            if not keeps(node):
                left = [place for place in perm if place not in {perm[axis] for axis in axes(node, wires, region.rank) or ()}]
                if left != sorted(left):
                    return None
                continue
            outside = [reader for reader in wires.readers.get(name, ()) if id(reader) not in nodes]
            ends = [reader for reader in outside if permutation(reader) == inverse(perm) and reader.output[0] not in wires.kept]
            self.undone += ends
            self.gain += len(ends)
            if len(ends) < len(outside) or name in wires.kept:
                self.back.append(name)
                self.gain -= 1
        return self

    def _enter(self, name: str, wires: Wires, nodes: set[int]) -> bool:
        """See what a value from outside becomes."""
        maker, rank = wires.makers.get(name), wires.ranks.get(name)
        operands = [(node, place) for node in self.region.nodes for place, one in enumerate(node.input) if one == name]
        if all(place > 0 and node.op_type in PARAMETERS for node, place in operands):
            return True  # a parameter, of no layout
        if maker is not None and permutation(maker) == self.perm:
            self.turned[name] = maker.input[0]
            self.gain += int(name not in wires.kept and all(id(reader) in nodes for reader in wires.readers[name]))
            return True
        if rank == 0:
            return True
        if name in wires.held:
            array = numpy_helper.to_array(wires.held[name])
            if array.size > 1 or array.ndim > self.region.rank:
                array = array.reshape((1,) * (self.region.rank - array.ndim) + array.shape).transpose(inverse(self.perm))
                self.turned[name] = np.ascontiguousarray(array)
            return True
        if rank != self.region.rank:
            return False
        self.turned[name] = None
        self.gain -= 1
        return True

    def apply(self, model: Any, wires: Wires) -> None:
        """Turn the region in place."""
        graph, taken = model.graph, {*wires.makers, *wires.ranks, *wires.held}

        def fresh(name: str) -> str:
            while name in taken:
                name += "_t"
            taken.add(name)
            return name

        names: dict[str, str] = {}
        for name, instead in self.turned.items():
            if isinstance(instead, str):
                names[name] = instead
                continue
            names[name] = fresh(f"{name}_turned")
            if instead is not None:
                graph.initializer.append(numpy_helper.from_array(instead, names[name]))
            else:
                graph.node.append(helper.make_node("Transpose", [name], [names[name]], names[name], perm=inverse(self.perm)))
        for node in self.region.nodes:
            if keeps(node):
                names[node.output[0]] = fresh(f"{node.output[0]}_turned")
        for node in self.region.nodes:
            self._renumber(node, wires, graph, fresh)
            single = node.op_type in PARAMETERS
            node.input[:] = [names.get(one, one) if place == 0 or not single else one for place, one in enumerate(node.input)]
            node.output[:] = [names.get(one, one) for one in node.output]
        for node in self.undone:
            _read_instead(wires, node.output[0], names[node.input[0]])
        for name in self.back:
            graph.node.append(helper.make_node("Transpose", [names[name]], [name], fresh(f"{name}_back"), perm=self.perm))

    def _renumber(self, node: Any, wires: Wires, graph: Any, fresh: Any) -> None:
        """Let the axes of a node mean the same dims in the other layout."""
        if node.op_type == "Concat":
            axis = next(attribute for attribute in node.attribute if attribute.name == "axis")
            axis.i = self.perm[axis.i % self.region.rank]
        elif node.op_type in REDUCING or node.op_type == "Squeeze":
            wanted = sorted(self.perm[axis] for axis in axes(node, wires, self.region.rank) or ())
            for attribute in node.attribute:
                if attribute.name == "axes":
                    attribute.ints[:] = wanted
            if len(node.input) > 1:
                name = fresh(f"{node.input[1]}_turned")
                graph.initializer.append(numpy_helper.from_array(np.array(wanted, np.int64), name))
                node.input[1] = name


def _read_instead(wires: Wires, name: str, instead: str) -> None:
    for reader in wires.readers.get(name, ()):
        reader.input[:] = [instead if one == name else one for one in reader.input]


def _sweep(model: Any) -> None:
    """Drop Transposes and constants that nothing reads any more, and put the nodes in an order in which they can run."""
    graph = model.graph
    read = {value.name for value in graph.output} | {name for node in graph.node for name in (*node.input, *inner(node))}
    left = [node for node in graph.node if node.op_type != "Transpose" or node.output[0] in read]
    read = {value.name for value in graph.output} | {name for node in left for name in (*node.input, *inner(node))}
    made = {name for node in left for name in node.output}
    ready, order = set(), []
    while left:
        late = []
        for node in left:
            if all(name in ready or name not in made for name in (*node.input, *inner(node))):
                order.append(node)
                ready.update(node.output)
            else:
                late.append(node)
        if len(late) == len(left):
            raise ValueError("the graph has a cycle")
        left = late
    del graph.node[:]
    graph.node.extend(order)
    tensors = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(tensors)
