"""What is known of every value in a model without running it: dtype, shape, constancy, and the node beside it.

Facts are inferred anew by onnx.shape_inference: `value_info` and declared output shapes may be stale and are
dropped first. Shape arithmetic that onnx's own data propagation gives up on is folded here (folding.py) and
inferred a second time.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, helper

from graphfix.company import in_company
from graphfix.folding import Array, attribute, constant_value, fold, tensor_value
from graphfix.infer import NAMES as DTYPES
from graphfix.infer import Place, branch_scope, infer, named, pinned, replace, stripped, unannotated
from graphfix.laws import gravest
from graphfix.open_dims import OpenDims
from graphfix.origin import Origin, bears, origin
from graphfix.regrouping import regroupings
from graphfix.resized import LOSSES, resized
from graphfix.schemas import formal_types
from graphfix.settling import (
    SHAPED_BY,
    assumed,
    counted_outputs,
    decided,
    decided_outputs,
    foldable_operands,
    quantised_outputs,
    ranked_outputs,
    recurrent_outputs,
    taken,
    unseen_outputs,
)
from graphfix.sizes import follow
from graphfix.sizes import settled as whole
from graphfix.thinning import thins
from graphfix.values import Dim, NodeFacts, Shape, Value, typed

if TYPE_CHECKING:
    from graphfix.provenance import Provenance

__all__ = ["DTYPES", "SHAPED_BY", "Dim", "Facts", "NodeFacts", "Shape", "Value", "since", "typed"]

RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
MOST_ROUNDS = 32
"""Rounds of inference: each settles what hangs on the sizes that the last one found."""


@dataclass(slots=True)
class Facts:
    """Every node at every depth, in order, and the facts about every value in each scope."""

    model: ModelProto
    nodes: list[NodeFacts] = field(default_factory=list)
    values: dict[tuple[str, ...], dict[str, Value]] = field(default_factory=dict)
    producers: dict[tuple[tuple[str, ...], str], NodeFacts] = field(default_factory=dict)
    trouble: str | None = None
    trace: Provenance | None = None
    """Where values come from; provenance.py fills it in when a rule first asks."""
    source: ModelProto | None = None
    """The model as it was given, with its own annotations."""
    plain: dict[Place, Shape | None] = field(default_factory=dict)
    """Shapes as they were before the initial states of recurrent nodes were asked about the results of every step."""
    origins: dict[NodeFacts, Origin | None] = field(default_factory=dict)
    """Where the nodes come from that have been asked about."""
    opened: OpenDims = field(default_factory=lambda: OpenDims(any_open=True))
    """Dims that inference gave up on and that are open for sure."""
    ahead: dict[Place, Value] = field(default_factory=dict)
    """Values of which folding knows a size that inference did not see."""
    neighbours: dict[NodeFacts, Origin | None] | None = None
    """Where those come from that do not say so themselves; filled in when there is one."""

    @classmethod
    def of(cls, model: ModelProto) -> Facts:
        """Infer the facts of a model or a skeleton; the argument is not changed."""
        work = stripped(model)
        if work.functions:
            from onnx import inliner

            from graphfix.inheritance import inherit

            inlined = inliner.inline_local_functions(work)
            inherit(work, inlined, model.producer_name)
            work = inlined
        inferred, trouble = infer(named(work))
        settled: set[Place] = set()
        pins: dict[Place, Value] = {}
        plain: dict[Place, Shape | None] = {}
        any_open = not all(typed(info).fixed for info in work.graph.input)
        for _ in range(MOST_ROUNDS):
            facts = cls(work, trouble=trouble, source=model, plain=plain, opened=OpenDims(any_open))
            _walk(facts, work.graph, inferred.graph, (), facts.opsets)
            found = foldable_operands(facts, settled)
            ran = decided_outputs(facts, pins)
            ran |= recurrent_outputs(facts, pins, "last") | ranked_outputs(facts, pins) | quantised_outputs(facts, pins)
            ran |= unseen_outputs(facts, pins) | counted_outputs(facts, pins)
            if not found and not ran:
                ran = recurrent_outputs(facts, pins, "all")
                plain = plain or {(s, name): v.shape for s, values in facts.values.items() for name, v in values.items()}
            if not found and not ran:
                break
            settled.update(found)
            pins.update(ran)
            replace(inferred.graph, (), found)
            stated = {place: (value.dtype, value.shape or ()) for place, value in pins.items()}
            inferred, trouble = infer(pinned(unannotated(inferred), stated))
        return facts

    def value(self, name: str, scope: tuple[str, ...] = ()) -> Value | None:
        """The value a name means in a scope, looked up outwards; None for an unknown or empty name."""
        while True:
            found = self.values.get(scope, {}).get(name)
            if found is not None or not scope:
                return found
            scope = scope[:-1]

    def producer(self, name: str, scope: tuple[str, ...] = ()) -> NodeFacts | None:
        """The node that makes the value a name means in a scope; None for inputs and initializers."""
        while True:
            if name in self.values.get(scope, {}):
                return self.producers.get((scope, name))
            if not scope:
                return None
            scope = scope[:-1]

    def origin(self, node: NodeFacts) -> Origin | None:
        """Where in the author's code a node comes from; a neighbour's place where the exporter left it none."""
        if node not in self.origins:
            found = origin(node.proto, self.source.producer_name if self.source is not None else "")
            if found is None:
                if self.neighbours is None:
                    self.neighbours = self._neighbours()
                found = self.neighbours.get(node)
            self.origins[node] = found
        return self.origins[node]

    def _neighbours(self) -> dict[NodeFacts, Origin | None]:
        if not any(bears(node.proto) for node in self.nodes):
            return {}
        from graphfix.inheritance import nearest

        return dict(zip(self.nodes, nearest(self.model.graph), strict=True))

    @property
    def inputs(self) -> list[Value]:
        """The graph's own inputs, without those that only name an initializer."""
        known = {tensor.name for tensor in self.model.graph.initializer}
        return [typed(info) for info in self.model.graph.input if info.name not in known]

    @property
    def opsets(self) -> Mapping[str, int]:
        """Opset version by domain, the empty domain being ai.onnx."""
        return _opsets(self.model)


def _opsets(model: ModelProto) -> dict[str, int]:
    return {"" if o.domain == "ai.onnx" else o.domain: o.version for o in model.opset_import}


@functools.cache
def since(op: str, domain: str, version: int) -> int:
    """The schema version of an operator at an opset version; 0 when ONNX defines no such operator."""
    try:
        return int(onnx.defs.get_schema(op, version, domain).since_version)
    except onnx.defs.SchemaError:
        return 0


def _walk(
    facts: Facts,
    graph: GraphProto,
    inferred: GraphProto,
    scope: tuple[str, ...],
    opsets: Mapping[str, int],
    under: str = "nothing",
) -> list[str]:
    """Gather the facts of one graph and give the names it reads from outside; `inferred` is the annotated graph."""
    known = {info.name: info for infos in (inferred.value_info, inferred.output) for info in infos}
    values = facts.values[scope] = {info.name: typed(info) for info in inferred.input}
    for tensor in graph.initializer:
        dims = tuple(tensor.dims)
        values[tensor.name] = Value(tensor.name, DTYPES.get(tensor.data_type, ""), dims, "constant", tensor_value(tensor))
    for sparse in graph.sparse_initializer:
        name = sparse.values.name
        values[name] = Value(name, DTYPES.get(sparse.values.data_type, ""), tuple(sparse.dims), "constant")
    read: dict[str, None] = {}
    regrouping, accompanied, products = regroupings(graph), in_company(graph, opsets), set[str]()
    for position, (node, twin) in enumerate(zip(graph.node, inferred.node, strict=True)):
        op, domain = node.op_type, "" if node.domain == "ai.onnx" else node.domain
        inputs = tuple([(values.get(name) or facts.value(name, scope)) if name else None for name in node.input])
        branches: list[tuple[Value | None, ...]] = []
        captured, broken = dict[str, None](), "none"
        bodies = [item for item in node.attribute if item.type == AttributeProto.GRAPH]
        if bodies:
            before, runs_under = len(facts.nodes), _condition(node, inputs, under)
            for item, other in zip(node.attribute, twin.attribute, strict=False):
                if item.type == AttributeProto.GRAPH:
                    inner = branch_scope(scope, node, item.name)
                    captured.update(dict.fromkeys(_walk(facts, item.g, other.g, inner, opsets, runs_under)))
                    branches.append(tuple(facts.value(o.name, inner) for o in item.g.output))
            broken = gravest(facts.nodes[before:])
        version = since(op, domain, opsets.get(domain, 0))
        stated = [typed(known[name]) if name in known else Value(name) for name in node.output]
        outputs = tuple([_known_output(node, inputs, value, i, version) for i, value in enumerate(stated)])
        ran = taken(node, inputs, branches) if branches else None
        if ran is not None:
            outputs = tuple(map(decided, outputs, ran))
        if facts.plain:
            outputs = tuple(assumed(value, facts.plain.get((scope, value.name), value.shape)) for value in outputs)
        outputs = facts.opened.settle(node, inputs, outputs)
        entry = NodeFacts(
            node, scope, inputs, tuple([o if o.name else None for o in outputs]),
            version, tuple(branches), tuple(captured), broken, under, position in regrouping, position in accompanied,
            op in LOSSES and resized(op, inputs[0] if inputs else None, lambda name: facts.producer(name, scope)),
            thins(node, inputs, products),
        )  # fmt: skip
        facts.nodes.append(entry)
        if scope:
            read.update(dict.fromkeys([name for name in (*node.input, *captured) if name and name not in values]))
        for value, told in zip(outputs, stated, strict=True):
            if value.shape != told.shape and value.source in ("folded", "shape", "cast-shape") and value.fixed:
                facts.ahead[scope, value.name] = value
            if value.name:
                values[value.name] = value
                facts.producers[scope, value.name] = entry
    read.update(dict.fromkeys(output.name for output in graph.output if output.name not in values))
    return list(read)


SETTLED = ("nothing", "constant", "folded", "shape", "cast-shape", "runtime")
"""What a node's execution may hang on, the most settled first."""


def _condition(node: NodeProto, inputs: tuple[Value | None, ...], under: str) -> str:
    """What the subgraphs of a node are run under: the least settled of its condition's source and what is around it."""
    condition = inputs[0] if node.op_type == "If" and inputs else None
    return max(under, "runtime" if condition is None else condition.source, key=SETTLED.index)


def _bound_dtype(node: NodeProto, inputs: tuple[Value | None, ...], index: int, version: int) -> str:
    """The dtype of an output that shares a type variable with an operand; inference drops it beside an unknown shape."""
    variables = formal_types(node.op_type, "" if node.domain == "ai.onnx" else node.domain, version)
    wanted = variables[1][min(index, len(variables[1]) - 1)] if variables[1] else ""
    for position, value in enumerate(inputs):
        name = variables[0][min(position, len(variables[0]) - 1)] if variables[0] else None
        if name == wanted and value is not None and value.dtype:
            return value.dtype
    return ""


def _known_output(node: NodeProto, inputs: tuple[Value | None, ...], stated: Value, index: int, version: int) -> Value:
    """The output with its source and, where the operands are known, its value."""
    value: Array | None = None
    given = [i for i in inputs if i is not None]
    measuring = [i for i in given if i.measured]
    measured, counted = bool(measuring), bool(measuring) and all(i.counted for i in measuring)
    if node.op_type == "Constant" and node.domain in ("", "ai.onnx"):
        value, source = constant_value(node), "constant"
    elif node.op_type in ("Shape", "Size") and inputs and inputs[0] is not None:
        value, source = _measure(node, inputs[0])
        measured = measured or inputs[0].source not in ("constant", "folded")
        counted = inputs[0].measured or inputs[0].source in ("shape", "cast-shape")
    else:
        sources = {i.source for i in given}
        runtime = "runtime" in sources or node.op_type in RANDOM or any(a.type == AttributeProto.GRAPH for a in node.attribute)
        source = "runtime" if runtime else _folded_source(node, sources)
        if source == "folded" and index == 0 and all(i.constant is not None for i in given):
            value = fold(node, [None if i is None else i.constant for i in inputs])
    sizes = follow(node, inputs) if index == 0 else None
    if value is None and source != "folded" and (array := whole(sizes, stated)) is not None:
        value, source, measured = array, "folded", True
    if source == "runtime" and sizes is None and stated.dtype:
        return stated
    dtype, shape = stated.dtype or _bound_dtype(node, inputs, index, version), stated.shape
    if value is not None:
        shape = value.shape
        dtype = dtype or DTYPES.get(helper.np_dtype_to_tensor_dtype(value.dtype), "")
    return Value(
        stated.name, dtype, shape, source, value, sizes, measured and source == "folded", counted=counted and source == "folded"
    )


def _folded_source(node: NodeProto, sources: set[str]) -> str:
    """The source of what is computed from constants and dims alone."""
    cast = node.op_type == "Cast" and attribute(node, "to") != onnx.TensorProto.INT64
    if "cast-shape" in sources or (cast and "shape" in sources):
        return "cast-shape"
    return "shape" if "shape" in sources else "folded"


def _measure(node: NodeProto, operand: Value) -> tuple[Array | None, str]:
    """Shape or Size of a value: known when the dims it asks for are fixed."""
    if operand.shape is None:
        return None, "shape"
    dims: Shape = operand.shape
    if node.op_type == "Shape":
        dims = dims[attribute(node, "start", 0) : attribute(node, "end", len(dims))]
    if not all(isinstance(dim, int) for dim in dims):
        return None, "shape"
    sizes = np.asarray(dims, np.int64)
    return (sizes if node.op_type == "Shape" else np.asarray(sizes.prod(), np.int64)), "folded"
