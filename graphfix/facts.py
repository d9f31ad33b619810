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
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, helper

from graphfix.folding import Array, attribute, constant_value, fold, tensor_value
from graphfix.infer import Place, branch_scope, infer, replace, stripped, unannotated

if TYPE_CHECKING:
    from graphfix.provenance import Provenance

Dim = int | str | None
Shape = tuple[Dim, ...]

DTYPES = {
    code: {"FLOAT": "float32", "DOUBLE": "float64"}.get(name, name.lower())
    for name, code in TensorProto.DataType.items()
}  # fmt: skip
DTYPES[TensorProto.UNDEFINED] = ""
MOST_FOLDED = 10_000
"""Operands after which folding stops: a bound on inference rounds for hostile graphs."""
RANDOM = {
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Bernoulli",
    "Multinomial",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One tensor: its dtype, its shape, where it comes from, and its value where that is known and small.

    `shape` holds an int for a fixed dim, a str for a symbol, None for an unknown dim; `shape` itself is None when
    the rank is unknown. `source` is `constant` (an initializer or a Constant node), `folded` (computed from
    constants and fixed dims alone), `shape` (computed from dims that are not fixed), `cast-shape` (the same by way of
    another dtype than int64, where some compilers lose track of sizes) or `runtime`.
    """

    name: str
    dtype: str = ""
    shape: Shape | None = None
    source: str = "runtime"
    constant: Array | None = None

    @property
    def rank(self) -> int | None:
        """The number of dims, or None when unknown."""
        return None if self.shape is None else len(self.shape)

    @property
    def fixed(self) -> bool:
        """Whether every dim is a number."""
        return self.shape is not None and all(isinstance(dim, int) for dim in self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class NodeFacts:
    """A node with the facts about its operands; `inputs[i]` is None where an optional input is left out.

    `branches` are the outputs of its subgraphs, `captured` the names that those read from outer scopes.
    """

    proto: NodeProto
    scope: tuple[str, ...]
    inputs: tuple[Value | None, ...]
    outputs: tuple[Value | None, ...]
    since: int
    branches: tuple[tuple[Value | None, ...], ...] = ()
    captured: tuple[str, ...] = ()

    @property
    def op(self) -> str:
        """The operator type."""
        return self.proto.op_type

    @property
    def domain(self) -> str:
        """The operator's domain, empty for ai.onnx."""
        return "" if self.proto.domain == "ai.onnx" else self.proto.domain

    @property
    def label(self) -> str:
        """What to call the node: its name, else its first output."""
        return self.proto.name or next((name for name in self.proto.output if name), self.op)


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

    @classmethod
    def of(cls, model: ModelProto) -> Facts:
        """Infer the facts of a model or a skeleton; the argument is not changed."""
        work = stripped(model)
        if work.functions:
            from onnx import inliner

            work = inliner.inline_local_functions(work)
        inferred, trouble = infer(work)
        settled: set[tuple[tuple[str, ...], str]] = set()
        while True:
            facts = cls(work, trouble=trouble)
            _walk(facts, work.graph, inferred.graph, (), facts.opsets)
            found = _foldable_operands(facts, settled)
            if not found or len(settled) > MOST_FOLDED:
                return facts
            settled.update(found)
            replace(inferred.graph, (), found)
            inferred, trouble = infer(unannotated(inferred))

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

    @property
    def inputs(self) -> list[Value]:
        """The graph's own inputs, without those that only name an initializer."""
        known = {tensor.name for tensor in self.model.graph.initializer}
        top = self.values[()]
        return [top[info.name] for info in self.model.graph.input if info.name not in known]

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


def typed(info: onnx.ValueInfoProto, source: str = "runtime") -> Value:
    """The facts that a ValueInfoProto states."""
    kind = info.type.WhichOneof("value")
    if kind != "tensor_type":
        return Value(info.name, (kind or "").removesuffix("_type"), None, source)
    tensor = info.type.tensor_type
    shape: Shape | None = None
    if tensor.HasField("shape"):
        shape = tuple(d.dim_value if d.HasField("dim_value") else (d.dim_param or None) for d in tensor.shape.dim)
    return Value(info.name, DTYPES.get(tensor.elem_type, ""), shape, source)


def _walk(facts: Facts, graph: GraphProto, inferred: GraphProto, scope: tuple[str, ...], opsets: Mapping[str, int]) -> list[str]:
    """Gather the facts of one graph and give the names it reads from outside; `inferred` is the annotated graph."""
    known = {info.name: info for info in (*inferred.value_info, *inferred.output)}
    values = facts.values[scope] = {info.name: typed(info) for info in inferred.input}
    for tensor in graph.initializer:
        dims = tuple(tensor.dims)
        values[tensor.name] = Value(tensor.name, DTYPES.get(tensor.data_type, ""), dims, "constant", tensor_value(tensor))
    for sparse in graph.sparse_initializer:
        name = sparse.values.name
        values[name] = Value(name, DTYPES.get(sparse.values.data_type, ""), tuple(sparse.dims), "constant")
    read: dict[str, None] = {}
    for node, twin in zip(graph.node, inferred.node, strict=True):
        inputs = tuple(facts.value(name, scope) if name else None for name in node.input)
        stated = [typed(known[name]) if name in known else Value(name) for name in node.output]
        branches, captured = [], dict[str, None]()
        for item, other in zip(node.attribute, twin.attribute, strict=False):
            if item.type == AttributeProto.GRAPH:
                inner = branch_scope(scope, node, item.name)
                captured.update(dict.fromkeys(_walk(facts, item.g, other.g, inner, opsets)))
                branches.append(tuple(facts.value(o.name, inner) for o in item.g.output))
        outputs = tuple(_known_output(node, inputs, value, i) for i, value in enumerate(stated))
        domain = "" if node.domain == "ai.onnx" else node.domain
        entry = NodeFacts(
            node, scope, inputs, tuple(o if o.name else None for o in outputs),
            since(node.op_type, domain, opsets.get(domain, 0)), tuple(branches), tuple(captured),
        )  # fmt: skip
        facts.nodes.append(entry)
        if scope:
            read.update(dict.fromkeys(name for name in (*node.input, *captured) if name and name not in values))
        for value in outputs:
            if value.name:
                values[value.name] = value
                facts.producers[scope, value.name] = entry
    read.update(dict.fromkeys(output.name for output in graph.output if output.name not in values))
    return list(read)


def _known_output(node: NodeProto, inputs: tuple[Value | None, ...], stated: Value, index: int) -> Value:
    """The output with its source and, where the operands are known, its value."""
    value: Array | None = None
    if node.op_type == "Constant" and node.domain in ("", "ai.onnx"):
        value, source = constant_value(node), "constant"
    elif node.op_type in ("Shape", "Size") and inputs and inputs[0] is not None:
        value, source = _measure(node, inputs[0])
    else:
        sources = {i.source for i in inputs if i is not None}
        runtime = "runtime" in sources or node.op_type in RANDOM or any(a.type == AttributeProto.GRAPH for a in node.attribute)
        source = "runtime" if runtime else _folded_source(node, sources)
        if source == "folded" and index == 0 and all(i is None or i.constant is not None for i in inputs):
            value = fold(node, [None if i is None else i.constant for i in inputs])
    dtype, shape = stated.dtype, stated.shape
    if value is not None:
        shape = value.shape
        dtype = dtype or DTYPES.get(helper.np_dtype_to_tensor_dtype(value.dtype), "")
    return Value(stated.name, dtype, shape, source, value)


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


SHAPED_BY = {"Reshape": (1,), "Expand": (1,), "Tile": (1,), "ConstantOfShape": (0,), "Range": (0, 1, 2),
             "Slice": (1, 2, 3, 4), "Pad": (1,), "Resize": (1, 2, 3), "Upsample": (1,), "Unsqueeze": (1,),
             "Squeeze": (1,), "Split": (1,), "TopK": (1,), "OneHot": (1,)}  # fmt: skip
"""Operators whose output shape is the value of an operand, and which operands those are."""


def _foldable_operands(facts: Facts, settled: set[Place]) -> dict[Place, Array]:
    """Folded operands that shape an output which is not fixed yet, and that inference has not been told of."""
    wanted: dict[Place, Array] = {}
    for node in facts.nodes:
        for position in SHAPED_BY.get(node.op, ()) if node.domain == "" else ():
            operand = node.inputs[position] if position < len(node.inputs) else None
            if operand is not None and operand.source == "folded" and operand.constant is not None and _tells(node, operand):
                producer = facts.producer(operand.name, node.scope)
                if producer is not None and (producer.scope, operand.name) not in settled:
                    wanted[producer.scope, operand.name] = operand.constant
    return wanted


def _tells(node: NodeFacts, operand: Value) -> bool:
    """Whether knowing an operand can make the node's output shape better known than it is."""
    output, data = node.outputs[0], node.inputs[0]
    if output is None or output.fixed:
        return False
    if output.shape is None or data is None or data is operand or data.fixed:
        return True
    if node.op == "Reshape" and operand.constant is not None:
        sizes = operand.constant.reshape(-1).tolist()
        return any(size > 0 and not isinstance(dim, int) for size, dim in zip(sizes, output.shape, strict=False))
    return node.op in ("Expand", "Tile")
