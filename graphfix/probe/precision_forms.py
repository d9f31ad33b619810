"""The forms that are measured: a usual one of each scheme, and what deviates from it in one or several respects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from graphfix.tables.precision import Form

USUAL = Form(scheme="qdq", weights="int8", activations="int8", per="channel")
"""The form that most compilers take."""
CONTRIB = "com.microsoft"


def forms() -> list[Form]:
    """Return all forms, each once, the more usual ones of a scheme first."""
    return list(dict.fromkeys([*_pairs(), *_operators(), *_weights(), *_floats()]))


def _pairs() -> Iterator[Form]:
    """QuantizeLinear and DequantizeLinear around operators."""
    spans = (("core", "dedicated"), ("all", "shared"))
    for kind, symmetric in (("int8", True), ("uint8", False), ("int8", False), ("uint8", True)):
        for per, bias, (scope, pairs) in product(("channel", "tensor"), ("float32", "int32"), spans):
            yield replace(USUAL, activations=kind, symmetric=symmetric, per=per, bias=bias, scope=scope, pairs=pairs)
    yield replace(USUAL, pairs="shared")
    yield replace(USUAL, scope="all")
    yield replace(USUAL, activations="uint8", weights="uint8", symmetric=False)
    for opset in (13, 19, 21):
        yield replace(USUAL, opset=opset)
        yield replace(USUAL, activations="uint8", symmetric=False, opset=opset)
    yield replace(USUAL, domain=CONTRIB)
    for kind, symmetric in (("int16", True), ("uint16", False)):
        yield replace(USUAL, activations=kind, symmetric=symmetric, domain=CONTRIB)
        yield replace(USUAL, activations=kind, symmetric=symmetric, opset=21)
    yield replace(USUAL, weights="int4", opset=21)
    yield replace(USUAL, weights="int4", domain=CONTRIB)
    yield replace(USUAL, weights="float8e4m3fn", activations="float8e4m3fn", per="tensor", opset=19)


def _operators() -> Iterator[Form]:
    """Quantised operators, and integer operators with scales found at run time."""
    for (kind, symmetric), per in product((("uint8", False), ("int8", True)), ("tensor", "channel")):
        yield Form(scheme="qoperator", weights="int8", activations=kind, symmetric=symmetric, per=per, bias="int32", scope="all")
    for kind, per in product(("uint8", "int8"), ("tensor", "channel")):
        yield Form(scheme="dynamic", weights=kind, activations="uint8", symmetric=False, per=per, scope="all")


def _weights() -> Iterator[Form]:
    """Weights stored in fewer bits, everything computed in floats."""
    usual = Form(scheme="weight-only", weights="int8", per="channel")
    for opset in (17, 13, 21):
        yield replace(usual, opset=opset)
    yield replace(usual, per="tensor")
    yield replace(usual, weights="uint8", symmetric=False)
    yield replace(usual, per="block", opset=21)
    for kind, per in product(("int4", "uint4"), ("channel", "block")):
        yield replace(usual, weights=kind, per=per, symmetric=kind == "int4", opset=21)
    yield replace(usual, weights="int16", opset=21)
    yield replace(usual, weights="float8e4m3fn", opset=19)
    for symmetric in (True, False):
        yield replace(usual, weights="uint4", per="block", symmetric=symmetric, domain=CONTRIB)


def _floats() -> Iterator[Form]:
    """Models in narrower floats, wholly or but for convolutions and products."""
    for opset, scope, interface in product((17, 21), ("all", "core"), ("float32", "float16")):
        yield Form(scheme="float", weights="float16", activations="float16", scope=scope, interface=interface, opset=opset)
    for opset, scope, interface in product((17, 22), ("all", "core"), ("float32", "bfloat16")):
        yield Form(scheme="float", weights="bfloat16", activations="bfloat16", scope=scope, interface=interface, opset=opset)
