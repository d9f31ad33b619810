"""A dequantised tensor that is scaled by, or added to, a constant that the graph quantises, such as a scale of attention.

Static quantisers write so what a Constant node holds. Compilers that move dequantisations past such a node expect the constant
as it is, or held in its quantised form. Where they compute a product in integers they may meet another form of it, and they can
scale a tensor, or each of its channels, but not each entry of its last axis. A constant that was dequantised with a zero point
before it is quantised here is held in its quantised form.
"""

from __future__ import annotations

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import Facet, NodeFacts, Value

SCALED = ("Mul", "Add")
PRODUCTS = {"Conv", "ConvTranspose", "MatMul", "Gemm"}
BETWEEN = {"Relu", "Add", "Clip"}
"""What runtimes compute together with a product."""
MOST_STEPS = 3
USUAL: Told = {"dequantised": "nothing", "spread": "nothing"}


def _find(context: Context) -> dict[int, Told]:
    if "DequantizeLinear" not in context.by_op:
        return {}
    nodes = [(at, context.nodes[at]) for at in context.at(SCALED)]
    return {at: scaled(node, context) for at, node in nodes}


def scaled(node: NodeFacts, context: Context) -> Told:
    """What a Mul or Add scales by, or adds, a constant that the graph quantises, and what that constant differs along."""
    makers = [_maker(value, "DequantizeLinear", context) for value in node.inputs]
    if len(makers) != 2 or None in makers:
        return USUAL
    held = [value is not None and value.source in ("constant", "folded") for value in node.inputs]
    if sum(held) != 1:
        return USUAL
    constant, dequantised = makers[held.index(True)], makers[held.index(False)]
    made = _maker(constant.inputs[0], "QuantizeLinear", context) if constant is not None else None
    if made is None or dequantised is None or _was_held(made.inputs[0], context):
        return USUAL
    quantised = _maker(dequantised.inputs[0], "QuantizeLinear", context)
    product = _product(quantised.inputs[0], context) if quantised is not None else None
    kind = "nothing" if product is None else _kind(product, context)
    return {"dequantised": kind, "spread": _spread(node.inputs[held.index(True)]) if quantised is not None else "nothing"}


def _was_held(value: Value | None, context: Context) -> bool:
    """Whether a constant is the dequantised form of another one that has a zero point, copied or not."""
    maker = context.producer(value.name) if value is not None else None
    for _ in range(MOST_STEPS):
        if maker is None or maker.op != "Identity" or maker.domain or maker.inputs[0] is None:
            break
        maker = context.producer(maker.inputs[0].name)
    if maker is None or maker.op != "DequantizeLinear" or maker.domain:
        return False
    return _has_zero_point(maker)


def _spread(constant: Value | None) -> Facet:
    """What a constant has several numbers along: `nothing`, so that it is a single number, its `last` axis, or `others` only."""
    if constant is None or constant.shape is None:
        return None
    return "last" if constant.shape[-1:] not in ((), (1,)) else "others" if any(dim != 1 for dim in constant.shape) else "nothing"


def _product(value: Value | None, context: Context) -> NodeFacts | None:
    """The product that a value is, perhaps with a bias or an activation."""
    for _ in range(MOST_STEPS):
        maker = context.producer(value.name) if value is not None else None
        if maker is None or maker.domain or maker.op in PRODUCTS:
            return maker if maker is not None and not maker.domain else None
        if maker.op not in BETWEEN:
            return None
        value = next((given for given in maker.inputs if given is not None and given.source == "runtime"), None)
    return None


def _kind(product: NodeFacts, context: Context) -> str:
    """The word for a product: of `floats`, or of what is quantised, with `shifted` data or not, with `runtime` weights or not."""
    if product.op == "ConvTranspose":
        return "transposed convolution"
    makers = [_maker(value, "DequantizeLinear", context) for value in product.inputs[:2]]
    data = makers[0]
    if data is None or len(makers) < 2 or makers[1] is None:
        return "floats"
    weights = product.inputs[1]
    if weights is not None and weights.source == "runtime":
        return "runtime"
    if product.op != "Conv" and _has_zero_point(makers[1]):
        return "shifted weights"
    return f"{'shifted' if _has_zero_point(data) else 'symmetric'} {'convolution' if product.op == 'Conv' else 'product'}"


def _has_zero_point(node: NodeFacts) -> bool:
    """Whether the zero point of a DequantizeLinear is not, or may not be, zero."""
    zero = node.inputs[2] if len(node.inputs) > 2 else None
    return zero is not None and (zero.constant is None or bool(zero.constant.any()))


def _maker(value: Value | None, op: str, context: Context) -> NodeFacts | None:
    maker = context.producer(value.name) if value is not None else None
    return maker if maker is not None and maker.op == op and not maker.domain else None


PATTERN = StructuralPattern(
    frozenset(SCALED),
    USUAL,
    _find,
)
