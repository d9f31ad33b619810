"""Facets of composite operators: how a loop's body treats its carried values, how attention shares heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import AttributeProto, GraphProto, NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.facets.attributes import Facet
from graphfix.analysis.values import NodeFacts, Value

Facets = dict[str, Facet]

CONTAINERS = {"sequence", "optional", "map"}
"""The kinds of values without a shape."""
GROWING = {"Concat", "Pad", "Tile", "Expand"}
"""Operators that may make a tensor longer."""
PASSING = {"Identity", "Cast", "Unsqueeze", "Squeeze", "Reshape", "Transpose", "Add", "Mul", "Relu"}
"""Operators through which a longer tensor is looked for."""
MOST_STEPS = 4
AGREEMENTS = ("same", "other-dims", "unknown", "other-rank")
"""The degrees of agreement between shapes, the best first."""


def agreement(ones: Sequence[Value | None], others: Sequence[Value | None]) -> str:
    """Return the worst agreement of shapes between two lists of values; sequences and optional values agree by kind."""
    return max((_agree(one, other) for one, other in zip(ones, others, strict=False)), key=AGREEMENTS.index, default="same")


def _agree(one: Value | None, other: Value | None) -> str:
    if one is None or other is None:
        return "unknown"
    if one.dtype in CONTAINERS and one.dtype == other.dtype:
        return "same"
    if one.shape is None or other.shape is None:
        return "unknown"
    if one.rank != other.rank:
        return "other-rank"
    return "same" if one.shape == other.shape else "other-dims"


def loop(node: NodeFacts) -> Facets:
    """Return the facets of the body of a Loop.

    until       kept (the condition it is given) | constant | computed: how the body makes the condition to go on
    carried     same | other-dims | other-rank | unknown: whether the carried values keep their shapes
    stacked     whether there are scan outputs
    captures    whether the body reads values from outer scopes
    passes      whether some body output is a body input unchanged
    counts      whether the body reads the iteration number
    grows       whether the body makes a carried value longer
    sequences   whether a sequence is carried, with or without tensors
    picks       whether the body takes tensors from a sequence of an outer scope
    starts      empty where a carried value has no elements before the first iteration, else filled
    """
    body = attribute(node.proto, "body")
    given = node.inputs[2:]
    made: Sequence[Value | None] = node.branches[0][1:] if node.branches else ()
    known = isinstance(body, GraphProto)
    if known:
        names = {info.name: value for info, value in zip(body.input[2:], given, strict=False)}
        made = [names.get(info.name, value) for info, value in zip(body.output[1:], made, strict=False)]
    return {
        "until": _until(body) if known else "unknown",
        "carried": _kept(given, made),
        "stacked": len(node.proto.output) > len(given),
        "captures": bool(node.captured),
        "passes": known and _passes(body),
        "sequences": any(value is not None and value.dtype in CONTAINERS for value in given),
        "picks": known and _picks(body),
        "starts": "empty" if any(value is not None and value.shape and 0 in value.shape for value in given) else "filled",
        "counts": known and bool(body.input) and body.input[0].name in _reads(body),
        "grows": known and _grows(body),
    }


def _grows(body: GraphProto) -> bool:
    """Return whether a body makes a carried value longer: it joins it with something, pads, repeats or expands it."""
    makers = {name: node for node in body.node[:] for name in node.output[:]}
    for given, made in zip(body.input[2:], body.output[1:], strict=False):
        maker = makers.get(made.name)
        for _ in range(MOST_STEPS):
            if maker is None or maker.op_type in GROWING:
                break
            maker = makers.get(maker.input[0]) if maker.op_type in PASSING and maker.input else None
        if maker is not None and maker.op_type in GROWING and _is_made_from(given.name, maker, makers):
            return True
    return False


def _is_made_from(name: str, node: NodeProto, makers: Mapping[str, NodeProto]) -> bool:
    """Return whether a node computes something from a value, directly or through a few operators that keep its elements."""
    waiting = list(node.input)
    for _ in range(MOST_STEPS):
        if name in waiting:
            return True
        before = [makers[given] for given in waiting if given in makers and makers[given].op_type in PASSING]
        waiting = [given for maker in before for given in maker.input]
    return False


def _passes(body: GraphProto) -> bool:
    """Return whether some output of a body is one of its inputs."""
    given = {info.name for info in body.input[:]}
    return any(info.name in given for info in body.output[:])


def _picks(body: GraphProto) -> bool:
    """Return whether a body reads a sequence that neither its inputs nor its nodes give."""
    inner = {info.name for info in body.input[:]} | {name for node in body.node[:] for name in node.output[:]}
    return any(node.op_type == "SequenceAt" and node.input[0] not in inner for node in body.node[:])


def _reads(body: GraphProto) -> set[str]:
    """Return the names read by the nodes of a body and of its subgraphs, and its outputs."""
    found = {info.name for info in body.output[:]}
    for node in body.node[:]:
        found.update(node.input[:])
        for item in node.attribute[:]:
            found |= _reads(item.g) if item.type == AttributeProto.GRAPH else set()
    return found


def _kept(given: Sequence[Value | None], made: Sequence[Value | None]) -> str:
    """Return the agreement of a body's inputs and outputs; that of sizes that are not both fixed is unknown."""
    found = agreement(given, made)
    if found != "other-dims":
        return found
    pairs = [(a.shape, b.shape) for a, b in zip(given, made, strict=False) if a is not None and b is not None]
    fixed = [(one, other) for a, b in pairs for one, other in zip(a or (), b or (), strict=True) if one != other]
    return "other-dims" if any(isinstance(one, int) and isinstance(other, int) for one, other in fixed) else "unknown"


def _until(body: GraphProto) -> str:
    if not body.output or len(body.input) < 2:
        return "unknown"
    name = body.output[0].name
    made = {output: node for node in body.node for output in node.output}
    while name in made and made[name].op_type == "Identity":
        name = made[name].input[0]
    if name == body.input[1].name:
        return "kept"
    fixed = name in {tensor.name for tensor in body.initializer} or (name in made and made[name].op_type == "Constant")
    return "constant" if fixed else "computed"


def scan(node: NodeFacts) -> Facets:
    """Return the facets of a Scan: its numbers of states (0, 1 or many) and scan inputs, its first scan input, and its body."""
    lengths = 1 if node.since < 9 else 0
    scanned = int(attribute(node.proto, "num_scan_inputs", 1) or 1)
    states = max(len(node.inputs) - lengths - scanned, 0)
    first = node.inputs[lengths + states] if len(node.inputs) > lengths + states else None
    return {
        "states": states if states < 2 else "many",
        "scanned": "one" if scanned == 1 else "many",
        "scanned.rank": None if first is None else first.rank,
        "scanned.from": "absent" if first is None else first.source,
        "scanned.open": first is None or not first.fixed,
        "captures": bool(node.captured),
        "untyped": any(
            not given.type.WhichOneof("value") for item in node.proto.attribute if item.name == "body" for given in item.g.input
        ),
    }


def attention(node: NodeFacts) -> Facets:
    """Return how query heads share key heads, and whether values have another size than keys.

    heads       same | grouped | one (every query head reads the same keys)
    sizes       same | other: the size of a value's head beside that of a key's
    steps       one | same | other: how many queries there are beside keys
    eights      whether the size of a key's head is a multiple of 8, as compiled kernels require
    mask        absent | bool | same | other: the dtype of the mask beside that of the queries
    """
    (asking, _), (shared, width), (_, wide) = (_heads(node, at) for at in range(3))
    heads: Facet = None
    if asking is not None and shared is not None:
        heads = "same" if asking == shared else "one" if shared == 1 else "grouped"
    sizes = None if width is None or wide is None else "same" if width == wide else "other"
    asked, there = (_steps(node, at) for at in range(2))
    steps: Facet = "one" if asked == 1 else None if asked is None or there is None else "same" if asked == there else "other"
    mask = node.inputs[3] if len(node.inputs) > 3 else None
    query = node.inputs[0]
    kind = "absent" if mask is None else mask.dtype if mask.dtype == "bool" else "other"
    if mask is not None and query is not None and mask.dtype == query.dtype:
        kind = "same"
    return {"heads": heads, "sizes": sizes, "steps": steps, "mask": kind, "eights": None if width is None else width % 8 == 0}


def _steps(node: NodeFacts, position: int) -> int | None:
    given = node.inputs[position] if len(node.inputs) > position else None
    if given is None or given.shape is None or len(given.shape) not in (3, 4):
        return None
    return steps if isinstance(steps := given.shape[-2 if len(given.shape) == 4 else 1], int) else None


def _heads(node: NodeFacts, position: int) -> tuple[int | None, int | None]:
    """Return the number of heads of Q, K or V and their size, None where it is not fixed."""
    given = node.inputs[position] if len(node.inputs) > position else None
    if given is None or given.shape is None or len(given.shape) not in (3, 4):
        return None, None
    *_, last = given.shape
    if len(given.shape) == 4:
        heads = given.shape[1]
        return (heads if isinstance(heads, int) else None), (last if isinstance(last, int) else None)
    count = attribute(node.proto, "kv_num_heads" if position else "q_num_heads")
    return count, (last // count if count and isinstance(last, int) else None)
