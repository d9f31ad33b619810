"""ONNX's constraints inside a graph: every value is computed once, before its use, by a node of an imported domain.

A subgraph can read the values that the outer graph has computed before the node that contains it. The names of the
visible values are in one set, to which a subgraph adds its own and from which it removes them again, so the walk is
linear at any depth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from onnx import AttributeProto, FunctionProto, GraphProto, NodeProto, TensorProto, ValueInfoProto

from graphfix.ir.budgets import equation_fault
from graphfix.ir.records import dataclass
from graphfix.ir.schemas import attribute_kinds, needs_operand
from graphfix.ir.tensors import MOST_ELEMENTS, PLAIN_ATTRIBUTES, fault

ELEMENT_TYPES = frozenset(TensorProto.DataType.values())
UNSORTED = "unsorted"
"""The name of the constraint that each node follows those that make what it reads."""
_AGAIN = "export the model again"


@dataclass(frozen=True, slots=True)
class Violation:
    """A violation of a constraint: its name (`law`), a message, the subgraphs around it, and what to do (`cure`)."""

    law: str
    message: str
    scope: tuple[str, ...] = ()
    cure: str = _AGAIN


def label(node: NodeProto) -> str:
    """Return a node's name for a message: its own name, or else its operator and its first output."""
    return f"`{node.name}`" if node.name else f"{node.op_type or 'node'} that makes `{next(iter(node.output), '')}`"


class _Body:
    """The nodes of one graph, and properties that are computed only after a violation was found."""

    def __init__(self, nodes: Sequence[NodeProto]) -> None:
        self._nodes = nodes
        self.reported = False  # whether its cycle was

    @cached_property
    def producers(self) -> dict[str, NodeProto]:
        """The producer of each value of the graph."""
        return {name: node for node in self._nodes for name in node.output}

    @cached_property
    def cycle(self) -> list[str]:
        """The values of one cycle of the graph; empty when it has none."""
        edges: dict[str, set[str]] = {}
        for node in self._nodes:
            reads = set(_reads(node))
            for name in node.output:
                edges.setdefault(name, set()).update(reads)
        edges.pop("", None)
        return find_cycle(edges)


class GraphVerifier:
    """One walk over a graph or function body, given the domains it imports."""

    def __init__(self, domains: Iterable[str]) -> None:
        self._domains = frozenset(domains)
        self._visible: set[str] = {""}  # the empty name is an operand that is left out
        self._words: set[str] = set()
        self._bodies: list[_Body] = []
        self._parameters = False  # whether nodes may refer to the parameters of a function

    def graph(self, graph: GraphProto, scope: tuple[str, ...] = ()) -> Iterator[Violation]:
        """Iterate over the violations in a graph, given the values of the outer graphs, and in its subgraphs."""
        inputs = [value.name for value in graph.input]
        constants = [tensor.name for tensor in graph.initializer]
        constants += [sparse.values.name for sparse in graph.sparse_initializer]
        yield from _repeated("input", inputs, scope)
        yield from _repeated("initializer", constants, scope)
        if not isinstance(graph.name, str):
            yield Violation("encoding", f"the name {graph.name!r} is not UTF-8", scope)
        for values, what in ((graph.input, "input"), (graph.output, "output"), (graph.value_info, "value")):
            for value in values:
                if problem := _type_fault(value):
                    yield Violation("dims", f"{what} `{value.name}` {problem}", scope)
        for value in () if scope else graph.input:
            if value.type.HasField("tensor_type") and not value.type.tensor_type.elem_type:
                yield Violation("dims", f"input `{value.name}` has no element type", scope)
        for tensor in graph.initializer:
            yield from _tensor(tensor, f"initializer `{tensor.name}`", scope)
        outputs = [value.name for value in graph.output]
        # An initializer with the name of an input is that input's default value.
        yield from self.body(graph.node, [*inputs, *constants], outputs, scope)

    def function(self, function: FunctionProto) -> Iterator[Violation]:
        """Iterate over the violations in the body of a local function."""
        scope = (f"function {function.name}",)
        self._parameters = True
        yield from _repeated("input", list(function.input), scope)
        for attribute in function.attribute_proto:
            yield from self._attribute(attribute, scope, function.name)
        yield from self.body(function.node, list(function.input), list(function.output), scope)

    def body(
        self, nodes: Sequence[NodeProto], given: list[str], wanted: list[str], scope: tuple[str, ...]
    ) -> Iterator[Violation]:
        """Iterate over the violations in a list of nodes with its inputs `given` and its outputs `wanted`."""
        visible, domains, words, plain = self._visible, self._domains, self._words, PLAIN_ATTRIBUTES
        mine = set(given) - visible
        visible |= mine
        self._bodies.append(_Body(nodes))
        for node in nodes:
            read, op, domain = node.input[:], node.op_type, node.domain
            if not visible.issuperset(read):
                for name in dict.fromkeys(read):
                    if name not in visible:
                        yield from self._unresolved(node, name, scope)
            if domain not in domains:
                yield Violation("domain", f"node {label(node)} is of domain `{domain}`, which is not imported", scope)
            words.add(node.name)
            words.add(op)
            if not any(read) and needs_operand(op, domain):
                yield Violation("operator", f"node {label(node)} has no operand, {op} needs one", scope)
            if not op:
                yield Violation("operator", f"node {label(node)} names no operator", scope)
            if op == "Einsum" and (fault := equation_fault(node)):
                yield Violation("attribute", f"node {label(node)} {fault}", scope)
            attributes = node.attribute[:]
            kinds = attribute_kinds(op, domain) if attributes else {}
            for attribute in attributes:
                words.add(attribute.name)
                if attribute.name in kinds and attribute.type not in kinds[attribute.name]:
                    yield Violation(
                        "attribute", f"attribute `{attribute.name}` of node {label(node)} is of the wrong type", scope
                    )
                if attribute.ref_attr_name and not self._parameters:
                    message = f"attribute `{attribute.name}` of node {label(node)} refers to a parameter outside of a function"
                    yield Violation("attribute", message, scope)
                if attribute.type not in plain:
                    yield from self._attribute(attribute, scope, node.name or next(iter(node.output), ""))
            for name in node.output[:]:
                if not name:
                    continue
                if name in visible:
                    where = "twice" if name in mine else "again inside a subgraph"
                    yield Violation("duplicate", f"value `{name}` is made {where}, by node {label(node)}", scope)
                else:
                    mine.add(name)
                    visible.add(name)
        for name in wanted:
            if not name or name not in visible:
                yield Violation("output", f"output `{name}` is not made by any node", scope)
            elif name not in mine and name not in given:
                yield Violation("output", f"output `{name}` is a value of the outer graph", scope, "pass it through Identity")
        for word in mine | words:
            if not isinstance(word, str):
                yield Violation("encoding", f"the name {word!r} is not UTF-8", scope)
        words.clear()
        self._bodies.pop()
        visible -= mine

    def _attribute(self, attribute: AttributeProto, scope: tuple[str, ...], owner: str) -> Iterator[Violation]:
        held = [attribute.t] if attribute.HasField("t") and not attribute.ref_attr_name else []
        for tensor in (*held, *attribute.tensors):
            yield from _tensor(tensor, f"attribute `{attribute.name}` of `{owner}`", scope)
        for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
            yield from self.graph(graph, (*scope, f"{attribute.name} of {owner}"))

    def _unresolved(self, node: NodeProto, name: str, scope: tuple[str, ...]) -> Iterator[Violation]:
        """Yield the violation for a value that is not visible: it is computed later, in a cycle, or nowhere."""
        for body in reversed(self._bodies):
            if (producer := body.producers.get(name)) is None:
                continue
            if body.cycle:
                if not body.reported:
                    chain = " -> ".join(f"`{value}`" for value in body.cycle)
                    yield Violation("cyclic", f"the graph has a cycle: {chain}", scope)
                body.reported = True
                return
            yield Violation(
                UNSORTED,
                f"node {label(node)} reads `{name}` before node {label(producer)} makes it",
                scope,
                "sort the nodes topologically",
            )
            return
        yield Violation("undefined", f"node {label(node)} reads `{name}`, which nothing makes", scope)


def find_cycle(edges: Mapping[str, Iterable[str]]) -> list[str]:
    """Return a cycle of a graph given as name -> names it depends on, in the order of the data flow; empty without one."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle
    return []


def _reads(node: NodeProto) -> Iterator[str]:
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in [attribute.g, *attribute.graphs]:
            for inner in graph.node:
                yield from _reads(inner)


def _repeated(what: str, names: list[str], scope: tuple[str, ...]) -> Iterator[Violation]:
    if len(set(names)) == len(names) and "" not in names:
        return
    seen: set[str] = set()
    for name in names:
        if not name:
            yield Violation("unnamed", f"an {what} has no name", scope)
        elif name in seen:
            yield Violation("duplicate", f"{what} `{name}` is there twice", scope)
        seen.add(name)


def _tensor(tensor: TensorProto, what: str, scope: tuple[str, ...]) -> Iterator[Violation]:
    if problem := fault(tensor):
        yield Violation("tensor", f"{what} {problem}", scope)


def _type_fault(value: ValueInfoProto) -> str | None:
    if not value.type.HasField("tensor_type"):
        return None
    if value.type.tensor_type.elem_type not in ELEMENT_TYPES:
        return f"has elements of the unknown type {value.type.tensor_type.elem_type}"
    count = 1
    for dim in value.type.tensor_type.shape.dim:
        size = dim.dim_value  # 0 where it is symbolic or unknown
        if not size and not isinstance(dim.dim_param, str):
            return "has a symbolic dimension that is not UTF-8"
        if size < -1:  # -1 itself is how many exporters write "unknown"
            return f"has a dimension of {size}"
        if size > 1:
            count *= size
            if count >= MOST_ELEMENTS:
                return "has 2**63 elements or more"
    return None
