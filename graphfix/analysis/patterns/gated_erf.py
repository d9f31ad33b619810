"""An Erf inside a Gelu that an exporter took apart, which runtimes put together again before they look for kernels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts, Value

SCALING = frozenset({"Mul", "Div"})


def gated_erf(context: Context) -> Mapping[int, Told]:
    """Return the facets of the Erf nodes of x · (1 + Erf(x / √2)); the half may stand anywhere."""
    places = context.at(("Erf",))
    if not places:
        return {}
    readers = Counter(name for node in context.graph.node for name in node.input)
    readers.update(info.name for info in context.graph.output)
    sums = _by_operand(context, ("Add",))
    products = _by_operand(context, ("Mul",))
    found: dict[int, Told] = {}
    for at in places:
        made = context.nodes[at].proto.output[0]
        scaled, added = _scaling(context, context.nodes[at].inputs[0]), sums.get(made)
        if scaled is None or added is None or readers[made] != 1 or not _is_one(_other(added, made)):
            continue
        data, total = scaled.inputs[0], added.proto.output[0]
        gate = products.get(total)
        if gate is not None and readers[total] == 1 and _is_number(_other(gate, total)):
            total = gate.proto.output[0]
            gate = products.get(total)
        if data is not None and gate is not None and readers[total] == 1 and _holds(_other(gate, total), data, context):
            found[at] = {"gated": True}
    return found


def _by_operand(context: Context, ops: Sequence[str]) -> dict[str, NodeFacts]:
    nodes = [context.nodes[at] for at in context.at(ops)]
    return {value.name: node for node in nodes for value in node.inputs if value is not None}


def _scaling(context: Context, value: Value | None) -> NodeFacts | None:
    """Return the node that makes a value by scaling another by a constant; None for other values."""
    maker = context.producer(value.name) if value is not None else None
    scales = maker is not None and maker.op in SCALING and not maker.domain and len(maker.inputs) == 2
    return maker if scales and maker is not None and _is_number(maker.inputs[1]) else None


def _other(node: NodeFacts, name: str) -> Value | None:
    return next((value for value in node.inputs if value is not None and value.name != name), None)


def _is_number(value: Value | None) -> bool:
    return value is not None and value.constant is not None and value.constant.size == 1


def _is_one(value: Value | None) -> bool:
    return value is not None and value.constant is not None and value.constant.size == 1 and value.constant.item() == 1


def _holds(factor: Value | None, data: Value, context: Context) -> bool:
    """Whether a factor is the data, or the data scaled by a constant."""
    if factor is None or factor.name == data.name:
        return factor is not None
    scaled = _scaling(context, factor)
    return scaled is not None and scaled.inputs[0] is not None and scaled.inputs[0].name == data.name


PATTERN = StructuralPattern(
    frozenset({"Erf"}),
    {"gated": False},
    gated_erf,
    own=True,
)
