"""Factors of a product that are one number filled into dynamic dims, such as the mean of a window written as a product with ones.

A compiler that keeps only the number and the dims of such a tensor may look for all its axes in the product. Of a conjunction
it may keep the value alone where all operands are such, and so lose the dims. A tensor that another node reads too, and that is
no neutral operand there, may stay as it is.
"""

from __future__ import annotations

from onnx import numpy_helper

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import Facet, NodeFacts, Value

PRODUCTS = frozenset({"MatMul", "Gemm", "Einsum"})
CONJUNCTIONS = frozenset({"And"})
PASSING = {"Identity", "Not", "Transpose", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Cast", "Exp", "Neg", "Sqrt",
           "Reciprocal", "Abs", "Relu", "Sigmoid", "Tanh", "Log"}  # fmt: skip
"""Operators of one tensor whose result is filled where that tensor is."""
MOST_STEPS = 8
NEUTRAL = {"Add": ((0, 1), (0,)), "Mul": ((0, 1), (0, 1)), "Sub": ((1,), (0,)), "Div": ((1,), (1,))}
"""Operators that are dropped where an operand is filled with some numbers: the places of such operands, and the numbers."""
KEPT = 2
"""The last axes, of which a product sums over one."""


def _find(context: Context) -> dict[int, Told]:
    if context.by_op.keys().isdisjoint(("ConstantOfShape", "Expand")):
        return {}
    found: dict[int, Told] = {at: {"filled": _filled(context.nodes[at], context)} for at in context.at(PRODUCTS)}
    return found | {at: {"filled": _all_filled(context.nodes[at], context)} for at in context.at(CONJUNCTIONS)}


def _all_filled(node: NodeFacts, context: Context) -> Facet:
    """Whether all operands of a conjunction are filled with one value, one of them into dynamic dims: `all` or `nothing`."""
    filled = [_kind(value, context) == "number" for value in node.inputs]
    others = [value for value, known in zip(node.inputs, filled, strict=True) if not known]
    return "all" if any(filled) and all(_uniform(value, context) for value in others) else "nothing"


def _uniform(value: Value | None, context: Context) -> bool:
    """Whether a tensor is known to hold one value only."""
    if value is None or value.constant is None:
        maker = context.producer(value.name) if value is not None else None
        return maker is not None and maker.op == "ConstantOfShape"
    return value.constant.size > 0 and len(set(value.constant.flat)) == 1


def _filled(node: NodeFacts, context: Context) -> Facet:
    """What an operand of a product is filled with: `nothing`, one `number`, or `rows` that are repeated along the last axes.

    It is a `shared` number where other nodes read that operand too, a `passed` one where they read what it is made of.
    """
    kinds = {value.name: _kind(value, context) for value in node.inputs if value is not None}
    if "number" not in kinds.values():
        return "rows" if "rows" in kinds.values() else "nothing"
    alone = [_shared(name, node, context) for name, kind in kinds.items() if kind == "number"]
    return next(word for word in ("number", "passed", "shared") if word in alone)


def _shared(name: str, reader: NodeFacts, context: Context) -> str:
    """Whether nodes beside the reader read a filled tensor, or else one of those that it is made of."""
    word, maker = "shared", context.producer(name)
    while maker is not None:
        readers = [node for node in context.readers(name) if node is not reader and not _dropped(node, name, context)]
        if readers or maker.op not in PASSING:
            return word if readers else "number"
        word, reader, name = "passed", maker, maker.inputs[0].name if maker.inputs[0] is not None else ""
        maker = context.producer(name)
    return "number"


def _dropped(node: NodeFacts, name: str, context: Context) -> bool:
    """Whether a node is dropped where it reads a filled tensor beside data."""
    places, numbers = NEUTRAL.get(node.op, ((), ()))
    if node.op == "Identity" or not any(value is not None and value.name == name for value in node.inputs):
        return node.op == "Identity"
    read = [at for at, value in enumerate(node.inputs) if value is not None and value.name == name]
    beside = [value for value in node.inputs if value is not None and value.name != name]
    neutral = read[0] in places and _number(name, context) in numbers
    return neutral and any(value.source == "runtime" for value in beside)


def _number(name: str, context: Context) -> float | None:
    """Return the number that a tensor is filled with; None where it is made by others than a fill."""
    maker = context.producer(name)
    if maker is None or maker.op != "ConstantOfShape":
        return None
    value = attribute(maker.proto, "value", None)
    return 0.0 if value is None else float(numpy_helper.to_array(value).reshape(-1)[0])


def _kind(value: Value | None, context: Context) -> str:
    for _ in range(MOST_STEPS):
        if value is None or value.fixed or value.source not in ("shape", "cast-shape"):
            return "nothing"
        maker = context.producer(value.name)
        if maker is None or maker.domain:
            return "nothing"
        if maker.op == "ConstantOfShape":
            return "number"
        if maker.op == "Expand":
            return _expanded(maker.inputs[0], value)
        if maker.op not in PASSING:
            return "nothing"
        value = maker.inputs[0] if maker.inputs else None
    return "nothing"


def _expanded(data: Value | None, value: Value) -> str:
    """What the result of an Expand is filled with."""
    if data is None or data.shape is None or value.shape is None:
        return "nothing"
    if all(dim == 1 for dim in data.shape):
        return "number"
    last = ((1,) * KEPT + data.shape)[-KEPT:]
    return "rows" if any(old == 1 != new for old, new in zip(last, value.shape[-KEPT:], strict=False)) else "nothing"


PATTERN = StructuralPattern(PRODUCTS | CONJUNCTIONS, {"filled": "nothing"}, _find)
