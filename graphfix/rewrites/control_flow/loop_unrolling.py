"""Unrolling of loop bodies: one copy of a body's nodes for each iteration, with unique names.

It works on protobuf rather than on graphsurgeon graphs because a body may contain branches and loops, whose nodes are
copied with it. Values computed from constants alone are folded meanwhile: a condition that depends on the iteration
number is then known, and the loop ends at the same iteration as the original.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto

from graphfix.analysis.constant_folding import Array, attribute, constant_value, fold, tensor_value
from graphfix.analysis.loop_conditions import MOST_NODES
from graphfix.ir.operator_set import is_standard
from graphfix.ir.traversal import branch_scope
from graphfix.rewrites.control_flow.dissolve_if import DissolveIf
from graphfix.rewrites.control_flow.proto_editor import ProtoEditor, every
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.rewrite import Declined, Key, Outcome, Rewrite

SMALL = 64
"""Maximum number of elements of a value that is folded during unrolling."""


class CannotUnroll(Exception):
    """Raised with the reason why a loop cannot be unrolled."""


@dataclass(slots=True)
class UnrolledPasses:
    """The iterations of one loop unrolled so far; `values` are those computed from constants alone."""

    book: ProtoEditor
    body: GraphProto
    scope: tuple[str, ...]
    build: Builder[str]
    values: dict[str, Array]
    hoisted: dict[str, str]
    written: int = 0

    def known(self, name: str) -> Array | None:
        """Return the constant value of an outer name or of one from an iteration; None where it is not known."""
        found = self.values.get(name)
        if found is None and name:
            value = self.book.facts.value(name, self.scope)
            found = None if value is None else value.constant
        return found

    def constant(self, name: str, array: Array) -> str:
        """Add an initializer and return its name."""
        made = self.build.constant(name, array)
        self.values[made] = array
        return made

    def node(self, op: str, inputs: list[str], **attrs: Any) -> str:
        """Add a node and return the name of its output."""
        self.written += 1
        return self.build.op(op, *inputs, **attrs)

    def step(self, given: Mapping[str, str | Array]) -> list[str]:
        """Add one iteration, with the body's inputs bound to names, or to values that become constants where used."""
        names: dict[str, str | Array] = {**given}
        for tensor in self.body.initializer:
            if tensor.name not in self.hoisted:
                self.hoisted[tensor.name] = self.book.hoist(tensor)
                array = tensor_value(tensor)
                if array is not None:
                    self.values[self.hoisted[tensor.name]] = array
            names[tensor.name] = self.hoisted[tensor.name]
        for source in self.body.node:
            result = self._folded(source, names)
            if result is not None:
                names[source.output[0]] = result
                continue
            copy = NodeProto()
            copy.CopyFrom(source)
            copy.name = self.book.fresh(f"{source.name or source.op_type}/{self.book.stamp}")
            names |= {name: self.book.fresh(name) for name in source.output if name}
            self._rename(copy, names)
            self.build.nodes.append(copy)
            self.written += sum(1 for _ in every([copy]))
        if self.written > MOST_NODES:
            raise CannotUnroll(f"more than {MOST_NODES} nodes would be written out")
        return [self._read(output.name, names) for output in self.body.output]

    def _folded(self, node: NodeProto, names: Mapping[str, str | Array]) -> Array | None:
        """Return the value of a node's small output if it depends on constants alone; else None."""
        if len(node.output) != 1:
            return None
        if node.op_type == "Constant":
            result = constant_value(node)
        else:
            meant = [names.get(name, name) for name in node.input]
            operands = [self.known(name) if isinstance(name, str) else name for name in meant]
            missing = any(name and value is None for name, value in zip(node.input, operands, strict=True))
            result = None if missing or not node.input else fold(node, operands)
        return result if result is not None and result.size <= SMALL else None

    def _read(self, name: str, names: dict[str, str | Array]) -> str:
        meant = names.get(name, name)
        if not isinstance(meant, str):
            meant = names[name] = self.constant(name.rpartition("/")[2], meant)
        return meant

    def _rename(self, node: NodeProto, names: dict[str, str | Array]) -> None:
        """Rename the inputs and outputs of a node and of its subgraphs; names of inner scopes get new unique names."""
        for place, name in enumerate(node.input):
            node.input[place] = self._read(name, names)
        for place, name in enumerate(node.output):
            node.output[place] = self._read(name, names)
        for item in node.attribute:
            for graph in [item.g] if item.type == AttributeProto.GRAPH else item.graphs:
                inner = dict(names)
                tensors = [*graph.initializer, *(sparse.values for sparse in graph.sparse_initializer)]
                made = [*(n for inside in graph.node for n in inside.output if n), *(i.name for i in graph.input)]
                inner |= {name: self.book.fresh(name) for name in dict.fromkeys([*made, *(t.name for t in tensors)])}
                for tensor in tensors:
                    tensor.name = self._read(tensor.name, inner)
                for inside in graph.node:
                    if inside.name:
                        inside.name = self.book.fresh(inside.name)
                    self._rename(inside, inner)
                for info in (*graph.input, *graph.output):
                    info.name = self._read(info.name, inner)
                del graph.value_info[:]

    def bind(self, results: Mapping[str, str]) -> None:
        """Bind each output of the loop to its result, by renaming the producer's output where possible."""
        made = {name for node in self.build.nodes for name in node.output}
        wanted: dict[str, str | Array] = {}
        for output, result in results.items():
            if result in made and result not in wanted:
                wanted[result] = output
            else:
                self.build.node("Identity", [result], [output])
        for node in self.build.nodes:
            self._substitute(node, wanted)
        self._prune(set(results))

    def _prune(self, read: set[str]) -> None:
        """Drop unused nodes, such as the condition of an iteration that is known to run."""
        kept = []
        for node in reversed(self.build.nodes):
            if read.intersection(node.output):
                kept.append(node)
                read |= {name for inside in every([node]) for name in inside.input}
                read |= {o.name for inside in every([node]) for i in inside.attribute for g in [i.g, *i.graphs] for o in g.output}
        self.build.nodes = kept[::-1]

    def _substitute(self, node: NodeProto, names: Mapping[str, str | Array]) -> None:
        for field in (node.input, node.output):
            for place, name in enumerate(field):
                field[place] = str(names.get(name, name))
        for item in node.attribute:
            for graph in [item.g] if item.type == AttributeProto.GRAPH else item.graphs:
                for inside in graph.node:
                    self._substitute(inside, names)
                for info in graph.output:
                    info.name = str(names.get(info.name, info.name))


class LoopRewrite(Rewrite):
    """Base class of rewrites that unroll loops."""

    operator: str

    @abstractmethod
    def passes(self, node: NodeProto, copies: UnrolledPasses) -> None:
        """Add every iteration and bind the loop's outputs; raises CannotUnroll."""

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        book = ProtoEditor(model, self.name)
        if book.opset < self.needs_opset:
            return Outcome(None, declined=(Declined(f"needs opset {self.needs_opset}, the model has {book.opset}"),))
        keys: list[Key] = []
        labels: list[str] = []
        declined: list[Declined] = []
        start = book.mark()
        for graph, scope in _graphs(book.model.graph, ()):
            for node in [n for n in graph.node if n.op_type == self.operator and is_standard(n)]:
                key = (scope, next((name for name in node.output if name), ""))
                if wanted is not None and key not in wanted:
                    continue
                label = node.name or key[1]
                body = next(item.g for item in node.attribute if item.name == "body")
                copies = UnrolledPasses(book, body, scope, book.at(label), {}, {})
                mark = book.mark()
                try:
                    if body.sparse_initializer:
                        raise CannotUnroll("its body holds sparse tensors")
                    self.passes(node, copies)
                except CannotUnroll as error:
                    book.forget(mark)
                    declined.append(Declined(str(error), at=label))
                    continue
                _put(graph, node, copies.build.nodes)
                keys.append(key)
                labels.append(label)
        book.tidy(start)
        if not keys:
            return Outcome(None, declined=tuple(declined))
        return Outcome(_without_known_branches(book.model), tuple(labels), tuple(keys), tuple(declined))


def _without_known_branches(model: ModelProto) -> ModelProto:
    """Return the model with the branch that runs in place of each If whose condition follows from the iteration number."""
    if not any(node.op_type == "If" for node in model.graph.node):
        return model
    return DissolveIf().apply(model).model or model


def stack(copies: UnrolledPasses, parts: list[str], axis: int) -> str:
    """Return the parts stacked along a new axis."""
    if not parts:
        raise CannotUnroll("it makes no pass, and the shape of what it would stack is not known")
    if copies.book.opset < 13:
        lifted = [copies.node("Unsqueeze", [part], axes=[axis]) for part in parts]
    else:
        axes = copies.constant("axis", np.asarray([axis], np.int64))
        lifted = [copies.node("Unsqueeze", [part, axes]) for part in parts]
    return copies.node("Concat", lifted, axis=axis)


def integers(node: NodeProto, name: str, count: int) -> list[int]:
    """Return an attribute of `count` integers, zeros if it is left out."""
    return list(attribute(node, name) or [0] * count)


def _graphs(graph: GraphProto, scope: tuple[str, ...]) -> Iterator[tuple[GraphProto, tuple[str, ...]]]:
    """Yield every graph with its scope, inner before outer."""
    for node in list(graph.node):
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                yield from _graphs(item.g, branch_scope(scope, node, item.name))
    yield graph, scope


def _put(graph: GraphProto, node: NodeProto, nodes: list[NodeProto]) -> None:
    at = next(place for place, other in enumerate(graph.node) if other is node or other == node)
    kept = [*graph.node[:at], *nodes, *graph.node[at + 1 :]]
    made = GraphProto()
    made.node.extend(kept)
    del graph.node[:]
    graph.node.extend(made.node)
