"""A dequantised product that is scaled by, or added to, a constant that the graph quantises, such as a scale of attention.

Static quantisers write so what a Constant node holds. Compilers that move dequantisations past such a node expect the constant
as it is, or held in its quantised form. Where they compute the product in integers they may meet another form of it.
"""

from __future__ import annotations

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts, Value

SCALED = ("Mul", "Add")
PRODUCTS = {"Conv", "ConvTranspose", "MatMul", "Gemm"}
BETWEEN = {"Relu", "Add", "Clip"}
"""What runtimes compute together with a product."""
MOST_STEPS = 3


def _find(context: Context) -> dict[int, Told]:
    if "DequantizeLinear" not in context.by_op or PRODUCTS.isdisjoint(context.by_op):
        return {}
    nodes = [(at, context.nodes[at]) for at in context.at(SCALED)]
    return {at: {"dequantised": scaled(node, context)} for at, node in nodes}


def scaled(node: NodeFacts, context: Context) -> str:
    """The kind of product beside a constant that the graph quantises, as operands of a Mul or Add; `nothing` for others."""
    makers = [_maker(value, "DequantizeLinear", context) for value in node.inputs]
    if len(makers) != 2 or None in makers:
        return "nothing"
    held = [value is not None and value.source in ("constant", "folded") for value in node.inputs]
    if sum(held) != 1:
        return "nothing"
    constant, dequantised = makers[held.index(True)], makers[held.index(False)]
    if constant is None or _maker(constant.inputs[0], "QuantizeLinear", context) is None:
        return "nothing"
    quantised = _maker(dequantised.inputs[0], "QuantizeLinear", context) if dequantised is not None else None
    product = _product(quantised.inputs[0], context) if quantised is not None else None
    return "nothing" if product is None else _kind(product, context)


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
    makers = [_maker(value, "DequantizeLinear", context) for value in product.inputs[:2]]
    data = makers[0]
    if data is None or len(makers) < 2 or makers[1] is None:
        return "floats"
    weights = product.inputs[1]
    if weights is not None and weights.source == "runtime":
        return "runtime"
    zero = data.inputs[2] if len(data.inputs) > 2 else None
    shifted = zero is not None and (zero.constant is None or bool(zero.constant.any()))
    return f"{'shifted' if shifted else 'symmetric'} {'convolution' if product.op.startswith('Conv') else 'product'}"


def _maker(value: Value | None, op: str, context: Context) -> NodeFacts | None:
    maker = context.producer(value.name) if value is not None else None
    return maker if maker is not None and maker.op == op and not maker.domain else None


PATTERN = StructuralPattern(
    frozenset(SCALED),
    {"dequantised": "nothing"},
    _find,
    words={
        ("dequantised", "nothing"): "no constant quantized in the graph beside a dequantized product",
        ("dequantised", "floats"): "a constant quantized in the graph beside a dequantized product of floats",
        ("dequantised", "runtime"): "a constant quantized in the graph beside a product of two quantized runtime tensors",
        ("dequantised", "symmetric product"): "a constant quantized in the graph beside a product without zero points",
        ("dequantised", "shifted product"): "a constant quantized in the graph beside a product with zero points",
        ("dequantised", "symmetric convolution"): "a constant quantized in the graph beside a convolution without zero points",
        ("dequantised", "shifted convolution"): "a constant quantized in the graph beside a convolution with zero points",
    },
)
