"""Facets of a whole model, for verdicts that depend on no single node, keyed like the facets of an operator."""

from __future__ import annotations

import re

from onnx import AttributeProto, GraphProto, ModelProto, TensorProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.facets.control_flow import CONTAINERS
from graphfix.analysis.facets.node import dims_class
from graphfix.analysis.facts import Facts
from graphfix.analysis.float_sizes import has_float_sizes
from graphfix.analysis.value_info import annotation_class, first_named_count
from graphfix.analysis.values import Facet, Value
from graphfix.ir.operator_set import is_standard

USUAL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]*")
USUAL_SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TERM = r"(?:\d+|(?:\d+\*)?[A-Za-z_][A-Za-z0-9_.]*(?:\*\d+|/\d+)?)"
FORMULA = re.compile(rf"-?{TERM}(?: ?[+-] ?{TERM})*")
"""A dim's name that is a sum of multiples of symbols, as torch.export writes them."""
USUAL_DTYPES = ("float32", "int64", "int32", "bool", "float16", "float64", "uint8", "int8", "int16", "uint16", "uint32", "uint64")
"""Dtypes from the most to the least usual; all others are less usual."""
SILENT = {"none", "unknown", "unk", "any", "dynamic"}
"""Dim names that only mean that a dim is dynamic."""
QUANTIZING = {"QuantizeLinear", "DequantizeLinear"}
ORDER = ("static", "batch", "spatial", "sequence", "dynamic", "empty")


def model_facets(facts: Facts) -> dict[str, Facet]:
    """The facets of the pseudo operator `@model`.

    opset               version of the standard operator set; 0 when none is imported
    ir                  IR version
    domains             none | ml | other: operator sets imported beside the standard one
    inputs              none | one | several, without those that only name an initializer
    inputs.dims         the least fixed of the inputs' dims classes
    inputs.ranks        usual | scalar (some input has rank 0) | high (some rank is above 5)
    inputs.symbols      none | usual | dotted | odd | unnamed: the worst name an open dim has
    inputs.formulas     whether every odd name is a sum of multiples of symbols, as `2*n + 1`
    inputs.repeat       whether one symbol stands for several dims
    inputs.dtypes       the least usual dtype among the inputs
    inputs.elements     none | ranked | unranked: what the elements of sequences among the inputs are
    inputs.sizing       whether a size is computed from the numbers of a float input alone
    inputs.unused       whether some input has no consumer
    outputs             one | several
    outputs.ranks       as of the inputs
    outputs.kinds       tensor | passed | sequence | optional | map: what is no tensor among the outputs, made or passed on
    outputs.direct      none | input | constant: whether some output is not produced by a node
    outputs.sizes       whether some int64 output is computed from a Shape, a Size or a Cast to int64; else idle-cast where one
                        is cast from int64 to int64, see `_sizes`
    names               usual | odd: names with characters beyond letters, digits and _ . : / -
    nodes               whether the main graph has any
    overridable         whether inputs name initializers too
    subgraphs           none | plain | capturing
    branch-constants    whether a subgraph holds Constant nodes or initializers
    functions           whether nodes call functions that the model defines
    annotations         none | agreeing | made-up | formula | contradicting: what `value_info` says, see value_info.py
    counts.named        whether `value_info` names a number of elements that is found at run time
    constants.int8      whether some int8 constant is read by a node that neither quantises nor dequantises
    unsorted            whether some node reads what a later one makes, in the main graph or in a subgraph
    placeholders        whether one name that says nothing (`?`, None) stands for dims in several places of one input
    """
    graph = facts.model.graph
    inputs = facts.inputs
    initial = {tensor.name for tensor in graph.initializer}
    made = facts.producers.get((), {})
    direct = [output.name for output in graph.output if output.name not in made]
    domains = {domain for domain in facts.opsets if domain}
    classes = [dims_class(facts.value(value.name) or value) for value in inputs]
    symbols = [dim for value in inputs for dim in value.shape or () if not isinstance(dim, int)]
    ranks = [value.rank for value in inputs if value.rank is not None]
    inner = [node for node in facts.nodes if node.scope]
    results = [facts.value(output.name) for output in graph.output]
    given = [v.rank for v in results if v is not None and v.rank is not None]
    names = [v.name for v in inputs] + [output.name for output in graph.output]
    return {
        "opset": facts.opsets.get("", 0),
        "ir": int(facts.model.ir_version),
        "domains": "none" if not domains else "ml" if domains == {"ai.onnx.ml"} else "other",
        "inputs": ("none", "one")[len(inputs)] if len(inputs) < 2 else "several",
        "inputs.dims": max((str(c) for c in classes if c is not None), key=ORDER.index, default="static"),
        "inputs.ranks": "scalar" if 0 in ranks else "high" if any(rank > 5 for rank in ranks) else "usual",
        "inputs.symbols": _symbols(symbols),
        "inputs.formulas": _formulas(symbols),
        "inputs.repeat": len(set(filter(None, symbols))) < len([s for s in symbols if s]),
        "inputs.dtypes": max((value.dtype for value in inputs if value.dtype), key=_oddity, default="float32"),
        "inputs.elements": _elements(graph),
        "inputs.sizing": has_float_sizes(facts),
        "inputs.unused": bool(_unread(graph, {value.name for value in inputs} - {output.name for output in graph.output})),
        "outputs": "one" if len(graph.output) == 1 else "several",
        "outputs.ranks": "scalar" if 0 in given else "high" if any(rank > 5 for rank in given) else "usual",
        "outputs.kinds": _kinds(graph, results),
        "outputs.direct": "none" if not direct else "constant" if set(direct) & initial else "input",
        "outputs.sizes": _sizes(facts, [v.name for v in results if v is not None and v.dtype == "int64"]),
        "names": "usual" if all(USUAL_NAME.fullmatch(name) for name in names) else "odd",
        "nodes": bool(graph.node),
        "overridable": any(info.name in initial for info in graph.input),
        "subgraphs": "capturing" if any(n.captured for n in facts.nodes) else "plain" if inner else "none",
        "branch-constants": bool(inner) and (any(node.op == "Constant" for node in inner) or _branch_initializers(graph)),
        "functions": _calls(facts.source or facts.model),
        "annotations": annotation_class(facts),
        "counts.named": first_named_count(facts) is not None,
        "unsorted": facts.unsorted,
        "placeholders": any(map(_placeholders, inputs)),
        "constants.int8": _plain_bytes(facts),
    }


def _elements(graph: GraphProto) -> str:
    """Return whether the elements of every sequence among a graph's inputs have a declared rank; `none` without sequences."""
    kinds = [info.type.sequence_type.elem_type.tensor_type for info in graph.input if info.type.HasField("sequence_type")]
    return "none" if not kinds else "ranked" if all(kind.HasField("shape") for kind in kinds) else "unranked"


def _plain_bytes(facts: Facts) -> bool:
    """Return whether some node other than a quantisation or dequantisation reads an int8 constant, also behind an Identity."""
    return any(
        value is not None and value.source == "constant" and value.dtype == "int8" and not dict(node.structure).get("quantizes")
        for node in facts.nodes
        if node.op not in QUANTIZING
        for value in node.inputs
    )


def _oddity(dtype: str) -> tuple[int, str]:
    return (USUAL_DTYPES.index(dtype) if dtype in USUAL_DTYPES else len(USUAL_DTYPES)), dtype


def _symbols(symbols: list[str | None]) -> str:
    if not symbols:
        return "none"
    if any(not symbol for symbol in symbols):
        return "unnamed"
    words = [str(symbol) for symbol in symbols]
    if all(USUAL_SYMBOL.fullmatch(word) for word in words):
        return "usual"
    return "dotted" if all(map(_is_plain, words)) else "odd"


def _is_plain(symbol: str) -> bool:
    return USUAL_SYMBOL.fullmatch(symbol.replace(".", "_")) is not None


def _formulas(symbols: list[str | None]) -> bool:
    odd = [symbol for symbol in symbols if symbol and not _is_plain(symbol)]
    return bool(odd) and all(map(FORMULA.fullmatch, odd))


def _placeholders(value: Value) -> bool:
    """Return whether a placeholder name stands for several dims, which need not have one size."""
    names = [dim for dim in value.shape or () if isinstance(dim, str) and not telling(dim)]
    return len(set(names)) < len(names)


def telling(symbol: str) -> bool:
    """Return whether the name of a dim identifies it, so that dims of the same name have the same size."""
    return any(letter.isalnum() for letter in symbol) and symbol.lower() not in SILENT


def _unread(graph: GraphProto, names: set[str]) -> set[str]:
    """Return which of some names no node reads, nor an output of a subgraph; most are read at once."""
    for node in graph.node:
        if not names:
            break
        names = names.difference(node.input[:])
        for item in node.attribute[:]:
            if item.type == AttributeProto.GRAPH:
                names = _unread(item.g, names.difference(output.name for output in item.g.output))
    return names


def _kinds(graph: GraphProto, results: list[Value | None]) -> str:
    """The kind of an output that is no tensor, `passed` where all such come from the model's inputs unchanged."""
    containers = [value for value in results if value is not None and value.dtype in CONTAINERS]
    if not containers:
        return "tensor"
    source = {name: node.input[0] for node in graph.node for name in node.output[:] if node.op_type == "Identity"}
    given = {info.name for info in graph.input}
    for value in containers:
        name = value.name
        while name in source:
            name = source[name]
        if name not in given:
            return value.dtype
    return "passed"


SIZES = {"Shape", "Size"}
PASSING = {
    "Identity", "Add", "Sub", "Mul", "Div", "Mod", "Neg", "Min", "Max", "Clip", "Concat", "Gather", "GatherElements", "Slice",
    "Split", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose", "Expand", "Tile", "ReduceSum", "ReduceProd", "ReduceMax",
    "ReduceMin", "ReduceMean", "Relu",
}  # fmt: skip
"""Operators whose result is a size where an operand is."""
ELEMENTWISE = {"Add", "Sub", "Mul", "Div", "Mod", "Min", "Max", "Concat"}
"""Those of which every operand counts, not only the first."""


def _sizes(facts: Facts, names: list[str]) -> Facet:
    """Return whether some of the values is computed from sizes, which compilers with symbolic sizes may not hand out as numbers.

    `idle-cast` where it is not, and a Cast of int64 to int64 is on its way, which makes a symbolic value of any other.
    """
    makers = {name: node for node in facts.model.graph.node for name in node.output[:]} if names else {}
    waiting, seen, idle = list(names), set(names), False
    while waiting:
        node = makers.get(waiting.pop())
        if node is None or not is_standard(node):
            continue
        cast = node.op_type == "Cast" and attribute(node, "to") == TensorProto.INT64
        given = facts.value(node.input[0]) if cast else None
        same = given is not None and given.dtype == "int64"
        idle |= same
        if node.op_type in SIZES or (cast and not same):
            return True
        if same or node.op_type in PASSING:
            fresh = [name for name in (node.input if node.op_type in ELEMENTWISE else node.input[:1]) if name not in seen]
            waiting += fresh
            seen.update(fresh)
    return "idle-cast" if idle else False


def _calls(model: ModelProto) -> bool:
    """Whether any node, at any depth, is a call of one of the model's functions."""
    known = {(function.domain, function.name) for function in model.functions}
    return bool(known) and _any_of(model.graph, known)


def _any_of(graph: GraphProto, known: set[tuple[str, str]]) -> bool:
    return any(
        (node.domain, node.op_type) in known
        or any(item.type == AttributeProto.GRAPH and _any_of(item.g, known) for item in node.attribute[:])
        for node in graph.node
    )


def _branch_initializers(graph: GraphProto) -> bool:
    return any(
        bool(item.g.initializer) or _branch_initializers(item.g)
        for node in graph.node
        for item in node.attribute[:]
        if item.type == AttributeProto.GRAPH
    )
